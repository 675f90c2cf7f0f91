"""How branches, waits, signals, pauses and errors compose; every end happens exactly once."""

from contextlib import suppress

import pytest
from tests.operations.deaths import Killed, kill

from campanile.errors import CampanileError, EngineError, Refused
from campanile.operations.authoring.lives import restart, resume
from campanile.operations.authoring.signals import let_go_on, send_signal
from campanile.operations.authoring.versions import start_execution
from campanile.operations.rehearsing.rehearsals import rehearsal
from campanile.operations.scheduling.clock import run_ended, started_runs, tick
from campanile.store.advances import Advances
from campanile.store.gates import Gates
from campanile.store.manifests import Manifests
from campanile.store.segments import Segments
from campanile.warehouse.session import DuckDBSession

NEXT = """
name: next
schedule: {signal: true, at_most_every: 1 hour}
parameters: {city: {type: text}}
activities:
  here: {type: build_audience, where: store.city = param.city}
"""


def campaign(activities: str, *keys: str) -> str:
    return "\n".join(["name: flow", "schedule: asap", *keys, "activities:", activities])


def run(town):
    """Do all that can be done now; an error of an activity fails its run, as in Dagster."""
    for _ in range(20):
        requests = tick(town.project, town.clock()).segments
        if not requests:
            return
        for request in requests:
            with suppress(CampanileError):
                town.work(request)
        for started in started_runs(town.project):
            run_ended(town.project, started, "failure")


def the_execution(town, name="flow"):
    return town.project.store.executions.of_campaign(name)[0]


def committed(town, name="flow"):
    return town.project.store.manifests.committed(the_execution(town, name).id)


def reached(town, name="flow"):
    return {transition for transition, row in committed(town, name).items() if row.reached}


def break_writing(monkeypatch, *tables):
    """Let the engine refuse to write some working tables; returns how to mend it."""
    real = DuckDBSession.write

    def write(self, relation, directory):
        if directory.name in tables:
            raise EngineError("the disk is full.")
        return real(self, relation, directory)

    monkeypatch.setattr(DuckDBSession, "write", write)


OFFICE = """
  all: {type: build_audience}
  office: {type: wait, from: all, between: 09:00-18:00, days: weekdays, within: 1 day}
  on: {type: filter, from: office, where: true}
  late: {type: filter, from: office.expired, where: true}
"""


def test_a_wait_that_opens_in_its_hours_leaves_nobody_behind(town):
    town.publish("flow", campaign(OFFICE.replace("1 day", "3 days")))  # a Sunday, 10:00 in Paris
    run(town)
    (gate,) = town.project.store.gates.of_execution(the_execution(town).id)
    assert gate.due_at.isoformat() == "2026-11-23T08:00:00+00:00"
    town.clock.forward(hours=23)
    run(town)

    assert reached(town) == {"all", "office", "on"}
    assert (committed(town)["on"].rows, committed(town)["late"].rows) == (10, 0)


def test_a_wait_that_does_not_open_in_time_expires_and_fires_one_output_only(town):
    town.publish("flow", campaign(OFFICE.replace("1 day", "3 hours")))
    run(town)
    town.clock.forward(hours=3)
    run(town)

    assert the_execution(town).status == "finished"
    assert reached(town) == {"all", "office.expired", "late"}


AWAIT = """
  all: {type: build_audience}
  stock: {type: await_signal, from: all, signal: in_stock, within: 2 days}
  on: {type: filter, from: stock, where: true}
  none: {type: end, from: stock.expired, title: Nothing came}
"""


def test_a_signal_lets_every_execution_go_on_that_waits_for_it_and_each_once(town):
    town.publish("flow", campaign(AWAIT))
    with pytest.raises(Refused, match="no execution of campaign 'flow' waits for 'in_stock'"):
        let_go_on(town.project, "flow", "in_stock", actor="shop")
    run(town)
    with pytest.raises(Refused, match="There they wait for: in_stock"):
        let_go_on(town.project, "flow", "instock", actor="shop")

    town.clock.forward(hours=5)
    (execution,) = let_go_on(town.project, "flow", "in_stock", actor="shop")
    run(town)
    with pytest.raises(Refused, match="waits for 'in_stock'"):
        let_go_on(town.project, "flow", "in_stock", actor="shop")
    town.clock.forward(days=3)
    run(town)

    assert execution.id == the_execution(town).id
    assert reached(town) == {"all", "stock", "on"}
    assert town.project.store.segments.get(execution.id, "after__stock").due_at.hour == 14


