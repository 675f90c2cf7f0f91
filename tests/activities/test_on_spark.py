"""Every type of activity with rows runs on Spark, once; what it gives is what the lake gives."""

import pytest

from campanile.activities import ACTIVITIES
from campanile.activities.effects import WriteFile
from campanile.relations.types import Type

PEOPLE = [
    {"customer_id": 1, "email": "A@x.fr", "tier": "gold", "age": 40, "store_id": "n"},
    {"customer_id": 2, "email": "a@x.fr", "tier": "base", "age": None, "store_id": "n"},
    {"customer_id": 3, "email": None, "tier": "gold", "age": 20, "store_id": None},
]
ORDERS = [
    {"order_id": 11, "customer_id": 1, "amount": 5.0},
    {"order_id": 12, "customer_id": 1, "amount": 7.5},
    {"order_id": 13, "customer_id": 3, "amount": 1.0},
]
ROWS = [
    {"customer_id": 1, "score": 10, "mail": "A@x.fr"},
    {"customer_id": 2, "score": 20, "mail": "b@x.fr"},
    {"customer_id": 3, "score": 30, "mail": None},
]
ENTITIES = {"customer": PEOPLE, "order": ORDERS, "store": [{"store_id": "n", "city": "Nice"}]}
COLUMNS = {"score": Type.INTEGER, "mail": Type.TEXT}
# The options of each type, and the rows that come in.
CASES = {
    "build_audience": ({"where": "sum(orders.amount) > 2 and not is_empty(email)"}, ()),
    "incoming": ({}, ()),
    "incremental_query": ({"where": "tier = 'gold'"}, ()),
    "change_dimension": ({"to": "store", "order": ["score desc"]}, (ROWS,)),
    "filter": ({"where": "exists(orders, amount > 6)", "complement": "rest"}, (ROWS,)),
    "combine": ({"mode": "intersection", "complement": "rest"}, (ROWS, ROWS[1:])),
    "deduplication": ({"by": ["lower(email)"], "order": ["score"], "complement": "rest"}, (ROWS,)),
    "enrichment": (
        {
            "add": {
                "total": "coalesce(sum(orders.amount), 0)",
                "city": "store.city",
                "last": {"lines": "orders", "columns": {"price": "amount"}, "order": ["amount"]},
            }
        },
        (ROWS,),
    ),
    "reconciliation": (
        {"dimension": "customer", "match": {"lower(mail)": "lower(email)"}, "order": ["age"]},
        (ROWS,),
    ),
    "split": (
        {"subsets": {"top": {"limit": "1", "order": ["score desc"]}, "half": {"limit": "50%"}}},
        (ROWS,),
    ),
    "save_audience": ({"audience": "vip"}, (ROWS,)),
    "update_data": (
        {"entity": "customer", "mode": "update", "match": {"customer_id": "customer_id"},
         "set": {"age": "score"}},
        (ROWS,),
    ),
    "extract_file": ({"file": "a.csv", "columns": {"N": "score + 1"}, "order": ["score"]}, (ROWS,)),
    "fork": ({"outputs": ["left", "right"]}, (ROWS,)),
    "and_join": ({}, (ROWS, ROWS[1:])),
    "wait": ({"for": "3 days"}, (ROWS,)),
    "test": ({"conditions": {"many": "count() > 2"}, "default": "few"}, (ROWS,)),
    "end": ({}, (ROWS,)),
}  # fmt: skip


# Types that no case is for, and where they meet Spark, or why they have nothing to do with it.
ELSEWHERE = {
    "read_audience": "what it reads is a project's",
    "load_file": "a file comes in through the lake",
    "transfer_file": "the list of files comes in through the lake",
    "email": "tests/operations/executing/test_on_each_engine.py",
    **dict.fromkeys(("await_signal", "alert", "approval", "task"), "hands its rows on as `wait`"),
}


@pytest.fixture(scope="module")
def benches(bench_on):
    """The same rows on the lake and on Spark."""
    made = [bench_on(engine) for engine in ("duckdb", "spark")]
    for bench in made:
        for name, rows in ENTITIES.items():
            bench.entity(name, rows)
    return made


def test_every_type_of_activity_runs_on_spark_or_says_why_not():
    assert not set(CASES) & set(ELSEWHERE)
    assert set(CASES) | set(ELSEWHERE) == {kind.name for kind in ACTIVITIES}


@pytest.mark.parametrize("kind", CASES)
def test_an_activity_gives_on_spark_what_it_gives_on_the_lake(benches, kind):
    options, inputs = CASES[kind]
    lake, spark = (given(bench, kind, options, inputs) for bench in benches)
    assert spark == lake


def given(bench, kind, options, inputs):
    """The rows of all outputs and of what effects write, and what is reached."""
    ran = bench.run({"type": kind, **options}, *inputs, columns=COLUMNS if inputs else None)
    written = [
        bench.session.rows(effect.relation) if isinstance(effect, WriteFile)
        else bench.read(effect.relation)
        for effect in ran.outcome.effects
        if getattr(effect, "relation", None) is not None
    ]  # fmt: skip
    return ran.rows, ran.reached, written, ran.counts
