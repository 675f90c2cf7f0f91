"""Two sets of rows, and which of their columns belong together: side by side, or stacked."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlglot import exp

from campanile.relations.columns import require, require_columns
from campanile.relations.sql import ROW, aliased, cast, column
from campanile.relations.types import Schema, Type

OTHER: Final = "__other"  # the alias of the second relation of a join
On = Mapping[str, str] | Sequence[str]  # left column to right column, or names common to both
_Pairs = Sequence[tuple[str, str]]


def paired(left: Schema, right: Schema, on: On) -> _Pairs:
    """Return the pairs of columns that `on` names; refuse those whose types cannot match."""
    pairs = list(on.items()) if isinstance(on, Mapping) else [(name, name) for name in on]
    require(bool(pairs), "no_match", "A match needs at least one pair of columns.")
    require_columns([name for name, _ in pairs], left)
    require_columns([name for _, name in pairs], right)
    for a, b in pairs:
        message = f"'{a}' is {left[a]} and '{b}' is {right[b]}: they cannot match."
        require(_fit(left[a], right[b]), "type", message)
    return pairs


def tied(pairs: _Pairs) -> exp.Expr:
    """The condition that a row and one of the other relation agree in all pairs."""
    return exp.and_(*[exp.EQ(this=column(a, ROW), expression=column(b, OTHER)) for a, b in pairs])


def has_partner(other: exp.Select, pairs: _Pairs) -> exp.Exists:
    """The condition that a row has a partner among the rows of `other`."""
    query = exp.Select().select("1").from_(aliased(other.copy().subquery(), OTHER))
    return exp.Exists(this=query.where(tied(pairs), copy=False))


def aligned(wanted: Schema, there: Schema) -> list[exp.Expr]:
    """The columns of `wanted`, read from rows that have those of `there`; empty where one lacks."""
    return [
        exp.alias_(_read(name, type_, there), name, quoted=True) for name, type_ in wanted.items()
    ]


def _read(name: str, type_: Type, there: Schema) -> exp.Expr:
    if name not in there:
        return cast(exp.null(), type_)
    message = f"Column '{name}' is {type_} in one set and {there[name]} in another."
    require(_fit(type_, there[name]), "type", message)
    tree = column(name, ROW)
    return tree if type_ is there[name] else cast(tree, type_)


def _fit(one: Type, other: Type) -> bool:
    return one is other or {one, other} == {Type.INTEGER, Type.NUMBER}
