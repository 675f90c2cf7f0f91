"""Logs say in order what was done, by whom, and what failed; tasks say rows, time and attempts."""

import pytest

from campanile.errors import Refused
from campanile.operations.watching.audits import audit_entries
from campanile.operations.watching.logs import Asked, log_lines
from campanile.operations.watching.tasks import task_lines

SPRING = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  gold: {type: filter, from: everybody, where: tier = 'gold'}
  letter: {type: email, from: gold, template: hello, topic: offers, confirm: false}
  long: {type: wait, from: letter, for: 2 days}
  later: {type: filter, from: long, where: tier = 'gold'}
"""


@pytest.fixture
def begun(town):
    """A campaign whose first attempt failed before `gold`, and whose second went through."""
    town.publish("spring", SPRING)
    (request,) = town.ready()
    town.work(request, fail_at="gold")
    town.clock.forward(minutes=1)
    town.run()
    return town


def key_of(town):
    return town.project.store.executions.of_campaign("spring")[0].key


def test_a_log_holds_what_people_did_what_was_committed_and_what_failed_in_order(begun):
    lines = log_lines(begun.project, "spring", None)

    said = [f"{line.activity}: {line.sentence}" for line in lines]
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    for expected in ("apply", "publish", "everybody: committed rows 10", "gold: committed rows 3",
                     "letter: 3 messages planned", "long: wait begins until"):  # fmt: skip
        assert any(expected in each for each in said), expected
    publisher = next(line for line in lines if line.sentence.startswith("publish"))
    assert (publisher.actor, publisher.execution) == ("test", "")


def test_lines_are_found_by_level_activity_text_and_time(begun):
    (failed,) = log_lines(begun.project, "spring", key_of(begun), Asked(level="error"))
    assert "the test stopped it before 'gold'" in failed.sentence

    gold = log_lines(begun.project, "spring", None, Asked(activity="gold"))
    assert [line.sentence[:21] for line in gold] == ["committed rows 3 in 0"[:21]]
    assert len(log_lines(begun.project, "spring", None, Asked(search="PUBLISH"))) == 1
    late = log_lines(begun.project, "spring", None, Asked(since=begun.clock()))
    assert {line.at for line in late} == {begun.clock()}
    newest = log_lines(begun.project, "spring", None, Asked(limit=2))
    assert len(newest) == 2
    with pytest.raises(Refused, match="no execution"):
        log_lines(begun.project, "spring", "never")


def test_tasks_say_rows_in_and_out_attempts_and_what_is_to_come(begun):
    tasks = {line.activity: line for line in task_lines(begun.project, "spring", key_of(begun))}

    gold = tasks["gold"]
    assert (gold.rows_in, dict(gold.rows_out), gold.attempt, gold.state) == (10, {"": 3}, 2, "done")
    assert tasks["everybody"].attempt == 1  # its commit of the first attempt stands
    assert tasks["everybody"].rows_in is None
    assert (tasks["long"].state, tasks["later"].state) == ("waiting", "to come")


def test_the_audit_log_is_searched_by_campaign_actor_and_time(begun):
    of_spring = audit_entries(begun.project, target="spring")
    assert {entry.object.partition("/")[0] for entry in of_spring} == {
        "campaign:spring", "execution:spring"
    }  # fmt: skip
    by_test = audit_entries(begun.project, actor="test", actions=["publish"])
    assert [entry.object for entry in by_test] == ["campaign:spring"]
    assert audit_entries(begun.project, target="entity:customer", since=begun.clock()) == ()
    assert len(audit_entries(begun.project, limit=2)) == 2
