"""Matching rows with the rows of another table, by equal expressions or by a rule over both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from sqlglot import exp

from campanile.errors import DefinitionError, in_option
from campanile.relations.compiler import Compiler
from campanile.relations.parse import parse, refusal
from campanile.relations.paths import path_of
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value, finished, guarded, outermost
from campanile.relations.scope import Scope
from campanile.relations.sql import ROW, cast, coalesce, column
from campanile.relations.types import Type
from campanile.relations.values import Compiled, Order

PARTNERS: Final = "__partners"  # how many rows of the target fit
_SideName = Literal["input", "target"]
_PLACE = "__place"


@dataclass(frozen=True)
class Side:
    """The rows of one side of a match, and what their expressions can reach."""

    rows: Relation
    scope: Scope

    def value(self, text: str) -> Compiled:
        """An expression over the rows."""
        return compile_value(text, self.own())

    def tree(self, node: exp.Expr) -> Compiled:
        """The same for a parsed expression without the name of the side."""
        compiler = Compiler(self.own())
        frame = outermost(compiler.scope)
        value = guarded(lambda: compiler.value(node, frame))
        return finished(compiler, frame, value, value.type or Type.TEXT, node.sql())

    def own(self) -> Scope:
        """What they can reach; messages are asked about elsewhere."""
        return replace(self.scope.over(self.rows.schema, self.rows.source), messages=None)


@dataclass(frozen=True)
class Match:
    """Rows and their partners, tied by the columns `ids` that both have.

    `rows` are all rows of the input; `pairs` the rows of the target that fit any of them, once for
    each combination of `ids`. An id that is NULL has no partner.
    """

    rows: Relation
    pairs: Relation
    ids: tuple[str, ...]
    keys: tuple[str, ...]  # those of the ids that must not be empty

    def one(self, order: Sequence[Order] = ()) -> Relation:
        """One partner for each combination of `ids`, the first of the order, and `PARTNERS`.

        The key of the target ends the order, so that the same one is found each time.
        """
        ranked = self.pairs.ranked(_PLACE, self.ids, order)
        several = exp.Window(
            this=exp.Count(this=exp.Star()), partition_by=[column(name, ROW) for name in self.ids]
        )
        tree = cast(several, Type.INTEGER)
        counted = ranked.derive({PARTNERS: Compiled(tree, tree, Type.INTEGER)})
        first = exp.EQ(this=column(_PLACE, ROW), expression=exp.Literal.number(1))
        return replace(counted.filter(first).drop([_PLACE]), key=self.ids)


@dataclass
class _Sides:
    """What a condition asks of each side: equal keys, and other values that it compares."""

    prefix: str
    keys: list[tuple[Compiled, Compiled]] = field(default_factory=list)
    others: dict[_SideName, dict[str, Compiled]] = field(
        default_factory=lambda: {"input": {}, "target": {}}
    )
    rest: list[exp.Expr] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns with the keys, of the same names on both sides."""
        return tuple(f"{self.prefix}key_{number}" for number in range(len(self.keys)))


def find_partners(
    rows: Side, target: Side, on: Mapping[str, str] | str, prefix: str = "__"
) -> Match:
    """Tie each row to the rows of the target that match it; no pair of rows is tried in vain.

    `on` is `{expression of the row: expression of the target}`, all equal, or a rule that names
    both as `input.x` and `target.y` and holds at least one equality between them. Nothing (NULL, or
    a text without characters) equals nothing. `prefix` begins the names of the columns it adds.
    """
    asked = _equal(rows, target, on, prefix) if isinstance(on, Mapping) else _ruled(
        rows, target, on, prefix
    )  # fmt: skip
    _require_same_types(asked)
    names = asked.names
    left = rows.rows.derive({n: _filled(k[0]) for n, k in zip(names, asked.keys, strict=True)})
    right = target.rows.derive({n: _filled(k[1]) for n, k in zip(names, asked.keys, strict=True)})
    if not asked.rest:
        return Match(left, right.semi(left.select(names), names), names, names)
    return _with_rest(asked, left, right, rows.scope)


def _equal(rows: Side, target: Side, on: Mapping[str, str], prefix: str) -> _Sides:
    if not on:
        raise DefinitionError("A match needs at least one pair.", code="no_match")
    found = _Sides(prefix)
    for left, right in on.items():
        with in_option(left):
            try:
                own = rows.value(left)
            except DefinitionError as error:
                error.offset = None  # the text is the key of a pair
                raise
            found.keys.append((own, target.value(right)))
    return found


def _ruled(rows: Side, target: Side, rule: str, prefix: str) -> _Sides:
    found = _Sides(prefix)
    for part in _conjuncts(parse(rule)):
        pair = _equality(part, rows, target)
        if pair is not None:
            found.keys.append(pair)
        else:
            found.rest.append(_named(part, rows, target, found))
    if not found.keys:
        raise DefinitionError(
            "The rule compares every row with every row of the target.",
            remedy="Let it begin with an equality, such as input.email = target.email and …",
            code="no_equality",
            offset=0,
        )
    return found


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Paren):
        yield from _conjuncts(node.this)
    elif isinstance(node, exp.And):
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    else:
        yield node


