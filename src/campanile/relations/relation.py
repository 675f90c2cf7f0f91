"""A query with a typed schema and a key, refined step by step; no engine is asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from sqlglot import exp

from campanile.errors import DefinitionError
from campanile.relations.functions.digests import below_share
from campanile.relations.parse import did_you_mean
from campanile.relations.rules import compile_rule, compile_value
from campanile.relations.scope import EntityTable, Scope
from campanile.relations.types import Schema, Type
from campanile.relations.values import (
    ROW,
    Compiled,
    Join,
    Order,
    aliased,
    attach,
    cast,
    column,
    constant,
    merge_joins,
    ordered,
    table,
)

OTHER = "__other"  # the alias of the second relation of a join
On = Mapping[str, str] | Sequence[str]  # left column to right column, or names common to both

_COUNTED: Final = exp.GTE(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(0))


@dataclass(frozen=True)
class Relation:
    """Rows to be, described and not yet read.

    `key` identifies a row (empty: nothing does); `source` is the bound table whose own rows these
    are, so that its attributes need no join. Every operator returns a new relation and raises
    DefinitionError when columns, types or keys do not fit.
    """

    query: exp.Select
    schema: Schema
    key: tuple[str, ...] = ()
    source: str | None = None

    @staticmethod
    def table(name: str, schema: Schema, key: Sequence[str] = ()) -> "Relation":
        """All rows of a bound table."""
        query = exp.Select().select(*[column(c, ROW) for c in schema]).from_(table(name, ROW))
        _known(key, schema)
        return Relation(query, dict(schema), tuple(key), name)

    @staticmethod
    def of(entity: EntityTable) -> "Relation":
        """All rows of an entity."""
        if entity.query is None:
            return Relation.table(entity.table, entity.schema, entity.key)
        return Relation(entity.query, dict(entity.schema), entity.key, entity.table)

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def where(self, rule: object, scope: Scope) -> "Relation":
        """The rows for which a rule holds."""
        return self.filter(compile_rule(rule, scope.over(self.schema, self.source)))

    def filter(self, condition: Compiled | exp.Expr) -> "Relation":
        """The rows for which a compiled condition, or a tree over `__row`, is true."""
        joins: Mapping[str, Join] = {}
        tree = condition
        if isinstance(condition, Compiled):
            _expect(condition.type is Type.BOOLEAN, "type", "A filter needs a condition.")
            joins, tree = condition.joins, condition.predicate
        query = self._select(joins).where(tree.copy(), copy=False)  # type: ignore[union-attr]
        return replace(self, query=query)

    def semi(self, other: "Relation", on: On) -> "Relation":
        """The rows that have a partner in `other`."""
        return self.filter(self._partner(other, on))

    def anti(self, other: "Relation", on: On) -> "Relation":
        """The rows that have no partner in `other`; an empty value has none."""
        return self.filter(exp.Not(this=self._partner(other, on)))

    def limit(self, n: int, order: Sequence[Order] = ()) -> "Relation":
        """The first `n` rows of an order that the key ends."""
        query = self._select(merge_joins(o.value.joins for o in order))
        query = query.order_by(*self._terms(order), copy=False).limit(n, copy=False)
        return replace(self, query=query)

    def in_order(self, order: Sequence[Order]) -> "Relation":
        """All rows in an order that the key ends, for whoever reads them one after the other."""
        query = self._select(merge_joins(o.value.joins for o in order))
        return replace(self, query=query.order_by(*self._terms(order), copy=False))

    def distinct(self, columns: Sequence[str] | None = None) -> "Relation":
        """Each combination of the columns (all) once; they become the key."""
        chosen = self if columns is None else self.select(columns)
        query = chosen._select().distinct(copy=False)
        return Relation(query, chosen.schema, tuple(chosen.schema))

    def union(self, others: Iterable["Relation"]) -> "Relation":
        """All rows of all relations, with the first one's columns; empty where another lacks one.

        The result has no key: the same row may come twice.
        """
        branches: list[exp.Select] = [self._select()]
        branches += [self._aligned(other) for other in others]
        joined: exp.Query = branches[0]
        for branch in branches[1:]:
            joined = exp.Union(this=joined, expression=branch, distinct=False)
        source = aliased(joined.subquery(), ROW)
        query = exp.Select().select(*[column(c, ROW) for c in self.schema]).from_(source)
        return Relation(query, self.schema, ())

    # ── columns ─────────────────────────────────────────────────────────────────────────────────

    def add(self, columns: Mapping[str, str], scope: Scope) -> "Relation":
        """Computed columns, each a text of the rule language over the rows as they are now."""
        own = scope.over(self.schema, self.source)
        return self.derive(
            {alias: compile_value(text, own, windows=True) for alias, text in columns.items()}
        )

    def derive(self, columns: Mapping[str, Compiled]) -> "Relation":
        """Computed columns from compiled values; an existing name is refused."""
        for alias in columns:
            _expect(
                alias not in self.schema,
                "duplicate_column",
                f"There is already a column '{alias}'.",
            )
        query = self._select(merge_joins(value.joins for value in columns.values()))
        for alias, value in columns.items():
            query = query.select(exp.alias_(value.tree.copy(), alias, quoted=True), copy=False)
        schema = {**self.schema, **{alias: value.type for alias, value in columns.items()}}
        return replace(self, query=query, schema=schema)

    def with_constant(self, alias: str, value: object, type_: Type) -> "Relation":
        """A column that has the same value in every row."""
        tree = constant(value, type_)
        tree = tree if value is None else cast(tree, type_)
        return self.derive({alias: Compiled(tree, tree, type_)})

    def select(self, columns: Sequence[str]) -> "Relation":
        """Only these columns, in this order; the key stays if all of it does."""
        _known(columns, self.schema)
        query = exp.Select().select(*[column(c, ROW) for c in columns]).from_(self._from())
        key = self.key if set(self.key) <= set(columns) else ()
        whole = set(columns) >= set(self.schema)
        schema = {name: self.schema[name] for name in columns}
        return Relation(query, schema, key, self.source if whole else None)

    def drop(self, columns: Sequence[str]) -> "Relation":
        """All columns but these."""
        _known(columns, self.schema)
        return self.select([name for name in self.schema if name not in set(columns)])

    def rename(self, names: Mapping[str, str]) -> "Relation":
        """Columns under new names."""
        _known(list(names), self.schema)
        new = [names.get(name, name) for name in self.schema]
        _expect(len(set(new)) == len(new), "duplicate_column", "Two columns would have one name.")
        items = [
            exp.alias_(column(c, ROW), n, quoted=True)
            for c, n in zip(self.schema, new, strict=True)
        ]
        query = exp.Select().select(*items).from_(self._from())
        schema = {names.get(name, name): type_ for name, type_ in self.schema.items()}
        return Relation(query, schema, tuple(names.get(part, part) for part in self.key))

    def hash_bucket(
        self, alias: str, salt: str, columns: Sequence[str] | None = None
    ) -> "Relation":
        """Eight hexadecimal digits of md5(salt, key): chance that repeats, on all engines alike."""
        return self.derive({alias: self.hash_value(salt, columns)})

    def hash_value(self, salt: str, columns: Sequence[str] | None = None) -> Compiled:
        """The value of `hash_bucket`, for an order or a share."""
        parts = tuple(columns) if columns is not None else self.key
        _expect(bool(parts), "no_key", "Rows without a key cannot be drawn by chance.")
        _known(parts, self.schema)
        text: exp.Expr = exp.Literal.string(salt)
        for part in parts:
            text = exp.DPipe(this=text, expression=exp.Literal.string("\x1f"), safe=True)
            plain = exp.Coalesce(
                this=cast(column(part, ROW), Type.TEXT), expressions=[exp.Literal.string("")]
            )
            text = exp.DPipe(this=text, expression=plain, safe=True)
        tree = exp.Left(this=exp.MD5(this=text), expression=exp.Literal.number(8))
        return Compiled(tree, tree, Type.TEXT)

    def share(self, salt: str, start: float, end: float) -> "Relation":
        """The rows whose chance lies from `start` up to `end` percent; stable for each row."""
        bucket = self.hash_value(salt).tree
        above = exp.Not(this=exp.paren(below_share(bucket.copy(), start), copy=False))
        return self.filter(exp.and_(above, below_share(bucket.copy(), end), copy=False))

    # ── groups and ranks ────────────────────────────────────────────────────────────────────────

    def ranked(
        self, alias: str, by: Sequence[Compiled | str], order: Sequence[Order]
    ) -> "Relation":
        """A column with the place of each row in its group, from 1; the key ends the order.

        What looks at other rows itself becomes a column first: windows do not nest.
        """
        if any(o.value.tree.find(exp.Window) for o in order):
            values = {f"__order_{number}": o.value for number, o in enumerate(order)}
            sorting = [
                Order(_plain(column(name, ROW), o.value.type), o.descending)
                for (name, o) in zip(values, order, strict=True)
            ]
            placed = self.derive(values).ranked(alias, by, sorting).select([*self.schema, alias])
            return replace(placed, key=self.key, source=self.source)
        groups = [self._group(item) for item in by]
        joins = merge_joins([*(g.joins for g in groups), *(o.value.joins for o in order)])
        window = exp.Window(
            this=exp.RowNumber(),
            partition_by=[group.tree.copy() for group in groups],
            order=exp.Order(expressions=self._terms(order)),
        )
        tree = cast(window, Type.INTEGER)
        return self.derive({alias: Compiled(tree, tree, Type.INTEGER, joins)})

    def top(self, by: Sequence[Compiled | str], order: Sequence[Order], n: int = 1) -> "Relation":
        """The first `n` rows of each group."""
        ranked = self.ranked("__rank", by, order)
        condition = exp.LTE(this=column("__rank", ROW), expression=exp.Literal.number(n))
        kept = ranked.filter(condition).select(list(self.schema))
        return replace(kept, key=self.key, source=self.source)

    def aggregate(
        self,
        by: Mapping[str, Compiled] | Sequence[str],
        columns: Mapping[str, Compiled],
        having: Compiled | None = None,
    ) -> "Relation":
        """One row per group, one in all without groups; columns come from `compile_aggregate`."""
        groups = by if isinstance(by, Mapping) else {name: self._group(name) for name in by}
        parts = [*groups.values(), *columns.values(), *([having] if having else [])]
        query = attach(exp.Select().from_(self._from()), merge_joins(part.joins for part in parts))
        for alias, value in {**groups, **columns}.items():
            query = query.select(exp.alias_(value.tree.copy(), alias, quoted=True), copy=False)
        for value in groups.values():
            query = query.group_by(value.tree.copy(), copy=False)
        if having is not None:
            query = query.having(having.predicate.copy(), copy=False)
        elif not groups:  # constants alone would give a row for each of the rows
            query = query.having(_COUNTED.copy(), copy=False)
        schema = {alias: value.type for alias, value in {**groups, **columns}.items()}
        return Relation(query, schema, tuple(groups))

    # ── two relations ───────────────────────────────────────────────────────────────────────────

    def join_one(
        self,
        other: "Relation",
        on: On,
        columns: Mapping[str, str],
        how: Literal["left", "inner"] = "left",
    ) -> "Relation":
        """Columns `{alias: column of other}` of the one partner; more than one cannot be.

        Raises DefinitionError when `on` does not cover the key of `other`.
        """
        pairs = self._pairs(other, on)
        covered = bool(other.key) and set(other.key) <= {right for _, right in pairs}
        _expect(
            covered,
            "not_unique",
            "A row could find several partners: the match must cover the "
            f"key ({', '.join(other.key) or 'there is none'}).",
        )
        return self._joined(other, pairs, columns, how)

    def join_many(
        self,
        other: "Relation",
        on: On,
        columns: Mapping[str, str],
        how: Literal["left", "inner"] = "left",
    ) -> "Relation":
        """Columns `{alias: column of other}` of each partner; empty where there is none.

        The result has no key: a row stands once for each of its partners.
        """
        joined = self._joined(other, self._pairs(other, on), columns, how)
        return replace(joined, key=(), source=None)

    def _joined(
        self,
        other: "Relation",
        pairs: Sequence[tuple[str, str]],
        columns: Mapping[str, str],
        how: Literal["left", "inner"],
    ) -> "Relation":
        _known(list(columns.values()), other.schema)
        for alias in columns:
            _expect(
                alias not in self.schema,
                "duplicate_column",
                f"There is already a column '{alias}'.",
            )
        query = self._select().join(
            aliased(other.query.copy().subquery(), OTHER), on=_tie(pairs), join_type=how, copy=False
        )
        for alias, name in columns.items():
            query = query.select(exp.alias_(column(name, OTHER), alias, quoted=True), copy=False)
        schema = {**self.schema, **{alias: other.schema[name] for alias, name in columns.items()}}
        return Relation(query, schema, self.key, self.source)

    # ── text ────────────────────────────────────────────────────────────────────────────────────

    def sql(self, dialect: str = "duckdb", pretty: bool = False) -> str:
        """The query as an engine reads it, values included: keep it out of logs and metadata."""
        return self.query.sql(dialect=dialect, pretty=pretty)

    def sql_without_literals(self, dialect: str = "duckdb", pretty: bool = True) -> str:
        """The query with every value replaced by `?`, for people to read."""
        bare = self.query.transform(
            lambda node: exp.Placeholder() if isinstance(node, exp.Literal) else node
        )
        return bare.sql(dialect=dialect, pretty=pretty, copy=False)

    # ── inside ──────────────────────────────────────────────────────────────────────────────────

    def _from(self) -> exp.Expr:
        if _is_plain(self.query):
            return self.query.args["from_"].this.copy()  # type: ignore[no-any-return]
        return aliased(self.query.copy().subquery(), ROW)

    def _select(self, joins: Mapping[str, Join] | None = None) -> exp.Select:
        query = exp.Select().select(*[column(c, ROW) for c in self.schema]).from_(self._from())
        return attach(query, joins or {})

    def _terms(self, order: Sequence[Order]) -> list[exp.Ordered]:
        return [o.term() for o in order] + [ordered(column(part, ROW), False) for part in self.key]

    def _group(self, item: Compiled | str) -> Compiled:
        if isinstance(item, Compiled):
            return item
        _known([item], self.schema)
        tree = column(item, ROW)
        return _plain(tree, self.schema[item])

    def _pairs(self, other: "Relation", on: On) -> list[tuple[str, str]]:
        pairs = list(on.items()) if isinstance(on, Mapping) else [(name, name) for name in on]
        _expect(bool(pairs), "no_match", "A match needs at least one pair of columns.")
        _known([left for left, _ in pairs], self.schema)
        _known([right for _, right in pairs], other.schema)
        for left, right in pairs:
            types = {self.schema[left], other.schema[right]}
            fits = len(types) == 1 or types == {Type.INTEGER, Type.NUMBER}
            _expect(
                fits,
                "type",
                f"'{left}' is {self.schema[left]} and '{right}' is "
                f"{other.schema[right]}: they cannot match.",
            )
        return pairs

    def _partner(self, other: "Relation", on: On) -> exp.Exists:
        pairs = self._pairs(other, on)
        query = exp.Select().select("1").from_(aliased(other.query.copy().subquery(), OTHER))
        return exp.Exists(this=query.where(_tie(pairs), copy=False))

    def _aligned(self, other: "Relation") -> exp.Select:
        query = exp.Select().from_(other._from())
        for name, type_ in self.schema.items():
            tree: exp.Expr = cast(exp.null(), type_)
            if name in other.schema:
                types = {type_, other.schema[name]}
                fits = len(types) == 1 or types == {Type.INTEGER, Type.NUMBER}
                _expect(
                    fits,
                    "type",
                    f"Column '{name}' is {type_} in one set and {other.schema[name]} in another.",
                )
                tree = column(name, ROW) if len(types) == 1 else cast(column(name, ROW), type_)
            query = query.select(exp.alias_(tree, name, quoted=True), copy=False)
        return query


def _tie(pairs: Sequence[tuple[str, str]]) -> exp.Expr:
    return exp.and_(*[exp.EQ(this=column(a, ROW), expression=column(b, OTHER)) for a, b in pairs])


def _plain(tree: exp.Expr, type_: Type) -> Compiled:
    return Compiled(tree, tree, type_)


def _is_plain(query: exp.Select) -> bool:
    """Whether a query only lists columns of one bound table."""
    used = {key for key, value in query.args.items() if value}
    if not used <= {"expressions", "from_"}:
        return False
    return isinstance(query.args["from_"].this, exp.Table) and all(
        isinstance(item, exp.Column) for item in query.expressions
    )


def _known(names: Iterable[str], schema: Schema) -> None:
    for name in names:
        if name not in schema:
            raise DefinitionError(
                f"There is no column '{name}'.",
                remedy=did_you_mean(name, schema),
                code="unknown_column",
            )


def _expect(holds: bool, code: str, message: str) -> None:
    if not holds:
        raise DefinitionError(message, code=code)
