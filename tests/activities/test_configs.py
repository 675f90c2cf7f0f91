from datetime import time, timedelta
from decimal import Decimal
from typing import Annotated, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from campanile.activities import ACTIVITIES, NOT_BUILT, AnyActivityConfig, activity_type
from campanile.activities.amounts import Size, parse_rate, parse_size, write_rate
from campanile.activities.local_times import LocalMoment
from campanile.activities.options import with_parameters
from campanile.activities.times import parse_duration, parse_moment_or_time, write_duration
from campanile.activities.values import ParameterRef
from campanile.errors import Refused

ANY = TypeAdapter(AnyActivityConfig)

WRITTEN = [
    {"type": "build_audience", "dimension": "customer", "where": ["a > 1", {"any": ["b", "c"]}]},
    {"type": "incoming"},
    {
        "type": "filter",
        "from": "a",
        "where": "x",
        "complement": "others",
        "labels": {"others": "O"},
    },
    {"type": "combine", "from": ["a", "b.c"], "mode": "exclusion", "by": ["email"], "limit": "10%"},
    {
        "type": "deduplication",
        "from": "a",
        "by": ["lower(email)"],
        "keep": "2",
        "order": ["x desc"],
    },
    {
        "type": "enrichment",
        "from": "a",
        "add": {"n": "1", "l": {"lines": "o", "columns": {"p": "q"}}},
    },
    {"type": "split", "from": "a", "subsets": {"x": {"limit": "10%"}, "y": {"limit": "param.n"}}},
    {"type": "reconciliation", "from": "a", "match": {"x": "lower(y)"}, "order": ["z desc"]},
    {"type": "reconciliation", "from": "a", "on": "input.x = target.y", "unmatched": "drop"},
    {
        "type": "update_data",
        "from": "a",
        "entity": "customer",
        "match": {"x": "y"},
        "set": {"a": "b", "c": {"value": "d", "when": ["e", "f"]}},
        "empty": "keep",
    },
    {
        "type": "enrichment",
        "from": "a",
        "links": {"l": {"from": "b.c", "match": {"x": "y"}, "cardinality": "many"}},
        "add": {"n": "count(l)"},
    },
    {
        "type": "combine",
        "from": ["a", "b", "c"],
        "mode": "union",
        "align": {"b": "customer", "c": {"x": "y"}},
    },
    {"type": "fork", "from": "a", "outputs": ["x", "y"]},
    {"type": "and_join", "from": ["a", "b"]},
    {"type": "test", "from": "a", "conditions": {"many": "count() > 5"}, "default": "few"},
    {"type": "wait", "from": "a", "for": "1 day 12 hours"},
    {"type": "wait", "from": "a", "until": "2026-12-24 09:00"},
    {"type": "wait", "from": "a", "until": "09:00"},
    {"type": "wait", "from": "a", "between": "09:00-18:00", "days": ["mon"], "within": "3 days"},
    {"type": "await_signal", "from": "a", "signal": "x", "within": "3 days", "first": False},
    {"type": "save_audience", "from": "a", "audience": "vip", "columns": {"s": "spent"}},
    {"type": "load_file", "file": "x://a-*.csv", "columns": {"a": "text", "b": {"type": "date"}}},
    {"type": "extract_file", "from": "a", "file": "p.pq", "format": "parquet"},
    {"type": "transfer_file", "action": "put", "source": "a-*", "target": "x://in/"},
    {"type": "alert", "from": "a", "title": "T", "message": "M"},
    {"type": "end", "from": ["a", "b"]},
    {"type": "end", "from": "a", "signal": {"campaign": "b", "with": {"c": "{{ param.c }}"}}},
    {"type": "filter", "from": "a", "where": "x", "pause": True, "on_error": "ignore"},
    {"type": "email", "from": "a", "template": "t", "pace": {"rate": "200/s"}, "settle": "2 hours"},
    {"type": "incremental_query", "where": "a > 1", "remember": "90 days", "remember_after": "b"},
    {"type": "incremental_query", "since": "seen", "renamed_from": ["old", "older"]},
    {"type": "read_audience", "audience": "vip", "match": {"lower(a)": "b"}, "add": {"c": "d"}},
]


