"""The tree form of rules: a list means all; all, any and except nest; leaves are text."""

from collections.abc import Callable
from typing import Protocol

from sqlglot import exp

from campanile.errors import DefinitionError
from campanile.relations import comparisons
from campanile.relations.frames import Frame
from campanile.relations.parse import parse
from campanile.relations.types import Type
from campanile.relations.values import Value


class ConditionVisitor(Protocol):
    """What a tree needs of the compiler."""

    def condition(self, node: exp.Expr, frame: Frame) -> Value:
        """The node as a condition."""


def compile_tree(compiler: ConditionVisitor, rule: object, frame: Frame) -> Value:
    """A rule as text, or as the tree form: a list means all; {all, any, except} nest."""
    if isinstance(rule, bool):
        rule = str(rule).lower()
    if isinstance(rule, str):
        return compiler.condition(parse(rule), frame)
    if isinstance(rule, list | tuple):
        return _combined(compiler, rule, frame, exp.and_)
    if isinstance(rule, dict) and rule and set(rule) <= {"all", "any", "except"}:
        parts = []
        if "all" in rule:
            parts.append(_combined(compiler, _items(rule["all"]), frame, exp.and_))
        if "any" in rule:
            parts.append(_combined(compiler, _items(rule["any"]), frame, exp.or_))
        if "except" in rule:
            found = _combined(compiler, _items(rule["except"]), frame, exp.or_)
            parts.append(Value(comparisons.complement(found), Type.BOOLEAN, rule=True))
        tree = exp.and_(*[part.tree for part in parts], copy=False)
        return Value(exp.paren(tree, copy=False), Type.BOOLEAN, rule=True)
    raise DefinitionError(
        "A rule is a text, a list of rules, or a map of all, any and except.",
        code="rule_form",
        remedy="A text with a comma needs quotes or block style in YAML.",
    )


def _items(rules: object) -> list[object]:
    return list(rules) if isinstance(rules, list | tuple) else [rules]


def _combined(
    compiler: ConditionVisitor,
    rules: list[object] | tuple[object, ...],
    frame: Frame,
    join: Callable[..., exp.Expr],
) -> Value:
    if not rules:
        raise DefinitionError("A list of rules is empty.", code="empty", remedy="Leave it out.")
    trees = []
    for position, rule in enumerate(rules, start=1):
        try:
            trees.append(compile_tree(compiler, rule, frame).tree)
        except DefinitionError as error:
            error.where.insert(0, f"rule {position}")
            raise
    return Value(exp.paren(join(*trees, copy=False), copy=False), Type.BOOLEAN, rule=True)
