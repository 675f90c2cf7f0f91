"""The inventory knows of every campaign what people narrow a list down by, in a few statements."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from campanile.operations.authoring.versions import apply_campaign
from campanile.operations.watching.campaign_lists import Wanted, list_campaigns

MAIL = """
name: {name}
label: Letter to everybody
tags: [{tag}]
owner: Ana
schedule: {schedule}
activities:
  everybody: {{type: build_audience}}
  letter: {{type: email, from: everybody, template: hello, topic: offers}}
  long: {{type: wait, from: letter, for: 90 days}}
"""
DAILY = "{every: day, at: '12:00', timezone: Europe/Paris}"
ORDERS = (
    "name: orders\nschedule: asap\nactivities: {all: {type: build_audience, dimension: order}}\n"
)


@pytest.fixture
def listed(town):
    """One campaign under way, one that waits for noon, one draft without a message."""
    town.publish("spring", MAIL.format(name="spring", tag="seasonal", schedule="asap"))
    town.publish("daily", MAIL.format(name="daily", tag="routine", schedule=DAILY))
    town.write("orders", ORDERS)
    apply_campaign(town.project, "orders", actor="test")
    town.run()
    return town


def names(town, **wanted):
    return [line.name for line in list_campaigns(town.project, Wanted(**wanted))]


def test_a_line_says_status_channel_tag_dimension_and_launches(listed):
    lines = {line.name: line for line in list_campaigns(listed.project)}

    spring, daily, orders = lines["spring"], lines["daily"], lines["orders"]
    assert (spring.status, spring.channels, spring.tags) == ("live", ("email",), ("seasonal",))
    assert (spring.open_executions, spring.last_launch) == (1, listed.clock())
    assert "waits for delivery 'letter'" in spring.waits_for
    assert daily.next_launch == listed.clock().replace(hour=11)  # noon in Paris
    assert daily.last_launch is None
    assert (orders.dimension, orders.channels, orders.next_launch) == ("order", (), None)
    assert (daily.dimension, daily.owner) == ("customer", "Ana")
    assert orders.waits_for == "somebody to publish it"


def test_each_filter_keeps_what_it_names(listed):
    now = listed.clock()
    assert names(listed, channels=["email"]) == ["daily", "spring"]
    assert names(listed, tags=["routine", "other"]) == ["daily"]
    assert names(listed, dimensions=["order"]) == ["orders"]
    assert names(listed, statuses=["draft"]) == ["orders"]
    assert names(listed, search="SEASON") == ["spring"]
    assert names(listed, next_before=now + timedelta(days=1)) == ["daily"]
    assert names(listed, created=(None, now)) == []
    assert names(listed, changed=(now, now + timedelta(seconds=1))) == ["daily", "orders", "spring"]
    assert names(listed, in_error=True) == []


def test_the_last_activity_in_error_is_named_until_it_is_run_anew(town):
    town.publish("spring", MAIL.format(name="spring", tag="x", schedule="asap"))
    (request,) = town.ready()
    town.work(request, fail_at="everybody")

    (line,) = list_campaigns(town.project, Wanted(in_error=True))
    assert "the test stopped it before 'everybody'" in (line.last_error or "")

    town.run()
    assert names(town, in_error=True) == []


def test_the_number_of_statements_does_not_depend_on_the_number_of_campaigns(listed):
    counted = []
    engine = listed.project.store.databases["control"].engine
    event.listen(engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
    list_campaigns(listed.project)
    before = len(counted)
    for number in range(5):
        name = f"more{number}"
        listed.publish(name, MAIL.format(name=name, tag="m", schedule=DAILY))
    counted.clear()

    assert len(list_campaigns(listed.project)) == 8
    assert len(counted) == before
