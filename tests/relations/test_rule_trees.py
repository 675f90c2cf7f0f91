"""The tree form of a rule is its text in another shape, at any depth."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from campanile.errors import DefinitionError
from campanile.relations.rules import compile_rule, rule_tree_to_text

SUPPRESSED = [HealthCheck.function_scoped_fixture]  # `chosen` keeps nothing between examples
LEAVES = st.sampled_from([
    "points > 1",
    "tier = 'gold' or points < 0",
    "not is_empty(email)",
    "exists(orders, amount > 10 and placed_at >= days_ago(30))",
    "score between 1 and 2",
    "email like '%and (x'",
    "true",
    "big(least => 5)",
    "case when legal_hold then true else points = 1 end",
])  # fmt: skip


@st.composite
def trees(draw: st.DrawFn, depth: int = 4) -> object:
    """A leaf, a list, or a map of all, any and except, up to so many levels."""
    shape = draw(st.integers(0, 3 if depth else 0))
    if shape <= 1:
        return draw(LEAVES)
    size = draw(st.integers(1, 2))
    if shape == 2:
        return [draw(trees(depth - 1)) for _ in range(size)]
    keys = draw(st.lists(st.sampled_from(["all", "any", "except"]), min_size=1, unique=True))
    return {
        key: draw(trees(depth - 1)) if key == "except" else [draw(trees(depth - 1))] * size
        for key in keys
    }


def meant(tree: exp.Expr) -> str:
    """The tree without parentheses that only its shape needed."""
    bare = tree.transform(lambda n: n.this if isinstance(n, exp.Paren) else n)
    while bare.find(exp.Paren):
        bare = bare.transform(lambda n: n.this if isinstance(n, exp.Paren) else n)
    return repr(flat(bare))


def flat(node: exp.Expr) -> object:
    """Chains of AND and of OR as lists, so that grouping from left or right is one."""
    for kind in (exp.And, exp.Or):
        if isinstance(node, kind):
            return (kind.__name__, [flat(part) for part in node.flatten()])
    if isinstance(node, exp.Not):
        return ("not", flat(node.this))
    if isinstance(node, exp.Coalesce):
        return ("coalesce", flat(node.this))
    return node.sql()


@settings(max_examples=150, deadline=None)
@given(tree=trees())
def test_a_tree_and_its_text_are_the_same_rule(tree, scope):
    text = rule_tree_to_text(tree)
    assert meant(compile_rule(tree, scope).predicate) == meant(compile_rule(text, scope).predicate)
    assert rule_tree_to_text(text) == text


@settings(max_examples=40, deadline=None, suppress_health_check=SUPPRESSED)
@given(tree=trees())
def test_a_tree_and_its_text_choose_the_same_people(tree, chosen):
    assert chosen(tree) == chosen(rule_tree_to_text(tree))


@pytest.mark.parametrize("depth", [5, 25])
def test_deep_trees_are_understood(depth, chosen):
    tree: object = "points > 1"
    for level in range(depth):
        tree = [{"any": [tree, "points = 1"]}, {"except": {"all": [tree]}}][level % 2]
    assert chosen(tree) == chosen(rule_tree_to_text(tree))


@pytest.mark.parametrize(
    "tree",
    [[], {}, {"all": []}, {"every": ["points > 1"]}, 7, None, [None], {"any": [[]]}, [{"all": 1}]],
)
def test_what_is_not_a_tree_is_refused_in_both_forms(tree, scope):
    for wrong in (compile_rule, lambda rule, _: rule_tree_to_text(rule)):
        with pytest.raises(DefinitionError):
            wrong(tree, scope)
