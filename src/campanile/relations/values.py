"""Typed pieces of a compiled rule: values, the joins they need, and the finished `Compiled`."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from sqlglot import exp

from campanile.relations.types import Type

_OWN = "__own"
ROW = "__row"  # the alias of the row a rule speaks about; users' names never begin with `__`

SQL_TYPES: Mapping[Type, str] = {
    Type.TEXT: "TEXT",
    Type.INTEGER: "BIGINT",
    Type.NUMBER: "DOUBLE",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP",
    Type.LINES: "TEXT",
}


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
class Lookup:
    """A LEFT JOIN that finds at most one row; `on` is a condition between the two aliases."""

    alias: str
    source: exp.Expr
    on: exp.Expr

    def merged(self, _: "Join") -> "Join":
        """The same lookup asked for twice is one."""
        return self

    def clause(self, _: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
        """The aliased source and the join condition."""
        return aliased(self.source.copy(), self.alias), self.on.copy()


@dataclass(frozen=True)
class Aggregate:
    """One output of a grouped join: an aggregate function over `value` where `condition` holds."""

    name: str
    function: str
    value: exp.Expr | None
    condition: exp.Expr | None
    separator: str = ""

    def tree(self, conditional: bool) -> exp.Expr:
        """The aggregate call; with `conditional` the condition moves inside, as a CASE."""
        value = self.value
        if conditional and self.condition is not None:
            value = case([(self.condition.copy(), value or exp.Literal.number(1))])
        return AGGREGATES[self.function](
            value.copy() if value is not None else None, self.separator
        )


def _string_agg(value: exp.Expr | None, separator: str) -> exp.Expr:
    ordered = exp.Order(this=value, expressions=[exp.Ordered(this=value.copy(), nulls_first=False)])  # type: ignore[union-attr]
    return exp.GroupConcat(this=ordered, separator=exp.Literal.string(separator))


AGGREGATES = {
    "count": lambda value, _: exp.Count(this=value if value is not None else exp.Star()),
    "sum": lambda value, _: exp.Sum(this=value),
    "avg": lambda value, _: exp.Avg(this=value),
    "min": lambda value, _: exp.Min(this=value),
    "max": lambda value, _: exp.Max(this=value),
    "stddev": lambda value, _: exp.StddevSamp(this=value),
    "count_distinct": lambda value, _: exp.Count(this=exp.Distinct(expressions=[value])),
    "string_agg": _string_agg,
}


@dataclass(frozen=True)
class Grouped:
    """A LEFT JOIN to linked rows grouped by the link's keys; all aggregates of a link share it.

    `chain` is `SELECT FROM … JOIN …` without columns; `keys` pairs an outer tree with an inner one.
    `narrow` groups only what is linked to the rows at hand, for rows that are but a part.
    """

    alias: str
    chain: exp.Select
    keys: tuple[tuple[exp.Expr, exp.Expr], ...]
    joins: Mapping[str, "Join"]
    outputs: tuple[Aggregate, ...]
    narrow: bool = False

    def merged(self, other: "Join") -> "Join":
        """One grouped scan with the outputs of both."""
        assert isinstance(other, Grouped)
        known = {output.name for output in self.outputs}
        extra = tuple(output for output in other.outputs if output.name not in known)
        joins = merge_joins([self.joins, other.joins])
        return replace(self, joins=joins, outputs=self.outputs + extra)

    def clause(self, rows: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
        """The grouped subquery and the join condition."""
        conditions = {output.condition for output in self.outputs}
        same = len(conditions) == 1
        query = attach(self.chain.copy(), self.joins)
        on: list[exp.Expr] = []
        for position, (outer, inner) in enumerate(self.keys):
            name = f"__k{position}"
            query = query.select(exp.alias_(inner.copy(), name, quoted=True), copy=False)
            query = query.group_by(inner.copy(), copy=False)
            on.append(exp.EQ(this=outer.copy(), expression=column(name, self.alias)))
        for output in self.outputs:
            call = exp.alias_(output.tree(conditional=not same), output.name, quoted=True)
            query = query.select(call, copy=False)
        if same and self.outputs[0].condition is not None:
            query = query.where(self.outputs[0].condition.copy(), copy=False)
        elif not same and None not in conditions:
            either = [c for output in self.outputs if (c := output.condition) is not None]
            query = query.where(disjunction(either), copy=False)
        if self.narrow and isinstance(rows, exp.Table):
            query = query.where(self._has_row(rows), copy=False)
        return aliased(query.subquery(), self.alias), exp.and_(*on)

    def _has_row(self, rows: exp.Table) -> exp.Expr:
        """Whether one of the rows at hand is linked; it costs less than groups nobody asks for."""
        own = exp.Select().select("1").from_(table(rows.name, _OWN))
        for outer, inner in self.keys:
            tie = exp.EQ(this=column(outer.name, _OWN), expression=inner.copy())
            own = own.where(tie, copy=False)
        return exp.Exists(this=own)


@dataclass(frozen=True)
class Picked:
    """A LEFT JOIN to one linked row of each group, chosen by an order."""

    alias: str
    query: exp.Select
    keys: tuple[exp.Expr, ...]

    def merged(self, _: "Join") -> "Join":
        """The same choice asked for twice is one."""
        return self

    def clause(self, _: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
        """The subquery of chosen rows and the join condition."""
        on = [
            exp.EQ(this=outer.copy(), expression=column(f"__k{position}", self.alias))
            for position, outer in enumerate(self.keys)
        ]
        return aliased(self.query.copy().subquery(), self.alias), exp.and_(*on)


Join = Lookup | Grouped | Picked


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


def merge_joins(several: Iterable[Mapping[str, Join]]) -> dict[str, Join]:
    """One mapping in order of first need; joins of the same alias become one."""
    found: dict[str, Join] = {}
    for joins in several:
        for alias, join in joins.items():
            found[alias] = found[alias].merged(join) if alias in found else join
    return found


def attach(query: exp.Select, joins: Mapping[str, Join]) -> exp.Select:
    """The query with each join as a LEFT JOIN, in order."""
    rows = query.args["from_"].this
    for join in joins.values():
        source, on = join.clause(rows)
        query = query.join(source, on=on, join_type="left", copy=False)
    return query


def identifier(name: str) -> exp.Identifier:
    """A quoted identifier: user names never meet keywords or case folding."""
    return exp.to_identifier(name, quoted=True)


def column(name: str, alias: str) -> exp.Column:
    """A quoted column of a source."""
    return exp.Column(this=identifier(name), table=identifier(alias))


def table(name: str, alias: str) -> exp.Expr:
    """A bound table under an alias."""
    return aliased(exp.Table(this=identifier(name)), alias)


def aliased(source: exp.Expr, alias: str) -> exp.Expr:
    """A table or subquery under a quoted alias."""
    source.set("alias", exp.TableAlias(this=identifier(alias)))
    return source


def ordered(tree: exp.Expr, descending: bool) -> exp.Ordered:
    """An ORDER BY item that states NULLS LAST."""
    return exp.Ordered(this=tree, desc=descending, nulls_first=False)


def is_never_null(tree: exp.Expr) -> bool:
    """Whether a condition is true or false whatever the columns hold, as far as its form shows."""
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if isinstance(tree, exp.Or) and isinstance(tree.this, exp.Is):  # x IS NULL OR x = 'a'
        other = tree.expression
        return (
            isinstance(other, exp.EQ)
            and other.this == tree.this.this
            and isinstance(other.expression, exp.Literal)
        )
    return isinstance(tree, exp.Boolean | exp.Exists | exp.Not | exp.Is | exp.NullSafeNEQ)


def coalesce(*trees: exp.Expr) -> exp.Expr:
    """The first that is not NULL."""
    return exp.Coalesce(this=trees[0], expressions=list(trees[1:]))


def negation(tree: exp.Expr) -> exp.Expr:
    """NOT of a tree that is never NULL."""
    return exp.Not(this=exp.paren(tree, copy=False))


def disjunction(trees: list[exp.Expr]) -> exp.Expr:
    """OR of conditions, each in parentheses."""
    return exp.or_(*[tree.copy() for tree in trees])


def case(branches: list[tuple[exp.Expr, exp.Expr]], default: exp.Expr | None = None) -> exp.Case:
    """CASE WHEN … THEN … ELSE … END."""
    ifs = [exp.If(this=condition, true=result) for condition, result in branches]
    return exp.Case(ifs=ifs, default=default)


def cast(tree: exp.Expr, to: Type) -> exp.Expr:
    """CAST to the SQL type of `to`."""
    return exp.Cast(this=tree, to=exp.DataType.build(SQL_TYPES[to]))


def constant(value: object, type_: Type) -> exp.Expr:
    """A Python value as a typed SQL literal; None is a typed NULL. Naive datetimes are refused."""
    if value is None:
        return cast(exp.null(), type_)
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        text = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix(".000000")
        return cast(exp.Literal.string(text), Type.TIMESTAMP)
    if isinstance(value, date):
        return cast(exp.Literal.string(value.isoformat()), Type.DATE)
    if isinstance(value, int | float):
        return _number(value, type_)
    return exp.Literal.string(str(value))


def _number(value: int | float, type_: Type) -> exp.Expr:
    if not math.isfinite(value):
        raise ValueError("a number must be finite")
    literal: exp.Expr = exp.Literal.number(repr(abs(value)))
    if type_ is Type.NUMBER or abs(value) > 2**31 - 1:
        literal = cast(literal, type_)
    return exp.Neg(this=literal) if value < 0 else literal
