"""`why` names the reason, wherever between the file and the provider it lies."""

from campanile.operations.hosting.heartbeat import note_tick
from campanile.operations.watching.whys import checklist

LETTERS = """
name: letters
schedule: asap
activities:
  everybody: {{type: build_audience}}
  some: {{type: filter, from: everybody, where: {rule}}}
  letter: {{type: email, from: some, template: hello, topic: offers, confirm: false}}
"""


def said(town):
    note_tick(town.project.state, town.clock())
    return {step.what: (step.ok, step.sentence) for step in checklist(town.project, "letters")}


def test_the_activity_that_let_nobody_through_is_named(town):
    town.publish("letters", LETTERS.format(rule="tier = 'iron'"))
    town.run()

    ok, sentence = said(town)["activity 'some'"]

    assert ok is False
    assert sentence.startswith("0 of 10 rows came out (filter)")
    assert "activity 'everybody'" not in said(town)


def test_a_status_that_starts_nothing_and_a_broken_file_are_told(town):
    town.publish("letters", LETTERS.format(rule="tier = 'gold'"))
    town.run()
    assert said(town)["letter"][0] is True
    assert {"status", "file", "last slot"}.isdisjoint(said(town))

    town.project.store.lives.take("letters", "stop", by="test", reason="over")
    town.write("letters", LETTERS.format(rule="tear = 'gold'"))

    found = said(town)
    assert found["status"] == (False, "it is stopped: nothing new starts")
    assert found["file"][0] is None


def test_a_slot_that_was_missed_is_told_with_its_reason(town):
    town.publish("letters", LETTERS.format(rule="tier = 'gold'"))
    town.project.store.occurrences.miss(
        "letters", town.clock(), claimed_by="clock", reason="the project slept"
    )
    ok, sentence = said(town)["last slot"]
    assert ok is False
    assert sentence == "the one of 2026-11-22 09:00 UTC was missed: the project slept"
