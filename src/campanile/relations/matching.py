"""Matching rows with the rows of another table, by equal expressions or by a rule over both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from campanile.errors import DefinitionError
from campanile.relations.compiler import Compiler
from campanile.relations.frames import path_of
from campanile.relations.parse import parse, refusal
from campanile.relations.relation import OTHER, Relation
from campanile.relations.rules import compile_value, finished, guarded, outermost
from campanile.relations.scope import Scope
from campanile.relations.types import Type
from campanile.relations.values import ROW, Compiled, aliased, column, identifier

SIDES = ("input", "target")


@dataclass(frozen=True)
class Side:
    """The rows of one side of a match, and what their expressions can reach."""

    rows: Relation
    scope: Scope


@dataclass
class _Terms:
    """The expressions of each side that the condition names, each as a column of its own."""

    sides: Mapping[str, Side]
    columns: dict[str, dict[str, Compiled]] = field(
        default_factory=lambda: {side: {} for side in SIDES}
    )

    def column(self, side: str, text: str) -> exp.Column:
        """The column that holds an expression; a text without characters is nothing."""
        rows, scope = self.sides[side].rows, self.sides[side].scope
        own = scope.over(rows.schema, rows.source)
        value = compile_value(text, own)
        if value.type is Type.TEXT:
            value = compile_value(f"nullif({text}, '')", own)
        alias = f"__{side}_{len(self.columns[side])}"
        self.columns[side][alias] = value
        return exp.Column(this=identifier(alias))


def match_rows(
    rows: Side, target: Side, on: Mapping[str, str] | str, columns: Mapping[str, str]
) -> Relation:
    """Every pair of a row and a target row that match: the row's key and `{alias: target column}`.

    `on` is `{expression of the row: expression of the target}`, all equal, or a rule that names
    both as `input.x` and `target.y`. Nothing matches nothing. The result has no key: a row may
    match several times, and rows without a match are not in it.
    """
    if not rows.rows.key:
        raise DefinitionError("Rows without a key cannot be matched.", code="no_key")
    terms = _Terms({"input": rows, "target": target})
    condition = _equalities(terms, on) if isinstance(on, Mapping) else _rule(terms, on)
    left = rows.rows.derive(terms.columns["input"])
    left = left.select([*rows.rows.key, *terms.columns["input"]])
    right = target.rows.derive(terms.columns["target"])
    pairs = _crossed(left, right, rows.rows.key, columns, list(terms.columns["target"]))
    compiler = Compiler(
        replace(rows.scope, entity=None, row_key=(), columns=pairs.schema, direct=False)
    )
    frame = outermost(compiler.scope)
    value = guarded(lambda: compiler.condition(condition, frame))
    matched = pairs.filter(finished(compiler, frame, value, Type.BOOLEAN, str(on)))
    return matched.select([*rows.rows.key, *columns])


def _equalities(terms: _Terms, on: Mapping[str, str]) -> exp.Expr:
    if not on:
        raise DefinitionError("A match needs at least one pair.", code="no_match")
    return exp.and_(*[
        exp.EQ(this=terms.column("input", left), expression=terms.column("target", right))
        for left, right in on.items()
    ])  # fmt: skip


def _rule(terms: _Terms, rule: str) -> exp.Expr:
    """The rule with each `input.x` and `target.y` replaced by the column that holds it."""

    def replaced(node: exp.Expr) -> exp.Expr:
        path = path_of(node)
        if path is None or path[0] == "param":
            return node
        if path[0] not in SIDES or len(path) < 2:
            raise refusal(
                "match_side",
                f"'{'.'.join(path)}' does not say whose it is.",
                f"Write input.{path[-1]} or target.{path[-1]}.",
                node,
            )
        return terms.column(path[0], ".".join(path[1:]))

    return parse(rule).transform(replaced)


def _crossed(
    left: Relation,
    right: Relation,
    key: Sequence[str],
    columns: Mapping[str, str],
    terms: Sequence[str],
) -> Relation:
    """Every pair; the engine turns the condition that follows into a hash join."""
    for alias in columns:
        if alias in key:
            raise DefinitionError(f"There is already a column '{alias}'.", code="duplicate_column")
    taken = {**{term: term for term in terms}, **columns}
    query = exp.Select().select(*[column(name, ROW) for name in left.schema])
    for alias, name in taken.items():
        right.select([name])  # refuses a column that is not there
        query = query.select(exp.alias_(column(name, OTHER), alias, quoted=True), copy=False)
    query = query.from_(aliased(left.query.copy().subquery(), ROW)).join(
        aliased(right.query.copy().subquery(), OTHER), join_type="cross", copy=False
    )
    schema = {**left.schema, **{alias: right.schema[name] for alias, name in taken.items()}}
    return Relation(query, schema)
