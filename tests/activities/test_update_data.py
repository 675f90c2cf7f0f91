from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from campanile.activities.update_data import UpdateData
from campanile.errors import DefinitionError
from campanile.relations.types import Type

QUICK = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
COLUMNS = {"mail": Type.TEXT, "years": Type.INTEGER, "id": Type.INTEGER}
MAILS = st.sampled_from([None, "", "a@x", "b@x", "c@x"])
YEARS = st.sampled_from([None, 20, 30])
LEADS = st.lists(st.tuples(MAILS, YEARS, st.sampled_from([None, 1, 2, 3, 4])), max_size=7).map(
    lambda rows: [
        {"row_number__": n, "mail": mail, "years": years, "id": id_}
        for n, (mail, years, id_) in enumerate(rows, 1)
    ]
)
PEOPLE = st.lists(st.tuples(MAILS, YEARS), max_size=4).map(
    lambda rows: {
        n: {"customer_id": n, "email": mail, "tier": "base", "age": years, "store_id": None}
        for n, (mail, years) in enumerate(rows, 1)
    }
)


def update(bench, rows, columns=COLUMNS, dimension=None, **options):
    config = {"type": "update_data", "entity": "customer", **options}
    return bench.run(config, rows, columns=columns, dimension=dimension)


def written(bench, ran):
    """The changes as the effect would write them, by key."""
    (effect,) = ran.outcome.effects
    return {row["customer_id"]: row for row in bench.read(effect.relation)}


def judge(lead, people, mode, by_mail):
    """(reason, None) or (None, the key of the row that is written): an independent model."""
    asked = lead["mail"] if by_mail else lead["id"]
    if asked in (None, ""):
        return "empty", None
    attribute = "email" if by_mail else "customer_id"
    found = [key for key, one in people.items() if one[attribute] == asked]
    adds = mode in ("upsert", "insert")
    if adds and not found and lead["id"] is None:
        return "empty", None
    if len(found) > 1:
        return "ambiguous", None
    if mode in ("update", "delete") and not found:
        return "not_found", None
    if mode == "insert" and found:
        return "exists", None
    if not found and lead["id"] in people:
        return "exists", None
    return None, found[0] if found else lead["id"]


@given(
    LEADS,
    PEOPLE,
    st.sampled_from(["upsert", "insert", "update", "delete"]),
    st.booleans(),
    st.booleans(),
)
@QUICK
def test_an_update_does_what_a_dictionary_does(bench, leads, people, mode, by_mail, keep):
    bench.entity("customer", list(people.values()))
    options = {"match": {"mail": "email"} if by_mail else {"id": "customer_id"}}
    values = {"age": "years", "tier": {"value": "'gold'", "when": "years = 30"}}
    if mode in ("upsert", "insert"):
        options["set"] = {"customer_id": "id", **values}
    elif mode == "update":
        options["set"] = values
    ran = update(bench, leads, mode=mode, empty="keep" if keep else "write", **options)

    judged = {lead["row_number__"]: judge(lead, people, mode, by_mail) for lead in leads}
    targets = Counter(key for reason, key in judged.values() if reason is None)
    expected, reasons = {}, {}
    for lead in leads:
        reason, key = judged[lead["row_number__"]]
        if reason or targets[key] > 1:
            reasons[lead["row_number__"]] = reason or "duplicate"
            continue
        fresh = {"customer_id": key, "email": None, "tier": None, "age": None, "store_id": None}
        old = people.get(key)
        row = dict(old or fresh)
        if mode != "delete":
            if not old and by_mail:
                row["email"] = lead["mail"]
            if not (keep and lead["years"] is None):
                row["age"] = lead["years"]
            if lead["years"] == 30:
                row["tier"] = "gold"
        if row != old or mode == "delete":
            expected[key] = row
    assert {row["row_number__"]: row["reason"] for row in ran.rows["rejects"]} == reasons
    assert [row["row_number__"] for row in ran.rows[""]] == [
        lead["row_number__"] for lead in leads if lead["row_number__"] not in reasons
    ]
    assert written(bench, ran) == expected
    counted = ran.counts["rejects"]
    assert {name: n for name, n in counted.items() if n} == dict(Counter(reasons.values()))
    assert sum(ran.counts[""].values()) == len(leads) - len(reasons)


def test_people_of_the_dimension_are_found_by_their_key(bench):
    bench.entity("customer", [{"customer_id": n, "tier": "base", "age": n} for n in (1, 2)])
    ran = update(
        bench,
        [{"customer_id": 1}, {"customer_id": 9}],
        {},
        "customer",
        mode="update",
        set={"tier": "'gold'", "age": "age + 1"},
    )
    assert written(bench, ran)[1] == {
        "customer_id": 1, "email": None, "tier": "gold", "age": 2, "store_id": None,
    }  # fmt: skip
    assert ran.rows["rejects"] == [{"customer_id": 9, "reason": "not_found"}]


@pytest.mark.parametrize(
    ("options", "path", "code"),
    [
        ({"entity": "custmer"}, ("entity",), "unknown_entity"),
        ({"set": {"teir": "mail"}}, ("set", "teir"), "unknown_column"),
        ({"set": {"age": "mail"}}, ("set", "age"), "type"),
        ({"set": {"tier": {"value": "mail", "when": "mail"}}}, ("set", "tier", "when"),
         "not_a_condition"),
        ({"set": {"tier": "mial"}}, ("set", "tier"), "unknown_column"),
        ({"set": {"customer_id": "id"}}, ("set", "customer_id"), "key"),
        ({"match": {"mail": "emial"}}, ("match", "mail"), "unknown_column"),
        ({"match": {"mail": "age"}}, ("match",), "type"),
        ({"match": {}}, ("match",), "no_match"),
        ({"mode": "upsert"}, ("mode",), "no_key"),
    ],
)  # fmt: skip
def test_a_refusal_says_which_option_it_is_about(bench, options, path, code):
    plain = {"mode": "update", "match": {"mail": "email"}, "set": {"tier": "mail"}}
    with pytest.raises(DefinitionError) as caught:
        update(bench, [], **plain | options)
    assert (caught.value.path, caught.value.code) == (path, code)


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "delete", "set": {"a": "b"}},
        {"mode": "update"},
        {"mode": "merge"},
        {"set": {"a": {"when": "b"}}},
        {"set": {"a": "b"}, "empty": "null"},
    ],
)
def test_options_that_do_not_fit_are_refused(options):
    with pytest.raises(ValidationError):
        UpdateData.model_validate({"type": "update_data", "from": "a", "entity": "x", **options})