def _equality(node: exp.Expr, rows: Side, target: Side) -> tuple[Compiled, Compiled] | None:
    """The values of an equality between something of the row and something of the target."""
    if not isinstance(node, exp.EQ):
        return None
    sides = [_sides_of(node.this), _sides_of(node.expression)]
    if sides == [{"input"}, {"target"}]:
        return rows.tree(_bare(node.this)), target.tree(_bare(node.expression))
    if sides == [{"target"}, {"input"}]:
        return rows.tree(_bare(node.expression)), target.tree(_bare(node.this))
    return None


def _sides_of(node: exp.Expr) -> set[str]:
    """The sides that an expression speaks about; a name without a side is refused."""
    return {_side(path, at) for path, at in _paths(node)}


def _paths(node: exp.Expr) -> Iterator[tuple[tuple[str, ...], exp.Expr]]:
    """The paths in an expression but those of parameters."""
    path = path_of(node)
    if path is None:
        for child in node.iter_expressions():
            yield from _paths(child)
    elif path[0] != "param":
        yield path, node


def _side(path: tuple[str, ...], at: exp.Expr) -> _SideName:
    if len(path) > 1 and path[0] == "input":
        return "input"
    if len(path) > 1 and path[0] == "target":
        return "target"
    raise refusal(
        "match_side",
        f"'{'.'.join(path)}' does not say whose it is.",
        f"Write input.{path[-1]} or target.{path[-1]}.",
        at,
    )


def _bare(node: exp.Expr) -> exp.Expr:
    """The expression without the name of its side."""

    def shortened(part: exp.Expr) -> exp.Expr:
        path = path_of(part)
        if path is None or path[0] == "param":
            return part
        tree: exp.Expr = exp.column(path[1], quoted=True)
        for name in path[2:]:
            tree = exp.Dot(this=tree, expression=exp.to_identifier(name, quoted=True))
        tree.meta.update(part.meta)
        return tree

    return node.transform(shortened)


def _named(node: exp.Expr, rows: Side, target: Side, found: _Sides) -> exp.Expr:
    """The condition with each `input.x` and `target.y` replaced by a column that holds it."""
    sides: Mapping[_SideName, Side] = {"input": rows, "target": target}

    def replaced(part: exp.Expr) -> exp.Expr:
        path = path_of(part)
        if path is None or path[0] == "param":
            return part
        side = _side(path, part)
        name = f"{found.prefix}{side}_{len(found.others[side])}"
        found.others[side][name] = sides[side].tree(_bare(part))
        taken = exp.column(name, quoted=True)
        taken.meta.update(part.meta)
        return taken

    return node.transform(replaced)


def _with_rest(asked: _Sides, left: Relation, right: Relation, scope: Scope) -> Match:
    """Pairs that are equal in the keys and for which the rest of the rule holds.

    Rows that say the same have the same partners, so each combination is compared once.
    """
    names, own = asked.names, asked.others["input"]
    texts = {f"{asked.prefix}same_{number}": name for number, name in enumerate(own)}
    rows = left.derive(own)
    rows = rows.derive({text: _as_text(name) for text, name in texts.items()})
    ids = (*names, *texts)
    different = rows.select([*ids, *own]).distinct()
    theirs = right.derive(asked.others["target"])
    wanted = {name: name for name in theirs.schema if name not in names}
    pairs = different.join_many(theirs, names, wanted, "inner")
    compiler = Compiler(
        replace(scope, entity=None, row_key=(), columns=pairs.schema, direct=False, messages=None)
    )
    frame = outermost(compiler.scope)
    values = [compiler.condition(part, frame).tree for part in asked.rest]
    pairs = pairs.filter(exp.and_(*[exp.func("COALESCE", v, exp.false()) for v in values]))
    kept = pairs.select([*ids, *(name for name in right.schema if name not in names)])
    return Match(rows, replace(kept, key=right.key), ids, names)


def _as_text(name: str) -> Compiled:
    """A value as a text that is never NULL, so that equal rows can be told by equality."""
    marked = exp.DPipe(
        this=exp.Literal.string("="), expression=cast(column(name, ROW), Type.TEXT), safe=True
    )
    tree = coalesce(marked, exp.Literal.string(""))
    return Compiled(tree, tree, Type.TEXT)


def _filled(value: Compiled) -> Compiled:
    """The value, a text without characters taken as nothing."""
    if value.type is not Type.TEXT:
        return value
    tree = exp.Nullif(this=value.tree.copy(), expression=exp.Literal.string(""))
    return replace(value, tree=tree, predicate=tree)


def _require_same_types(asked: _Sides) -> None:
    for own, other in asked.keys:
        types = {own.type, other.type}
        if len(types) > 1 and types != {Type.INTEGER, Type.NUMBER}:
            raise DefinitionError(
                f"'{own.text}' is {own.type} and '{other.text}' is {other.type}:"
                " they cannot match.",
                remedy="Convert one of them, for instance with to_text() or to_number().",
                code="type",
            )