def test_without_a_signal_the_rows_expire(town):
    town.publish("flow", campaign(AWAIT))
    run(town)
    town.clock.forward(days=2)
    run(town)

    assert reached(town) == {"all", "stock.expired", "none"}
    with pytest.raises(Refused, match="no execution"):
        let_go_on(town.project, "flow", "in_stock", actor="shop")


@pytest.mark.parametrize(("signals", "expected"), [(2, "stock"), (0, "stock.expired")])
def test_signals_are_counted_until_the_time_is_over(town, signals, expected):
    text = AWAIT.replace("within: 2 days", "within: 2 days, first: false")
    town.publish("flow", campaign(text))
    run(town)
    for _ in range(signals):
        let_go_on(town.project, "flow", "in_stock", actor="shop")
    run(town)
    assert expected not in reached(town)
    town.clock.forward(days=2)
    run(town)

    assert expected in reached(town)
    (gate,) = town.project.store.gates.of_execution(the_execution(town).id)
    assert gate.signals == signals


CHAIN = """
  gold: {type: build_audience, where: tier = 'gold'}
  over:
    type: end
    from: gold
    signal: {campaign: next, with: {city: Nice, who: "{{ campaign.name }}"}}
"""


def test_an_end_starts_another_campaign_once_and_hands_its_parameters_over(town):
    town.publish("next", NEXT)
    town.publish("flow", campaign(CHAIN))
    run(town)

    (execution,) = town.project.store.executions.of_campaign("next")
    assert execution.parameters == {"city": "Nice", "who": "flow"}
    assert (execution.requested_by, execution.status) == ("campaign:flow", "finished")
    assert committed(town, "next")["here"].rows == 5


def test_an_end_that_is_run_again_signals_nobody_again(town):
    town.publish("next", NEXT)
    town.publish("flow", campaign(CHAIN + "  rest: {type: wait, from: gold, for: 1 day}\n"))
    run(town)
    key = the_execution(town).key
    restart(town.project, "flow", key, "over", actor="ana", reason="to be sure")
    run(town)

    assert committed(town)["over"].reached
    assert len(town.project.store.executions.of_campaign("next")) == 1


def test_a_worker_that_dies_beside_the_commit_of_an_end_signals_once(town, monkeypatch):
    town.publish("next", NEXT)
    town.publish("flow", campaign(CHAIN))
    real = Manifests.commit_outputs

    def dying(self, *given, effects=(), **named):
        result = real(self, *given, effects=effects, **named)
        if effects:
            monkeypatch.undo()
            raise EngineError("the process was killed.")
        return result

    monkeypatch.setattr(Manifests, "commit_outputs", dying)
    run(town)

    assert the_execution(town).status == "finished"
    assert len(town.project.store.executions.of_campaign("next")) == 1


def test_an_end_whose_campaign_is_not_published_pauses_and_goes_on_after_publishing(town):
    town.write("next", NEXT)
    town.publish("flow", campaign(CHAIN))
    run(town)

    execution = the_execution(town)
    assert (execution.status, execution.in_error) == ("paused", True)
    assert "campaign 'next'" in execution.reason
    (error,) = town.project.store.activity_errors.of_execution(execution.id)
    assert (error.activity, error.attempt, error.policy) == ("over", 3, "retry")

    town.publish("next", NEXT)
    resume(town.project, "flow", execution.key, actor="ana")
    run(town)

    assert the_execution(town).status == "finished"
    assert town.project.store.activity_errors.of_execution(execution.id) == ()
    assert len(town.project.store.executions.of_campaign("next")) == 1


def test_a_campaigns_signals_are_never_lost_while_another_execution_is_open(town):
    town.publish("next", NEXT + "  rest: {type: wait, from: here, for: 1 day}\n")
    second = "\n".join(CHAIN.splitlines()[2:]).replace("over:", "second:")
    town.publish("flow", campaign(f"{CHAIN}{second}\n"))
    run(town)

    statuses = [one.status for one in town.project.store.executions.of_campaign("next")]
    assert statuses == ["waiting", "waiting"]  # queued, and in its wait
    town.clock.forward(days=1)
    run(town)
    town.clock.forward(days=1)
    run(town)
    statuses = [one.status for one in town.project.store.executions.of_campaign("next")]
    assert statuses == ["finished", "finished"]