def test_both_lists_of_types_name_the_same_activities():
    union = get_args(AnyActivityConfig)[0]
    assert get_origin(AnyActivityConfig) is Annotated
    assert {kind.config for kind in ACTIVITIES} == set(get_args(union))
    assert not {kind.name for kind in ACTIVITIES} & NOT_BUILT


@pytest.mark.parametrize("written", WRITTEN, ids=lambda w: w["type"])
def test_options_are_the_same_after_storing(written):
    config = ANY.validate_python(written)
    stored = ANY.dump_json(config, by_alias=True, exclude_none=True)
    assert ANY.validate_json(stored) == config
    assert ANY.dump_json(ANY.validate_json(stored), by_alias=True, exclude_none=True) == stored


@pytest.mark.parametrize("kind", ACTIVITIES, ids=lambda kind: kind.name)
def test_every_option_is_described(kind):
    for name, field in kind.config.model_fields.items():
        unbuilt = any(getattr(m, "json_schema", None) == {"not": {}} for m in field.metadata)
        assert name == "type" or unbuilt or field.description, name


OUTPUTS = {
    "filter": ("", "others"),
    "split": ("x", "y"),
    "fork": ("x", "y"),
    "test": ("many", "few"),
    "end": (),
    "email": ("", "excluded", "failed"),
    "combine": ("",),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_follow_from_the_options(name):
    config = ANY.validate_python(next(w for w in WRITTEN if w["type"] == name))
    assert activity_type(name).outputs(config) == OUTPUTS[name]


UNBUILT = {
    "email": "holdout variants goal optimise pressure quiet_hours seeds waves at",
}


@pytest.mark.parametrize(
    ("kind", "option"), [(k, o) for k, os in UNBUILT.items() for o in os.split()]
)
def test_a_known_option_that_is_not_built_is_refused_by_name(kind, option):
    written = next(w for w in WRITTEN if w["type"] == kind) | {option: "x"}
    with pytest.raises(ValidationError) as caught:
        ANY.validate_python(written)
    assert [(e["type"], e["loc"]) for e in caught.value.errors()] == [("not_built", (kind, option))]


@pytest.mark.parametrize(
    "written",
    [
        {"type": "combine", "mode": "union", "from": "a"},
        {"type": "combine", "mode": "union", "from": ["a", "a"]},
        {"type": "combine", "mode": "union", "from": ["a", "b"], "complement": "rest"},
        {"type": "combine", "mode": "union", "from": ["a", "b"], "by": "email"},
        {"type": "split", "from": "a", "subsets": {}},
        {"type": "split", "from": "a", "subsets": {"x": {"limit": "60%"}, "y": {"limit": "50%"}}},
        {"type": "split", "from": "a", "subsets": {"x": {"where": "y", "limit": "5%"}}},
        {"type": "split", "from": "a", "subsets": {"x": {"limit": "5% of matched"}}},
        {"type": "split", "from": "a", "subsets": {"x": {}}, "complement": "x"},
        {"type": "wait", "from": "a"},
        {"type": "wait", "from": "a", "for": "1 day", "until": "09:00"},
        {"type": "test", "from": "a", "conditions": {"x": "true"}, "default": "x"},
        {"type": "filter", "from": "a", "where": []},
        {"type": "filter", "from": "a", "where": {"some": ["x"]}},
        {"type": "filter", "from": "a", "where": "x", "complement": "plan"},
        {"type": "deduplication", "from": "a", "by": []},
        {"type": "enrichment", "from": "a", "add": {"from": "x"}},
        {"type": "save_audience", "from": "a", "audience": "x", "mode": "add"},
        {"type": "email", "from": "a", "template": ""},
    ],
)
def test_options_that_do_not_fit_are_refused(written):
    with pytest.raises(ValidationError):
        ANY.validate_python(written)


def test_every_rule_of_the_rows_is_found_with_its_path():
    config = ANY.validate_python(
        {
            "type": "split",
            "from": "a",
            "subsets": {"x": {"where": ["p", "q"], "order": ["r desc"]}, "y": {"limit": "5"}},
        }
    )
    assert [(site.path, site.kind) for site in config.rules()] == [
        (("subsets", "x", "where"), "rule"),
        (("subsets", "x", "order"), "order"),
    ]


def test_rules_about_linked_rows_are_not_rules_of_the_rows():
    config = ANY.validate_python(WRITTEN[5])
    assert [site.path for site in config.rules()] == [("add", "n")]


def test_parameters_take_the_place_of_values():
    split = ANY.validate_python(WRITTEN[6])
    assert split.subsets["y"].limit == Size(ParameterRef("n"), "rows")
    assert with_parameters(split, {"n": 7}).subsets["y"].limit == Size(7, "rows")
    wait = ANY.validate_python({"type": "wait", "from": "a", "for": "param.rest"})
    assert with_parameters(wait, {"rest": "3 days"}).for_ == timedelta(days=3)
    with pytest.raises(Refused, match="has no value"):
        with_parameters(wait, {})
    with pytest.raises(Refused, match="for"):
        with_parameters(wait, {"rest": "soon"})
    plain = ANY.validate_python(WRITTEN[0])
    assert with_parameters(plain, {}) is plain


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (7, Size(7, "rows")),
        (Decimal("7.0"), Size(7, "rows")),
        ("12.5%", Size(Decimal("12.5"), "percent")),
    ],
)
def test_a_parameter_may_be_a_number_of_rows_or_a_share(value, size):
    split = ANY.validate_python(
        {"type": "split", "from": "a", "subsets": {"y": {"limit": "param.n"}}}
    )
    assert with_parameters(split, {"n": value}).subsets["y"].limit == size
    for wrong in ("many", "110%", Decimal("1.5"), -1):
        with pytest.raises(Refused, match="limit"):
            with_parameters(split, {"n": wrong})


