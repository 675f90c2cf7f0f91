"""A query with a typed schema and a key, refined step by step; no engine is asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from sqlglot import exp

from campanile.relations.chances import chance
from campanile.relations.columns import require, require_columns, require_new
from campanile.relations.functions.digests import below_share
from campanile.relations.joins import Join, attach, merge_joins
from campanile.relations.pairs import OTHER, On, aligned, has_partner, paired, tied
from campanile.relations.rules import compile_rule, compile_value
from campanile.relations.scope import EntityTable, Scope
from campanile.relations.sql import ROW, aliased, cast, column, constant, ordered, table
from campanile.relations.types import Schema, Type
from campanile.relations.values import Compiled, Order

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
        require_columns(key, schema)
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
            require(condition.type is Type.BOOLEAN, "type", "A filter needs a condition.")
            joins, tree = condition.joins, condition.predicate
        query = self._select(joins).where(tree.copy(), copy=False)  # type: ignore[union-attr]
        return replace(self, query=query)

    def semi(self, other: "Relation", on: On) -> "Relation":
        """The rows that have a partner in `other`."""
        return self.filter(has_partner(other.query, paired(self.schema, other.schema, on)))

    def anti(self, other: "Relation", on: On) -> "Relation":
        """The rows that have no partner in `other`; an empty value has none."""
        partner = has_partner(other.query, paired(self.schema, other.schema, on))
        return self.filter(exp.Not(this=partner))

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
        branches += [
            exp.Select().select(*aligned(self.schema, other.schema)).from_(other._from())
            for other in others
        ]
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
        require_new(columns, self.schema)
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
        require_columns(columns, self.schema)
        query = (
            exp.Select().select(*[column(c, ROW) for c in columns]).from_(self._from(), copy=False)
        )
        key = self.key if set(self.key) <= set(columns) else ()
        whole = set(columns) >= set(self.schema)
        schema = {name: self.schema[name] for name in columns}
        return Relation(query, schema, key, self.source if whole else None)

    def drop(self, columns: Sequence[str]) -> "Relation":
        """All columns but these."""
        require_columns(columns, self.schema)
        return self.select([name for name in self.schema if name not in set(columns)])

    def rename(self, names: Mapping[str, str]) -> "Relation":
        """Columns under new names."""
        require_columns(list(names), self.schema)
        new = [names.get(name, name) for name in self.schema]
        require(len(set(new)) == len(new), "duplicate_column", "Two columns would have one name.")
        items = [
            exp.alias_(column(c, ROW), n, quoted=True)
            for c, n in zip(self.schema, new, strict=True)
        ]
        query = exp.Select().select(*items).from_(self._from(), copy=False)
        schema = {names.get(name, name): type_ for name, type_ in self.schema.items()}
        return Relation(query, schema, tuple(names.get(part, part) for part in self.key))

    def hash_value(self, salt: str, columns: Sequence[str] | None = None) -> Compiled:
        """Eight hexadecimal digits of md5(salt, key): chance that repeats, on all engines alike."""
        parts = tuple(columns) if columns is not None else self.key
        require(bool(parts), "no_key", "Rows without a key cannot be drawn by chance.")
        require_columns(parts, self.schema)
        tree = chance(parts, salt)
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
        query = attach(
            exp.Select().from_(self._from(), copy=False), merge_joins(part.joins for part in parts)
        )
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
        pairs = paired(self.schema, other.schema, on)
        covered = bool(other.key) and set(other.key) <= {right for _, right in pairs}
        require(
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
        joined = self._joined(other, paired(self.schema, other.schema, on), columns, how)
        return replace(joined, key=(), source=None)

    def _joined(
        self,
        other: "Relation",
        pairs: Sequence[tuple[str, str]],
        columns: Mapping[str, str],
        how: Literal["left", "inner"],
    ) -> "Relation":
        require_columns(list(columns.values()), other.schema)
        require_new(columns, self.schema)
        query = self._select().join(
            aliased(other.query.subquery(), OTHER), on=tied(pairs), join_type=how, copy=False
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
        return aliased(self.query.subquery(), ROW)

    def _select(self, joins: Mapping[str, Join] | None = None) -> exp.Select:
        query = (
            exp.Select()
            .select(*[column(c, ROW) for c in self.schema])
            .from_(self._from(), copy=False)
        )
        return attach(query, joins or {})

    def _terms(self, order: Sequence[Order]) -> list[exp.Ordered]:
        return [o.term() for o in order] + [ordered(column(part, ROW), False) for part in self.key]

    def _group(self, item: Compiled | str) -> Compiled:
        if isinstance(item, Compiled):
            return item
        require_columns([item], self.schema)
        tree = column(item, ROW)
        return _plain(tree, self.schema[item])


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