BRANCHES = """
  all: {type: build_audience}
  gold: {type: enrichment, from: all, add: {level: tier}, ON_ERROR}
  saved: {type: save_audience, from: gold, audience: gold_level, columns: {level: level}}
  both: {type: combine, mode: union, from: [gold, all]}
  joined: {type: and_join, from: [gold, all]}
  base: {type: filter, from: all, where: tier = 'base'}
"""


def test_an_ignored_error_ends_its_branch_and_no_other(town, monkeypatch):
    town.publish("flow", campaign(BRANCHES.replace("ON_ERROR", "on_error: ignore")))
    break_writing(monkeypatch, "gold")
    run(town)

    assert the_execution(town).status == "finished"
    assert reached(town) == {"all", "both", "base"}
    assert committed(town)["gold"].not_reached_reason == ("error ignored: the disk is full.")
    assert committed(town)["both"].rows == 10
    assert town.project.store.audiences.current() == {}
    (error,) = town.project.store.activity_errors.of_execution(the_execution(town).id)
    assert (error.policy, error.attempt) == ("ignore", 3)


def test_an_error_stops_the_execution_where_the_campaign_says_so(town, monkeypatch):
    text = BRANCHES.replace(", ON_ERROR", "")
    town.publish("flow", campaign(text, "on_error: stop"))
    break_writing(monkeypatch, "gold")
    run(town)

    execution = the_execution(town)
    assert (execution.status, execution.in_error) == ("failed", True)
    assert "'gold' failed, and says `on_error: stop`: the disk is full." in execution.reason


def test_so_many_ignored_errors_in_a_row_stop(town, monkeypatch):
    text = BRANCHES.replace("ON_ERROR", "on_error: ignore").replace(
        "where: tier = 'base'", "where: tier = 'base', on_error: ignore"
    )
    town.publish("flow", campaign(text, "max_errors: 2"))
    break_writing(monkeypatch, "gold", "base")
    run(town)

    execution = the_execution(town)
    assert execution.status == "failed"
    assert execution.reason.startswith("2 ignored errors in a row")


def test_ignored_errors_count_over_executions_until_one_is_without_any(town, monkeypatch):
    text = BRANCHES.replace("ON_ERROR", "on_error: ignore")
    town.publish("flow", campaign(text, "max_errors: 2"))
    run(town)
    statuses = []
    break_writing(monkeypatch, "gold")
    for mended in (False, True, False, False):
        if mended:
            monkeypatch.undo()
        elif statuses:
            break_writing(monkeypatch, "gold")
        town.clock.forward(seconds=1)
        start_execution(town.project, "flow", kind="manual", actor="ana")
        run(town)
        statuses.append(the_execution(town).status)

    assert statuses == ["finished", "finished", "finished", "failed"]


PAUSED = """
  all: {type: build_audience}
  gold: {type: filter, from: all, where: tier = 'gold', pause: true}
  tell: {type: alert, from: gold, title: Gold}
"""


def test_an_execution_pauses_before_the_activity_that_says_so_and_goes_on_once_resumed(town):
    town.publish("flow", campaign(PAUSED))
    run(town)

    execution = the_execution(town)
    assert (execution.status, execution.in_error) == ("paused", False)
    assert set(committed(town)) == {"all"}
    town.clock.forward(days=3)
    run(town)
    assert set(committed(town)) == {"all"}

    resume(town.project, "flow", execution.key, actor="ana")
    run(town)
    assert the_execution(town).status == "finished"
    assert len(town.project.store.alerts.newest()) == 1


def test_a_restart_pauses_again_and_an_unreached_activity_never_pauses(town):
    town.publish("flow", campaign(PAUSED + "  rest: {type: wait, from: tell, for: 1 day}\n"))
    run(town)
    execution = the_execution(town)
    resume(town.project, "flow", execution.key, actor="ana")
    run(town)
    restart(town.project, "flow", execution.key, "gold", actor="ana", reason="again")
    run(town)
    assert the_execution(town).status == "paused"

    town.publish(
        "flow", campaign(PAUSED.replace("build_audience}", "build_audience, disabled: true}"))
    )
    run(town)
    assert the_execution(town).status == "finished"


