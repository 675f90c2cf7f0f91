import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from campanile.activities.reconciliation import Reconciliation
from campanile.errors import DefinitionError
from campanile.relations.types import Type

QUICK = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MAILS = st.sampled_from([None, "", "a@x", "A@x", "b@x", "c@x"])
AGES = st.sampled_from([None, 20, 30])
COLUMNS = {"mail": Type.TEXT, "years": Type.INTEGER, "email": Type.TEXT}
LEADS = st.lists(st.tuples(MAILS, AGES), max_size=8).map(
    lambda rows: [
        {"row_number__": n, "mail": mail, "years": years, "email": "own"}
        for n, (mail, years) in enumerate(rows, 1)
    ]
)
PEOPLE = st.lists(st.tuples(MAILS, AGES), max_size=6).map(
    lambda rows: [
        {"customer_id": n, "email": mail, "age": age} for n, (mail, age) in enumerate(rows, 1)
    ]
)
WAYS = {
    "match": lambda lead, one: equal(lower(lead["mail"]), lower(one["email"])),
    "both": lambda lead, one: (
        equal(lower(lead["mail"]), lower(one["email"])) and equal(lead["years"], one["age"])
    ),
    "rule": lambda lead, one: (
        equal(lead["mail"], one["email"])
        and (lead["years"] is None or equal(lead["years"], one["age"]))
    ),
}
WRITTEN = {
    "match": {"match": {"lower(mail)": "lower(email)"}},
    "both": {"match": {"lower(mail)": "lower(email)", "years": "age"}},
    "rule": {
        "on": "input.mail = target.email and (input.years is null or target.age = input.years)"
    },
}


def lower(text):
    return text and text.lower()


def equal(one, other):
    return one not in (None, "") and one == other


def reconcile(bench, rows, columns=COLUMNS, **options):
    config = {"type": "reconciliation", "dimension": "customer", **options}
    return bench.run(config, rows, columns=columns, dimension=None)


@given(LEADS, PEOPLE, st.sampled_from(list(WAYS)), st.booleans(), st.booleans())
@QUICK
def test_every_row_is_matched_or_left_with_its_reason(bench, leads, people, way, chooses, some):
    bench.entity("customer", people)
    options = {"order": ["age desc"]} if chooses else {}
    options |= {"where": "years = 20"} if some else {}
    ran = reconcile(bench, leads, **WRITTEN[way], **options, unmatched="drop")
    matched, left = [], {}
    for lead in leads:
        partners = [one for one in people if WAYS[way](lead, one)]
        partners.sort(key=lambda one: (one["age"] is None, -(one["age"] or 0), one["customer_id"]))
        asked = [lower(lead["mail"])] + ([lead["years"]] if way == "both" else [])
        if some and lead["years"] != 20:
            left[lead["row_number__"]] = "not_tried"
        elif None in asked or "" in asked:
            left[lead["row_number__"]] = "empty"
        elif not partners:
            left[lead["row_number__"]] = "no_match"
        elif len(partners) > 1 and not chooses:
            left[lead["row_number__"]] = "ambiguous"
        else:
            matched.append((partners[0]["customer_id"], lead["mail"], lead["years"]))
    found = [(row["customer_id"], row["mail"], row["years"]) for row in ran.rows[""]]
    assert sorted(found, key=str) == sorted(matched, key=str)
    assert {r["row_number__"]: r["reason"] for r in ran.rows["unmatched"]} == left
    counted = ran.counts[""]
    assert counted.pop("matched") == len(matched)
    assert counted == {
        reason.replace("_", " "): list(left.values()).count(reason)
        for reason in ("not_tried", "empty", "no_match", "ambiguous")
    }


def test_rows_without_a_match_stay_with_an_empty_key(bench):
    bench.entity("customer", [{"customer_id": 7, "email": "a@x"}])
    rows = [{"row_number__": n, "mail": mail} for n, mail in ((1, "a@x"), (2, "z@z"))]
    ran = reconcile(bench, rows, columns={"mail": Type.TEXT}, match={"mail": "email"})
    assert ran.rows[""] == [
        {"customer_id": 7, "mail": "a@x"},
        {"customer_id": None, "mail": "z@z"},
    ]
    assert ran.rows["unmatched"] == [{"row_number__": 2, "mail": "z@z", "reason": "no_match"}]


def test_a_second_attempt_at_the_unmatched_says_its_own_reason(bench):
    bench.entity("customer", [{"customer_id": 7, "age": 30}])
    rows = [{"row_number__": n, "years": n * 10, "reason": "no_match"} for n in (3, 4)]
    columns = {"years": Type.INTEGER, "reason": Type.TEXT}
    ran = reconcile(bench, rows, columns, match={"years": "age"}, unmatched="drop")
    assert ran.rows[""] == [{"customer_id": 7, "years": 30, "reason": "no_match"}]
    assert list(ran.schema["unmatched"]) == ["row_number__", "years", "reason"]


def test_rows_of_a_dimension_become_rows_of_another_and_bring_their_key(bench):
    bench.entity("customer", [{"customer_id": 1, "age": 4}])
    bench.entity("contract", [{"number": 9, "holder": 4}])
    ran = bench.run(
        {"type": "reconciliation", "dimension": "customer", "match": {"holder": "age"}},
        [{"number": 9}],
        dimension="contract",
    )
    assert ran.rows[""] == [{"customer_id": 1, "number": 9}]


def test_a_key_of_the_file_gives_way_to_the_one_that_is_found(bench):
    bench.entity("customer", [{"customer_id": 1, "email": "a@x"}])
    rows = [{"row_number__": n, "customer_id": n, "mail": "a@x"} for n in (1, 2)]
    columns = {"customer_id": Type.INTEGER, "mail": Type.TEXT}
    match = {"customer_id": "customer_id", "mail": "email"}
    ran = reconcile(bench, rows, columns, match=match)
    assert [row["customer_id"] for row in ran.rows[""]] == [1, None]
    assert [row["customer_id"] for row in ran.rows["unmatched"]] == [2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "write `match` or `on`"),
        ({"match": {"a": "b"}, "on": "input.a = target.b"}, "keep one"),
        ({"match": {"a": "b"}, "unmatched": "leave"}, "keep"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, words):
    with pytest.raises(ValidationError, match=words):
        Reconciliation.model_validate({"type": "reconciliation", "from": "a", **options})


@pytest.mark.parametrize(
    ("options", "path", "code"),
    [
        ({"match": {"mial": "email"}}, ("match", "mial"), "unknown_column"),
        ({"match": {"mail": "emial"}}, ("match", "mail"), "unknown_column"),
        ({"match": {"mail": "age"}}, ("match",), "type"),
        ({"on": "input.mail > target.email"}, ("on",), "no_equality"),
        ({"on": "input.mail = target.nothing"}, ("on",), "unknown_column"),
        ({"match": {"mail": "email"}, "order": ["seen desc"]}, ("order", 0), "unknown_column"),
    ],
)
def test_a_refusal_says_which_option_it_is_about(bench, options, path, code):
    with pytest.raises(DefinitionError) as caught:
        reconcile(bench, [], **options)
    assert (caught.value.path, caught.value.code) == (path, code)
