"""The text of a rule, taken apart and put together again, means the same."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.errors import DefinitionError
from campanile.relations.call_texts import calls_in
from campanile.relations.originals import ORIGINALS
from campanile.relations.respelling import in_own_names
from campanile.relations.rule_trees import rule_text_to_tree
from campanile.relations.rules import compile_rule, rule_tree_to_text

LEAVES = st.sampled_from([
    "points > 1",
    "points between 0 and 10",
    "email not in ('gold', 'a and b')",
    "email like '%and (x'",
    "exists(orders, amount > 10 and not (placed_at >= days_ago(30) or store_id = 1))",
    "case when points > 1 and score > 1 or legal_hold then true else false end",
    "is_empty(email)",
    "not legal_hold",
    "true",
])  # fmt: skip
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("{} and {}".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        st.builds("not ({})".format, inner),
        st.builds("({})".format, inner),
        st.builds("({}) and not ({} or {})".format, inner, inner, inner),
    ),
    max_leaves=6,
)
QUIET = [HealthCheck.function_scoped_fixture]


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(rule=RULES)
def test_a_text_and_its_tree_choose_the_same_people(rule, chosen):
    assert chosen(rule_text_to_tree(rule)) == chosen(rule)


@settings(max_examples=150, deadline=None)
@given(rule=RULES)
def test_a_tree_that_became_a_text_becomes_the_same_tree(rule):
    once = rule_text_to_tree(rule)
    assert rule_text_to_tree(rule_tree_to_text(once)) == once


def test_no_leaf_of_a_tree_is_a_group():
    tree = rule_text_to_tree("a and (b or c) and not (d or e and f) and not g")
    assert tree == {"all": ["a", {"any": ["b", "c"]}, "not g"], "except": ["d", ["e", "f"]]}


@pytest.mark.parametrize("wrong", ["", "a and", "a or or b", "(a", "select 1;", "'open"])
def test_what_is_no_rule_has_no_tree(wrong):
    with pytest.raises(DefinitionError):
        rule_text_to_tree(wrong)


RESPELLED = {
    "AddDays(last_seen, 3) > GetDate()": "add_days(last_seen, 3) > now()",
    "SubDays(last_seen, points + 1) > DaysAgo(3)":
        "add_days(last_seen, -(points + 1)) > days_ago(3)",
    "DaysDiff(GetDate(), last_seen) > 3": "days_between(last_seen, now()) > 3",
    "Iif(IsEmptyString(email, 'x', 'y') = 'x', true, false)":
        "if(if(is_empty(email), 'x', 'y') = 'x', true, false)",
    "Upper(NoNull(email)) = 'A'": "upper(coalesce(email, '')) = 'A'",
    "Decode(tier, 'it''s', Smart('x'), Lower(email)) = 'Iif(x)'":
        "if(tier = 'it''s', capitalize_words('x'), lower(email)) = 'Iif(x)'",
    "RowNum(PartitionBy(tier, points), OrderBy(email)) = 1":
        "row_number(by => (tier, points), order => email) = 1",
    "_Over_(Sum(points), PartitionBy(tier)) > 1": "sum_over(points, by => tier) > 1",
    # what means something else here is for its author to decide
    "WeekDay(last_seen) = 0": "WeekDay(last_seen) = 0",
    "Coalesce(points, 1) = 1": "Coalesce(points, 1) = 1",
    "Sha512Digest(email) = 'x'": "Sha512Digest(email) = 'x'",
    # what is our own already, no rule, or a filter in small letters
    "iif(points > 1)": "iif(points > 1)",
    "add_days(last_seen,3) > now()": "add_days(last_seen,3) > now()",
    "AddDays(last_seen, 3": "AddDays(last_seen, 3",
}  # fmt: skip


@pytest.mark.parametrize("rule", RESPELLED)
def test_names_of_the_original_are_written_as_our_own(rule):
    assert in_own_names(rule) == RESPELLED[rule]
    assert in_own_names(RESPELLED[rule]) == RESPELLED[rule]


VALUES = {"email": "text", "points": "number", "last_seen": "date"}
GIVEN = st.sampled_from(["email", "points", "last_seen", "3", "'a'", "points + 1", "Abs(points)"])


@settings(max_examples=200, deadline=None)
@given(data=st.data(), original=st.sampled_from(ORIGINALS))
def test_a_rule_in_our_own_names_compiles_to_the_same(data, original, scope):
    count = len(original.parameters) or data.draw(st.integers(0, 3))
    arguments = ", ".join(data.draw(GIVEN) for _ in range(count))
    rule = f"is_empty(to_text({original.name}({arguments})))"
    try:
        expected = compile_rule(rule, scope).tree.sql()
    except DefinitionError:
        return
    assert compile_rule(in_own_names(rule), scope).tree.sql() == expected


@settings(max_examples=150, deadline=None)
@given(rule=RULES)
def test_calls_are_found_where_they_stand(rule):
    for call in calls_in(rule):
        assert rule[call.start :].startswith(call.name)
        assert rule[call.end - 1] == ")"
        assert all(rule[start - 1] in "(, " for start, _ in call.arguments)
