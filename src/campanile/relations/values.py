"""Typed pieces of a compiled rule: values, and the finished `Compiled` with what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from campanile.relations.joins import Join
from campanile.relations.sql import coalesce, is_never_null, ordered
from campanile.relations.types import Type


@dataclass(frozen=True)
class Value:
    """A typed tree. `type` None is the literal null; `rule` says that NULL stands for false.

    `enum` are the values a column may have; `literal` is the Python value of a constant, which
    `is_given` by a parameter or written in the rule.
    """

    tree: exp.Expr
    type: Type | None
    rule: bool = False
    enum: tuple[str, ...] = ()
    literal: object = None
    is_given: bool = False

    @property
    def exact(self) -> exp.Expr:
        """The tree with the NULL of a condition made false."""
        if not self.rule:
            return self.tree
        if is_never_null(self.tree):
            return self.tree
        return coalesce(self.tree, exp.false())


@dataclass(frozen=True)
class Compiled:
    """A rule or value over the row `__row`, with the joins it needs and what it refers to.

    `tree` is exact: a condition in it is never NULL. `predicate` is the plainer form for WHERE.
    """

    tree: exp.Expr
    predicate: exp.Expr
    type: Type
    joins: Mapping[str, Join] = field(default_factory=dict)
    entities: frozenset[str] = frozenset()
    messages: frozenset[str] = frozenset()
    audiences: frozenset[str] = frozenset()
    enum: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Order:
    """One key of a ranking; empty values come last whichever the direction."""

    value: Compiled
    descending: bool = False

    def term(self) -> exp.Ordered:
        """The ORDER BY item."""
        return ordered(self.value.tree.copy(), self.descending)
