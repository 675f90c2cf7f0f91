"""What the figures of a report mean, on tables small enough to count by eye."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_every_recipient_is_counted_in_one_state(build, message_row):
    messages = [
        message_row(0),
        message_row(1, state="failed", reason="rejected"),
        message_row(2, state="excluded", reason="no_address"),
        message_row(3, state="excluded", reason="holdout"),
        message_row(4, state="uncertain", reason="crash"),
        message_row(5, state="waiting"),
    ]

    numbers = build(messages).activity("offer").numbers

    assert (numbers.targeted, numbers.sent, numbers.failed, numbers.excluded) == (6, 1, 1, 2)
    assert (numbers.uncertain, numbers.waiting, numbers.in_flight) == (1, 1, 0)
    assert numbers.excluded_by == {"no_address": 1, "holdout": 1}
    assert numbers.failed_by == {"rejected": 1}


def test_a_message_opened_often_counts_once_and_machines_apart(build, message_row, event_row):
    events = [
        event_row("opened", 0),
        event_row("opened", 0),
        event_row("opened", 1, human=False),
        event_row("opened", 2),
        event_row("opened", 2, human=False),
    ]

    opened = (
        build([message_row(n) for n in range(4)], events)
        .activity("offer")
        .numbers.reaction("opened")
    )

    assert (opened.messages, opened.people, opened.total, opened.machine) == (2, 2, 3, 2)


def test_rates_say_what_they_are_a_share_of(build, message_row, event_row):
    events = [
        event_row("bounced", 0, human=None),
        event_row("opened", 1),
        event_row("opened", 2),
        event_row("clicked", 2, link="shop", url="https://shop.example/"),
        event_row("unsubscribed", 3),
        event_row("complained", 4, human=None),
    ]

    numbers = build([message_row(n) for n in range(5)], events).activity("offer").numbers

    assert (numbers.sent, numbers.delivered) == (5, 4)
    assert {rate.name: (rate.count, rate.base, rate.of) for rate in numbers.rates} == {
        "bounce_rate": (1, 5, "sent"),
        "open_rate": (2, 4, "delivered"),
        "click_rate": (1, 4, "delivered"),
        "click_to_open_rate": (1, 2, "opened"),
        "unsubscribe_rate": (1, 4, "delivered"),
        "complaint_rate": (1, 4, "delivered"),
    }


def test_nothing_of_nothing_is_no_rate(build, message_row):
    numbers = build([message_row(0, state="waiting")]).activity("offer").numbers

    assert {rate.value for rate in numbers.rates} == {None}
    assert "open_rate" not in numbers.flat()


def test_links_are_ranked_by_the_messages_that_clicked(build, message_row, event_row):
    shop = {"link": "shop", "url": "https://shop.example/"}
    help_ = {"link": None, "url": "https://shop.example/help"}
    events = [
        event_row("clicked", 0, **help_),
        event_row("clicked", 0, **help_),
        event_row("clicked", 0, **shop),
        event_row("clicked", 1, **shop),
        event_row("clicked", 2, human=False, **help_),
    ]

    links = build([message_row(n) for n in range(3)], events).activity("offer").links

    assert [(link.name, link.clicks.messages, link.clicks.total, link.clicks.machine)
            for link in links] == [("shop", 2, 2, 0), ("", 1, 2, 1)]  # fmt: skip


def test_hours_count_what_happened_for_the_first_time(build, message_row, event_row):
    events = [
        event_row("opened", 0, at="2026-11-22 10:59:59"),
        event_row("opened", 0, at="2026-11-22 11:00:00"),
        event_row("opened", 1, at="2026-11-22 11:30:00"),
        event_row("opened", 1, at="2026-11-22 10:00:00", human=False),
    ]

    hours = build([message_row(0), message_row(1)], events).activity("offer").hours

    assert [(hour.hour.isoformat(), dict(hour.counts)) for hour in hours] == [
        ("2026-11-22T09:00:00+00:00", {"sent": 2}),
        ("2026-11-22T10:00:00+00:00", {"opened": 1}),
        ("2026-11-22T11:00:00+00:00", {"opened": 1}),
    ]


def test_all_time_adds_messages_but_knows_people(build, message_row, event_row):
    messages = [message_row(0), message_row(0, execution="e2", delivery=2)]
    events = [event_row("opened", 0), event_row("opened", 0, execution="e2", delivery=2)]

    whole, one = build(messages, events), build(messages, events, execution="e2")

    opened = whole.activity("offer").numbers.reaction("opened")
    assert (opened.messages, opened.people) == (2, 1)
    assert one.activity("offer").numbers.sent == 1
    assert [(r.execution, r.numbers.sent) for r in whole.comparison] == [("e1", 1), ("e2", 1)]


def test_variants_are_compared(build, message_row, event_row):
    messages = [message_row(n, variant="calm" if n < 2 else "urgent") for n in range(3)]

    variants = build(messages, [event_row("clicked", 2)]).activity("offer").variants

    assert [(v.name, v.sent, v.opened, v.clicked) for v in variants] == [
        ("calm", 2, 0, 0), ("urgent", 1, 0, 1),
    ]  # fmt: skip


def test_an_activity_without_messages_is_all_zeros(build):
    report = build([])

    assert report.activities == ()
    assert report.activity("offer").numbers.targeted == 0


def test_a_report_is_json(build, message_row, event_row):
    report = build([message_row(0)], [event_row("clicked", 0, link="shop")])

    found = json.loads(json.dumps(report.to_dict()))

    assert found["activities"][0]["rates"]["click_rate"] == {
        "value": 1.0, "count": 1, "base": 1, "of": "delivered",
    }  # fmt: skip
    assert found["executions"][0]["execution"] == "e1"


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), st.sampled_from(["opened", "clicked", "bounced"]), st.booleans()
        ),
        max_size=25,
    )
)
def test_reactions_never_exceed_messages_and_no_event_is_lost(build, message_row, event_row, seen):
    events = [event_row(kind, n, human=None if kind == "bounced" else human)
              for n, kind, human in seen]  # fmt: skip

    numbers = build([message_row(n) for n in range(6)], events).activity("offer").numbers

    for kind in ("opened", "clicked", "bounced"):
        found = numbers.reaction(kind)
        assert found.messages == found.people <= 6
        assert found.total + found.machine == sum(1 for _, other, _ in seen if other == kind)
    assert numbers.delivered == numbers.sent - numbers.reaction("bounced").messages
