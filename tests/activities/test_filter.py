from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.relations.scope import MessageSource
from campanile.relations.types import Type

SCORES = st.dictionaries(
    st.integers(1, 30), st.one_of(st.none(), st.integers(-3, 3)), max_size=12
).map(lambda found: [{"customer_id": k, "score": v} for k, v in found.items()])
COLUMNS = {"score": Type.INTEGER}
QUICK = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_a_filter_keeps_those_who_match_and_hands_on_the_others(bench):
    rows = [{"customer_id": 1, "score": 9}, {"customer_id": 2, "score": None}]
    ran = bench.run(
        {"type": "filter", "where": "score > 5", "complement": "rest"}, rows, columns=COLUMNS
    )
    assert ran.rows == {"": [rows[0]], "rest": [rows[1]]}


def test_a_filter_reads_attributes_and_linked_rows_of_the_dimension(bench):
    bench.entity("customer", [{"customer_id": k, "tier": t} for k, t in ((1, "gold"), (2, None))])
    bench.entity("order", [{"order_id": 7, "customer_id": 1, "amount": 20.0}])
    rows = [{"customer_id": k} for k in (1, 2, 3)]
    rules = ["not is_empty(tier)", {"any": ["exists(orders, amount > 10)", "tier = 'silver'"]}]
    assert bench.run({"type": "filter", "where": rules}, rows).keys() == [1]
    assert bench.run({"type": "filter", "where": "not exists(orders)"}, rows).keys() == [2, 3]


@given(SCORES, st.sampled_from(["score > 0", "score != 1", "not score in (1, 2)", "score is null"]))
@QUICK
def test_filter_and_complement_partition_the_input(bench, rows, rule):
    ran = bench.run({"type": "filter", "where": rule, "complement": "rest"}, rows, columns=COLUMNS)
    alone = bench.run({"type": "filter", "where": rule}, rows, columns=COLUMNS)
    oracle = {
        "score > 0": lambda v: v is not None and v > 0,
        "score != 1": lambda v: v != 1,
        "not score in (1, 2)": lambda v: v not in (1, 2),
        "score is null": lambda v: v is None,
    }[rule]
    expected = sorted(row["customer_id"] for row in rows if oracle(row["score"]))
    assert ran.keys() == alone.keys() == expected
    assert sorted(ran.keys() + ran.keys("rest")) == sorted(row["customer_id"] for row in rows)


def test_a_filter_asks_what_became_of_a_message_sent_to_the_row_or_its_person(bench):
    told = {"campaign": "spring", "activity": "offer", "execution": "e1", "state": "sent"}
    sent = [
        {**told, "person": "1", "row_key": "10", "delivery": "1", "ordinal": "1"},
        {**told, "person": "2", "row_key": "20", "delivery": "1", "ordinal": "2"},
        {
            **told,
            "person": "3",
            "row_key": "30",
            "delivery": "1",
            "ordinal": "3",
            "state": "failed",
        },
    ]
    clicks = [{**sent[0], "event_id": "1", "kind": "clicked", "human": True, "link": "shop"}]
    bind_feedback(bench, sent, clicks)
    source = MessageSource("spring", "offer", "e1")
    contracts = [{"number": 10 * holder, "holder": holder} for holder in (1, 2, 3)]
    bench.entity("contract", contracts)
    people = [{"customer_id": key} for key in (1, 2, 3)]
    rows = [{"number": row["number"]} for row in contracts]
    before = bench.moment
    try:
        for per in ("row", "recipient"):
            bench.moment = replace(before, messages=lambda _, per=per: replace(source, per=per))
            silent = {"type": "filter", "where": "sent(offer) and not clicked(offer)"}
            assert bench.run(silent, rows, dimension="contract").keys() == [20]
        keen = {"type": "filter", "where": "clicked(offer, link = 'shop')", "complement": "rest"}
        ran = bench.run(keen, people)
        assert (ran.keys(), ran.keys("rest")) == ([1], [2, 3])
    finally:
        bench.moment = before


def bind_feedback(bench, messages, events):
    text = ["campaign", "activity", "execution", "person", "row_key", "state", "reason", "variant"]
    schema = dict.fromkeys(text, Type.TEXT)
    schema |= dict.fromkeys(["delivery", "ordinal"], Type.INTEGER)
    schema |= dict.fromkeys(["planned_at", "settled_at"], Type.TIMESTAMP)
    bench.bind("feedback__messages", schema, messages)
    text = [
        "campaign",
        "activity",
        "execution",
        "person",
        "row_key",
        "kind",
        "link",
        "url",
        "device",
        "reason",
    ]
    schema = {**dict.fromkeys(text, Type.TEXT), "human": Type.BOOLEAN, "at": Type.TIMESTAMP}
    schema |= dict.fromkeys(["event_id", "delivery", "ordinal"], Type.INTEGER)
    bench.bind("feedback__events", schema, events)
