"""Reports over a real store, and when they are made again."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.errors import InvalidToken, Refused
from campanile.operations.feedback.reports import (
    next_report_due,
    report,
    report_frame,
    report_numbers,
    working_table,
)
from campanile.operations.feedback.tracking import unsubscribe

FINISHED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_a_report_counts_what_the_ledger_and_the_events_say(world):
    execution = world.start()
    made = world.plan("ana", "bo", "cy", "", key=execution.key)
    world.send(made, failing=("bo@shop.example",))
    world.later(hours=1)
    world.opened(made, 0, 0, 2)
    world.clicked(made, 2)
    world.opened(made, 2, agent="Mozilla/5.0")

    found = report(world.project(), "spring", execution.key).activity("offer").numbers

    assert (found.targeted, found.sent, found.delivered) == (4, 2, 2)
    assert found.excluded_by == {"invalid_address": 1}
    assert found.failed_by == {"rejected": 1}
    opened = found.reaction("opened")
    assert (opened.messages, opened.total, opened.machine) == (2, 3, 1)
    assert found.reaction("clicked").messages == 1


def test_numbers_for_metadata_are_flat_and_of_one_execution(world):
    first, second = world.start(), world.start()
    for execution in (first, second):
        world.send(world.plan("ana", key=execution.key))
    world.clicked(world.plan("ana", key=second.key, activity="other"), 0)

    numbers = report_numbers(world.project(), "spring", "offer", first.key)

    assert (numbers["targeted"], numbers["sent"], numbers["clicked"]) == (1, 1, 0)
    assert numbers["open_rate"] == 0.0
    assert all(isinstance(value, int | float) for value in numbers.values())


def test_all_time_leaves_tests_out_and_a_test_reports_itself(world):
    live, trial = world.start(), world.start(mode="test")
    world.send(world.plan("ana", key=live.key))
    world.plan("ana", "bo", key=trial.key, mode="test")
    project = world.project()

    assert report(project, "spring").activity("offer").numbers.targeted == 1
    tested = report(project, "spring", trial.key)
    assert (tested.mode, tested.activity("offer").numbers.targeted) == ("test", 2)


def test_executions_are_compared(world):
    for people in (("ana",), ("ana", "bo")):
        world.send(world.plan(*people, key=world.start().key))

    found = report(world.project(), "spring")

    assert [one.numbers.sent for one in found.comparison] == [1, 2]
    assert list(report_frame(world.project(), "spring")["sent"]) == [1, 2]


def test_a_campaign_without_messages_has_an_empty_report(world):
    world.start()

    assert report(world.project(), "spring").activities == ()


def test_what_does_not_exist_is_refused(world):
    execution = world.start()
    project = world.project()

    with pytest.raises(Refused):
        report(project, "autumn")
    with pytest.raises(Refused):
        report(project, "spring", "manual-never")
    with pytest.raises(Refused, match="has no committed 'lapsed'"):
        working_table(project, "spring", execution.key, "lapsed")


def test_an_unsubscribe_token_opts_its_recipient_out(world):
    made = world.plan("ana", key=world.start().key)
    project = world.project()

    unsubscribe(project, project.keys.sign("unsub", made.id, 0), world.now)

    assert world.send(made) == []
    assert report(project, "spring").activity("offer").numbers.reaction("unsubscribed").people == 1
    with pytest.raises(InvalidToken):
        unsubscribe(project, project.keys.sign("track", made.id, 0), world.now)


def made_at(pause=timedelta()):
    """All instants at which reports are made, when each is made `pause` after it is due."""
    instants, last, now = [], None, FINISHED
    while (due := next_report_due(FINISHED, last, now)) is not None:
        last = now = due + pause
        instants.append(last)
    return instants


def test_reports_slow_down_and_stop_after_a_week():
    instants = made_at()
    pauses = [later - earlier for earlier, later in pairwise(instants)]

    assert instants[0] == FINISHED
    assert pauses.count(timedelta(minutes=5)) == 12
    assert pauses.count(timedelta(hours=1)) == 23
    assert pauses.count(timedelta(days=1)) == 6
    assert instants[-1] == FINISHED + timedelta(days=7)


@given(st.timedeltas(timedelta(), timedelta(days=30)), st.timedeltas(timedelta(), timedelta(60)))
def test_a_report_is_never_due_in_the_past_and_a_late_one_is_due_now(last, since):
    now = FINISHED + last + since

    due = next_report_due(FINISHED, FINISHED + last, now)

    assert due is None or due >= now
    assert (due is None) == (last >= timedelta(days=7))


def test_however_late_the_last_report_is_made_at_the_end_or_after():
    assert made_at(timedelta(hours=3))[-1] >= FINISHED + timedelta(days=7)
