"""The joins that a rule needs: to one row, to grouped rows, to a chosen row of a group."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from campanile.relations.sql import aliased, case, column, disjunction, table

_OWN = "__own"


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
