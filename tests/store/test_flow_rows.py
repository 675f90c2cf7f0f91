"""Signals, pauses, errors and notices: each once, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from campanile.errors import Overtaken, Refused
from campanile.store.activity_errors import IgnoredError
from campanile.store.manifest_rows import OutputRow
from campanile.store.new_executions import NewExecution
from campanile.store.signals import NewSignal, SignalKey


def wanted(clock, **changed):
    given = {"campaign": "welcome", "version": 1, "kind": "signal", "mode": "live"}
    rest = {"requested_by": "shop", "due_at": clock.now, **changed}
    return NewExecution(**{**given, **rest})


def row(transition="over", **changed):
    return OutputRow(transition=transition, activity=transition, rows=0, schema={}, **changed)


def commit(store, begun, name, *effects):
    return store.manifests.commit_outputs(begun.id, "start", 1, [row(name)], effects=effects)


def test_one_signal_under_one_key_whoever_sends_it_at_once(live, clock):
    def send(_):
        key = SignalKey("order 7", "digest")
        return live.signals.accept(wanted(clock), overlap="allow", pause=None, sent_as=key)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))

    assert len({answer.execution.id for answer in answers}) == 1
    assert sorted(answer.repeated for answer in answers) == [False, True, True, True]
    other = SignalKey("order 7", "another")
    with pytest.raises(Refused, match="said something else"):
        live.signals.accept(wanted(clock), overlap="allow", pause=None, sent_as=other)


def test_signals_of_campaigns_do_not_count_for_at_most_every(live, clock):
    sent = wanted(clock, requested_by="campaign:other")
    hour = timedelta(hours=1)
    assert live.signals.accept(sent, overlap="allow", pause=hour).execution is not None
    assert live.signals.accept(wanted(clock), overlap="allow", pause=hour).execution is not None
    assert live.signals.accept(wanted(clock), overlap="allow", pause=hour).execution is None


def test_an_end_starts_its_campaign_with_its_commit_or_not_at_all(live, begun, clock):
    key = SignalKey(f"execution:{begun.id}:over", "")
    with pytest.raises(Overtaken):
        commit(live, begun, "over", NewSignal(wanted(clock, version=2), key, "allow"))
    assert live.manifests.committed(begun.id) == {}

    commit(live, begun, "over", NewSignal(wanted(clock), key, "skip"))
    commit(live, begun, "again", NewSignal(wanted(clock), key, "skip"))
    signalled = [one for one in live.executions.of_campaign("welcome") if one.kind == "signal"]
    assert [one.status for one in signalled] == ["waiting"]  # behind the one that sent it


def test_a_signal_opens_a_gate_once_and_tells_what_it_says_when_due(live, begun, clock):
    due = clock.now + timedelta(hours=1)
    for name in ("first", "counted"):
        live.gates.arm(begun.id, name, "signal", due, when_due="expired", signal="stock")
    first, counted = sorted(live.gates.waiting_for("welcome", "stock"),
                            key=lambda gate: gate.activity != "first")  # fmt: skip

    assert live.gates.receive(first, by="shop", opens=True)
    assert not live.gates.receive(first, by="shop", opens=True)
    assert live.gates.receive(counted, by="shop", opens=False)
    assert live.gates.receive(counted, by="shop", opens=False)
    live.gates.release_due(due)

    found = {gate.activity: (gate.outcome, gate.signals) for gate in
             live.gates.of_execution(begun.id)}  # fmt: skip
    assert found == {"first": ("signalled", 1), "counted": ("signalled", 2)}
    assert live.gates.waiting_for("welcome") == ()


def test_a_pause_is_passed_by_resuming_and_stands_again_after_a_restart(live, begun):
    assert live.pauses.pause_before(begun.id, "letter", "it says so")
    assert live.pauses.pause_before(begun.id, "letter", "it says so")
    assert live.executions.get(begun.id).status == "paused"
    live.executions.resume(begun.id, by="ana")
    assert not live.pauses.pause_before(begun.id, "letter", "it says so")

    live.segments.succeed(begun.id, "start", 1)
    live.restarts.restart(begun.id, transitions=["letter"], segment="start", later_segments=[],
                          gates=[], by="ana", reason="x")  # fmt: skip
    assert live.pauses.pause_before(begun.id, "letter", "it says so")


def test_an_error_stands_until_its_activity_commits(live, begun):
    errors = live.activity_errors
    assert errors.record(begun.id, "start", 1, "over", "no disk") == 0
    assert errors.record(begun.id, "start", 2, "over", "stale") is None
    assert [one.reason for one in errors.of_execution(begun.id)] == ["no disk"]
    commit(live, begun, "over")
    assert errors.of_execution(begun.id) == ()
    live.executions.pause(begun.id, by="ana", reason="x")
    assert errors.record(begun.id, "start", 1, "other", "not its fault") is None


def test_the_last_ignored_error_in_a_row_ends_the_execution(live, begun, clock):
    commit(live, begun, "one", IgnoredError("one", 1, "no disk", 2))
    assert live.executions.get(begun.id).status == "running"
    commit(live, begun, "two", IgnoredError("two", 1, "no disk", 2))

    ended = live.executions.get(begun.id)
    assert (ended.status, ended.in_error) == ("failed", True)
    assert len(live.activity_errors.ignored_since(clock.now - timedelta(days=1))) == 2


def test_what_keeps_an_execution_from_going_on_is_told_once(live, begun, clock):
    for _ in range(2):
        live.executions.pause(begun.id, by="clock", reason="no disk", in_error=True)
    live.executions.resume(begun.id, by="ana")
    live.executions.pause(begun.id, by="ana", reason="by hand")

    (notice,) = live.notices.waiting(clock.now)
    assert (notice.kind, notice.message, notice.campaign) == ("paused", "no disk", "welcome")
    later = clock.now + timedelta(minutes=5)
    assert live.notices.take(notice.id, clock.now, later)
    assert not live.notices.take(notice.id, clock.now, later)
    assert live.notices.waiting(clock.now) == ()
    live.notices.note_told(notice.id, ["digest"])
    (again,) = live.notices.waiting(later)
    assert (again.told, again.attempts) == (["digest"], 1)
    live.notices.settle(notice.id, "sent")
    assert live.notices.waiting(later) == ()


def test_versions_that_say_how_long_they_are_kept_are_looked_at_by_themselves(live, begun, clock):
    from sqlalchemy import update

    from campanile.store.campaign_tables import campaign_version

    live.manifests.commit_outputs(begun.id, "start", 1, [row("one", path="x")])
    live.executions.stop(begun.id, by="ana", reason="x")
    later = clock.now + timedelta(days=1)
    assert [one.id for one in live.retention.outlived(later)] == [begun.id]
    assert live.retention.ended_with_keep() == ()
    with live.databases["control"].write() as connection:
        connection.execute(update(campaign_version).values(source="keep: {tables: 3 days}"))
    assert live.retention.outlived(later) == ()
    assert [one.outlived.id for one in live.retention.ended_with_keep()] == [begun.id]
