"""Window functions: a value of a row among other rows, `rank(by => country, order => amount)`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlglot import exp

from campanile.relations.frames import Frame, References, key_columns
from campanile.relations.parse import refusal
from campanile.relations.scope import Scope
from campanile.relations.sql import cast, coalesce, ordered
from campanile.relations.types import Type
from campanile.relations.values import Value

_ANY = frozenset(Type) - {Type.LINES}
_NUMERIC = frozenset({Type.INTEGER, Type.NUMBER})
_BEFORE = {"kind": "ROWS", "start": "UNBOUNDED", "start_side": "PRECEDING"}
_RUNNING = {**_BEFORE, "end": "CURRENT ROW"}
_WHOLE = {**_BEFORE, "end": "UNBOUNDED", "end_side": "FOLLOWING"}


@dataclass(frozen=True)
class Window:
    """How a window function is called; `takes` are the types of its value, empty for none."""

    written: str
    description: str
    example: str
    takes: frozenset[Type] = frozenset()
    needs_order: bool = True
    breaks_ties: bool = True  # by the rows' key, so that each execution gives the same


_GROUP = "[, by => value]"
_ORDERED = "order => value[, by => value]"

WINDOW_FUNCTIONS: Mapping[str, Window] = {
    "row_number": Window(
        f"row_number([{_ORDERED}])",
        "The place of the row, from 1; equal rows by their key, and by it alone without an order.",
        "row_number(order => desc(amount), by => store_id)",
        needs_order=False,
    ),
    "rank": Window(
        f"rank({_ORDERED})",
        "The place of the row; equal ones share it, and the next place is left out.",
        "rank(order => desc(points), by => tier)",
        breaks_ties=False,
    ),
    "dense_rank": Window(
        f"dense_rank({_ORDERED})",
        "The place of the row; equal ones share it, and no place is left out.",
        "dense_rank(order => desc(points))",
        breaks_ties=False,
    ),
    "tile": Window(
        f"tile(parts, {_ORDERED})",
        "The part of the row, from 1, when the rows are cut in order into so many even parts.",
        "tile(10, order => desc(sum(orders.amount))) = 1",
        frozenset({Type.INTEGER}),
    ),
    "lag": Window(
        f"lag(value[, rows], {_ORDERED})",
        "The value of the row before, or so many rows before; empty when there is none.",
        "lag(placed_at, order => placed_at, by => customer_id)",
        _ANY,
    ),
    "lead": Window(
        f"lead(value[, rows], {_ORDERED})",
        "The value of the row after, or so many rows after; empty when there is none.",
        "lead(placed_at, order => placed_at, by => customer_id)",
        _ANY,
    ),
    "first_over": Window(
        f"first_over(value, {_ORDERED})",
        "The value of the first row of the group.",
        "first_over(city, order => placed_at, by => household)",
        _ANY,
    ),
    "last_over": Window(
        f"last_over(value, {_ORDERED})",
        "The value of the last row of the group.",
        "last_over(city, order => placed_at, by => household)",
        _ANY,
    ),
    "count_over": Window(
        f"count_over([{_ORDERED}])",
        "How many rows the group has; with an order, how many up to this one.",
        "count_over(by => household) > 1",
        needs_order=False,
    ),
    "sum_over": Window(
        f"sum_over(value{_GROUP}[, order => value])",
        "The sum over the group; with an order, the running sum up to this row.",
        "sum_over(amount, order => placed_at, by => customer_id)",
        _NUMERIC,
        needs_order=False,
    ),
    "avg_over": Window(
        f"avg_over(value{_GROUP}[, order => value])",
        "The average over the group; with an order, up to this row.",
        "points > avg_over(points, by => tier)",
        _NUMERIC,
        needs_order=False,
    ),
    "min_over": Window(
        f"min_over(value{_GROUP}[, order => value])",
        "The least value of the group; with an order, up to this row.",
        "min_over(placed_at, by => household)",
        _ANY,
        needs_order=False,
    ),
    "max_over": Window(
        f"max_over(value{_GROUP}[, order => value])",
        "The greatest value of the group; with an order, up to this row.",
        "amount = max_over(amount, by => customer_id)",
        _ANY,
        needs_order=False,
    ),
}


class WindowVisitor(Protocol):
    """What windows need of the compiler; `windows` says whether they may stand here."""

    scope: Scope
    references: References
    windows: bool

    def condition(self, node: exp.Expr, frame: Frame) -> Value:
        """The node as a condition."""

    def value(self, node: exp.Expr, frame: Frame) -> Value:
        """The node as a value."""


def compile_window(visitor: WindowVisitor, frame: Frame, name: str, node: exp.Anonymous) -> Value:
    """A window function over the rows at hand."""
    window = WINDOW_FUNCTIONS[name]
    _check_place(visitor, frame, name, node)
    values, groups, sorts = _arguments(name, window, node)
    visitor.windows = False
    try:
        subject = [visitor.value(value, frame) for value in values]
        by = [visitor.value(group, frame).exact for group in groups]
        order = [_sorted(visitor, frame, sort) for sort in sorts]
    finally:
        visitor.windows = True
    _check_values(name, window, subject, node)
    if window.needs_order and not order:
        raise refusal("arguments", f"{name} needs an order: {window.written}.", at=node)
    if window.breaks_ties and (order or name == "row_number"):
        order += [ordered(key.copy(), False) for key in key_columns(frame)]
    if name == "row_number" and not order:
        raise refusal("no_key", "These rows have no key, so row_number needs an order.", at=node)
    over = exp.Window(
        this=_function(name, subject),
        partition_by=by,
        order=exp.Order(expressions=order) if order else None,
        spec=_spec(name, bool(order)),
    )
    return _result(name, over, subject)


def _check_place(visitor: WindowVisitor, frame: Frame, name: str, at: exp.Expr) -> None:
    if frame.outer is not None or not visitor.windows:
        raise refusal(
            "window",
            f"{name} compares a row with the others, which only `add` and `order` can do.",
            "Add it as a column by an enrichment, and ask for the column.",
            at,
        )


def _arguments(
    name: str, window: Window, node: exp.Anonymous
) -> tuple[list[exp.Expr], list[exp.Expr], list[exp.Expr]]:
    """The values, the groups and the sort keys of a call."""
    found: dict[str, list[exp.Expr]] = {"by": [], "order": []}
    values: list[exp.Expr] = []
    for argument in node.expressions:
        if not isinstance(argument, exp.Kwarg):
            values.append(argument)
            continue
        key = argument.this.name.lower()
        if key not in found or found[key]:
            raise refusal("arguments", f"{name} is written {window.written}.", at=node)
        found[key] = _listed(argument.expression)
    return values, found["by"], found["order"]


def _listed(node: exp.Expr) -> list[exp.Expr]:
    return list(node.expressions) if isinstance(node, exp.Tuple) else [node]


def _sorted(visitor: WindowVisitor, frame: Frame, node: exp.Expr) -> exp.Ordered:
    """A sort key; `desc(value)` turns it round."""
    while isinstance(node, exp.Paren):
        node = node.this
    descending = False
    if isinstance(node, exp.Anonymous) and str(node.this).lower() in ("desc", "asc"):
        if len(node.expressions) != 1:
            raise refusal("arguments", "It is written desc(value).", at=node)
        descending = str(node.this).lower() == "desc"
        node = node.expressions[0]
    return ordered(visitor.value(node, frame).exact, descending)


def _check_values(name: str, window: Window, values: list[Value], at: exp.Expr) -> None:
    most = {"lag": 2, "lead": 2}.get(name, 1) if window.takes else 0
    least = 1 if window.takes else 0
    if not least <= len(values) <= most:
        raise refusal("arguments", f"{name} is written {window.written}.", at=at)
    if values and values[0].type not in window.takes:
        given = values[0].type or "null"
        raise refusal("type", f"{name} cannot take {given}.", f"It is {window.written}.", at)
    counts = values if name == "tile" else values[1:]
    for value in counts:
        fixed = isinstance(value.literal, int) and not isinstance(value.literal, bool)
        if not fixed or not 1 <= int(str(value.literal)) <= 1_000_000:
            raise refusal("constant", f"{name} needs a fixed whole number from 1.", at=at)


def _function(name: str, values: list[Value]) -> exp.Expr:
    trees = [value.exact for value in values]
    if name in ("lag", "lead"):
        node = exp.Lag if name == "lag" else exp.Lead
        return node(this=trees[0], offset=trees[1] if len(trees) > 1 else None)
    if name == "tile":
        return exp.Ntile(this=trees[0])
    ranks = {"row_number": exp.RowNumber, "rank": exp.Rank, "dense_rank": exp.DenseRank}
    if name in ranks:
        return ranks[name]()
    if name == "count_over":
        return exp.Count(this=exp.Star())
    return _OVER[name](this=trees[0])


_OVER: Mapping[str, type[exp.Expr]] = {
    "first_over": exp.FirstValue,
    "last_over": exp.LastValue,
    "sum_over": exp.Sum,
    "avg_over": exp.Avg,
    "min_over": exp.Min,
    "max_over": exp.Max,
}


def _spec(name: str, has_order: bool) -> exp.WindowSpec | None:
    """The rows that an aggregate reads, said out loud: engines differ on equal sort values."""
    if name in ("first_over", "last_over"):
        return exp.WindowSpec(**_WHOLE)
    is_aggregate = name in _OVER or name == "count_over"
    return exp.WindowSpec(**_RUNNING) if is_aggregate and has_order else None


def _result(name: str, over: exp.Window, values: list[Value]) -> Value:
    if name in ("lag", "lead", "first_over", "last_over", "min_over", "max_over"):
        assert values[0].type is not None
        return Value(over, values[0].type, enum=values[0].enum)
    if name == "sum_over":
        assert values[0].type is not None
        total = coalesce(over, exp.Literal.number(0))
        return Value(cast(total, values[0].type), values[0].type)
    type_ = Type.NUMBER if name == "avg_over" else Type.INTEGER
    return Value(cast(over, type_), type_)