def test_what_is_disabled_passes_nothing_on_and_does_nothing(town):
    town.publish("next", NEXT)
    text = """
  all: {type: build_audience}
  rest: {type: wait, from: all, for: 1 day, disabled: true}
  offer: {type: email, from: all, template: hello, topic: offers, disabled: true}
  tell: {type: alert, from: all, title: T, disabled: true}
  over: {type: end, from: all, signal: {campaign: next, with: {city: Nice}}, disabled: true}
  joined: {type: and_join, from: [all, tell]}
"""
    town.publish("flow", campaign(text))
    run(town)

    assert the_execution(town).status == "finished"
    assert reached(town) == {"all"}
    store = town.project.store
    assert store.gates.of_execution(the_execution(town).id) == ()
    assert (store.alerts.newest(), store.executions.of_campaign("next")) == ((), ())


WAITING = """
name: flow
schedule: {signal: true, overlap: allow}
parameters: {hours: {type: text, default: 1 hour}}
activities:
  all: {type: build_audience}
  rest: {type: wait, from: all, for: param.hours}
  saved: {type: save_audience, from: rest, audience: rested}
  tell: {type: alert, from: saved, title: Rested}
  over: {type: end, from: tell, signal: {campaign: next, with: {city: Nice}}}
"""
DEATHS = [
    (Gates, "_release_if_armed", 2, "after"),
    (Advances, "advance", 7, "after"),
    (Segments, "begin", 5, "after"),
    (Manifests, "commit_outputs", 8, "before"),
    (Manifests, "commit_outputs", 8, "after"),
    (Segments, "succeed", 6, "before"),
]


@pytest.mark.parametrize(
    ("owner", "method", "nth", "when"), DEATHS, ids=lambda v: getattr(v, "__name__", str(v))
)
def test_every_waiting_execution_goes_on_once_whoever_dies_where(
    town, monkeypatch, owner, method, nth, when
):
    town.publish("next", NEXT.replace("at_most_every: 1 hour", "overlap: allow"))
    town.publish("flow", WAITING)
    for hours in ("1 hour", "1 hour", "2 hours"):
        send_signal(town.project, "flow", {"hours": hours}, actor="shop")
    calls = kill(monkeypatch, owner, method, nth=nth, after=when == "after")
    for _ in range(4):
        with suppress(Killed):
            run(town)
        for started in started_runs(town.project):
            run_ended(town.project, started, "failure")
        town.clock.forward(hours=1, minutes=1)

    store = town.project.store
    assert len(calls) >= nth
    assert [one.status for one in store.executions.of_campaign("flow")] == ["finished"] * 3
    assert [one.status for one in store.executions.of_campaign("next")] == ["finished"] * 3
    assert len(store.alerts.newest()) == store.audiences.current()["rested"].version == 3


@pytest.mark.parametrize("broken", ["letter__plan", "letter"])
def test_a_message_whose_error_is_ignored_ends_its_branch(town, monkeypatch, broken):
    text = """
  all: {type: build_audience}
  letter: {type: email, from: all, template: hello, topic: offers, confirm: false, on_error: ignore}
  keen: {type: filter, from: letter, where: variant is null}
  rest: {type: filter, from: all, where: tier = 'gold'}
"""
    town.publish("flow", campaign(text))
    break_writing(monkeypatch, broken)
    for _ in range(3):
        run(town)
        for due in tick(town.project, town.clock()).sends:
            town.send(due.delivery_id)

    assert the_execution(town).status == "finished"
    assert "rest" in reached(town)
    assert not {"letter", "letter.excluded", "keen"} & reached(town)
    assert len(town.sink.accepted()) == (0 if broken == "letter__plan" else 10)


def test_looking_at_a_campaign_stops_at_no_pause_and_signals_nobody(town):
    town.publish("next", NEXT)
    over = "  over: {type: end, from: gold, signal: {campaign: next, with: {city: Nice}}}\n"
    town.write("flow", campaign(PAUSED + over))
    with rehearsal(town.project) as place:
        done = place.run("flow", place.take_file("flow"))

    assert done.trouble == ""
    assert done.rows["over"].reached
    assert town.project.store.executions.of_campaign("next") == ()