def test_parameters_of_a_list_take_the_place_of_its_values():
    written = {
        "type": "approval",
        "from": "a",
        "by": ["legal"],
        "question": "Send?",
        "within": "3 days",
        "remind": ["param.first", "1 day"],
    }
    asked = with_parameters(ANY.validate_python(written), {"first": "2 days"})
    assert asked.remind == (timedelta(days=2), timedelta(days=1))


@given(st.integers(1, 3600 * 24 * 3600))
def test_a_duration_is_the_same_after_writing(seconds):
    value = timedelta(seconds=seconds)
    assert parse_duration(write_duration(value)) == value


@given(st.one_of(st.integers(0, 10**9).map(str), st.decimals(0, 100, places=2).map("{}%".format)))
def test_a_size_is_the_same_after_writing(text):
    assert parse_size(str(parse_size(text))) == parse_size(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90 minutes", timedelta(minutes=90)),
        ("1 day 12 hours", timedelta(hours=36)),
        ("2 weeks", timedelta(weeks=2)),
        ("1 hour30 minutes", timedelta(minutes=90)),
        ("param.rest", ParameterRef("rest")),
    ],
)
def test_durations_are_read(text, expected):
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "0 days", "soon", "-1 day", "1", "1 month", "1.5 days", "day"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "101%", "-1", "1.5", "10 % of all", "ten"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


def test_rates_are_per_second():
    assert parse_rate("200/s") == 200
    assert parse_rate("90/minute") == Decimal("1.5")
    assert parse_rate(write_rate(Decimal("1.5"))) == Decimal("1.5")


def test_until_is_a_moment_or_a_time():
    assert parse_moment_or_time("9:05") == time(9, 5)
    assert isinstance(parse_moment_or_time("2026-12-24"), LocalMoment)
    with pytest.raises(ValueError, match="date and time"):
        parse_moment_or_time("24:00")
