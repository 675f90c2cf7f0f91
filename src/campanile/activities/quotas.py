"""Quotas: a size for each value of an expression, the same one or one of its own."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final, Self

from pydantic import Field, model_validator
from sqlglot import exp

from campanile.activities.amounts import Size, SizeOption
from campanile.activities.options import Options
from campanile.activities.parts import within
from campanile.activities.rule_values import Expression
from campanile.activities.shares import Share
from campanile.activities.values import ParameterRef, fault
from campanile.catalog.names import Name
from campanile.errors import DefinitionError
from campanile.relations.sql import ROW, cast, column
from campanile.relations.types import Type
from campanile.relations.values import Compiled

# Types whose text is the same on every engine, so that the values of a file can be compared.
_COUNTABLE: Final = (Type.TEXT, Type.INTEGER, Type.BOOLEAN, Type.DATE)


class Each(Options):
    """How many rows of each value are taken; a percentage is of the value's rows."""

    by: Expression = Field(description="The value that rows are grouped by.")
    limit: SizeOption | None = Field(default=None, description="The size of every group.")
    values: dict[str, SizeOption] | None = Field(
        default=None,
        description="The size of each group by its value, 0 being all; of others nobody is taken.",
    )

    @model_validator(mode="after")
    def _one_kind_of_size(self) -> Self:
        if (self.limit is None) == (self.values is None):
            fault("size", "`each` takes `limit` or `values`, one of them.")
        sizes = [self.limit] if self.limit else list((self.values or {}).values())
        if any(size.unit == "percent_of_matched" for size in sizes):
            fault("size", "a percentage in `each` is of the group's rows: write `10%`.")
        if self.values == {}:
            fault("size", "`values` lists no value.", "values")
        return self


class Assignment(Options):
    """Whose people answer for the rows of a value."""

    entity: Name = Field(description="The entity whose keys the values are.")


class Distribution(Options):
    """How many rows of each value campaigns take, in one place for all of them."""

    name: Name = Field(description="Its name, by which a split takes it.")
    label: str = Field(default="", description="A title for people.")
    description: str = Field(default="", description="What it is for.")
    by: Expression = Field(description="The value that rows are grouped by.")
    assign: Assignment | None = Field(
        default=None, description="What the values are keys of, such as stores."
    )
    values: dict[str, SizeOption] = Field(
        description="The size of each group by its value, 0 being all; of others nobody is taken."
    )

    @model_validator(mode="after")
    def _is_a_quota(self) -> Self:
        Each(by=self.by, values=self.values)
        return self

    @property
    def quota(self) -> Each:
        """The sizes as a subset takes them."""
        return Each(by=self.by, values=self.values)


def require_countable(by: Compiled) -> None:
    """Refuse groups by a type whose values have no one text; raises DefinitionError."""
    if by.type not in _COUNTABLE:
        raise DefinitionError(
            f"Groups cannot be made by a {by.type}.",
            remedy="Use a text, whole number, date or boolean, as in cast_text(...) or floor(...).",
            code="type",
        )


def is_within_quota(
    each: Each, place: str, candidate: str, group: str, drawn: Compiled | None
) -> exp.Expr:
    """Whether a ranked row is inside its group's size.

    `drawn` is the chance by which a percentage without a sort list takes people, stable for each.
    """
    of = (column(candidate, ROW), column(group, ROW))
    if each.limit is not None:
        return _inside(each.limit, place, of, drawn)
    sizes: Mapping[str, Size] = each.values or {}
    return exp.or_(
        *[
            exp.and_(_has_value(group, value), _inside(size, place, of, drawn, zero_is_all=True))
            for value, size in sizes.items()
        ]
    )


def _inside(
    size: Size,
    place: str,
    of: Sequence[exp.Expr],
    drawn: Compiled | None,
    *,
    zero_is_all: bool = False,
) -> exp.Expr:
    assert not isinstance(size.amount, ParameterRef)
    if zero_is_all and size.amount == 0:
        return exp.true()
    if size.unit == "percent" and drawn is not None:
        return Share(Fraction(0), Fraction(size.amount) / 100).holds(drawn)
    return within(place, size, of)


def _has_value(group: str, value: str) -> exp.Expr:
    text = cast(column(group, ROW), Type.TEXT)
    return exp.EQ(this=text, expression=exp.Literal.string(value))
