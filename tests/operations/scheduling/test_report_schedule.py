"""Reports: asked for when they become due, once, and no more after a week."""

from datetime import timedelta

from campanile.operations.scheduling.clock import mark_requested, tick
from campanile.operations.scheduling.report_schedule import due_reports

OFFER = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  offer: {type: email, from: everybody, template: hello, topic: offers, confirm: false}
  long: {type: wait, from: offer, for: 90 days}
"""


def asked(town):
    found = tick(town.project, town.clock()).reports
    mark_requested(town.project, found)
    return [each.run_key for each in found]


def test_a_report_is_asked_for_once_in_each_interval(town):
    town.publish("spring", OFFER)
    town.run()

    first, again = asked(town), asked(town)
    town.clock.forward(minutes=4)
    early = asked(town)
    town.clock.forward(minutes=1)
    second = asked(town)

    assert (len(first), again, early, len(second)) == (1, [], [], 1)
    assert first != second


def test_a_report_that_dagster_was_not_asked_for_is_offered_again(town):
    town.publish("spring", OFFER)
    town.run()

    one = due_reports(town.project, town.clock())
    two = due_reports(town.project, town.clock())

    assert [each.run_key for each in one] == [each.run_key for each in two]
    assert len(one) == 1


def test_after_a_stop_of_three_days_one_report_is_made_and_after_a_week_none(town):
    town.publish("spring", OFFER)
    town.run()
    asked(town)

    town.clock.forward(days=3)
    late = asked(town)
    town.clock.now += timedelta(days=4)
    last = asked(town)
    town.clock.forward(days=2)

    assert (len(late), len(last), asked(town)) == (1, 1, [])
