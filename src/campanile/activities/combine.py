"""Combine: who is in any set, in all of them, or in the first and none of the others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, Tag, field_validator, model_validator
from sqlglot import exp

from campanile.activities.alignment import align, counts_of
from campanile.activities.amounts import Size, SizeOption
from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.parts import computed, divide, is_nothing, with_parts, within
from campanile.activities.values import Text, fault
from campanile.catalog.names import ColumnName, Name
from campanile.errors import DefinitionError
from campanile.relations.relation import Relation
from campanile.relations.sql import ROW, coalesce, column, negation
from campanile.relations.types import Type
from campanile.relations.values import Order

_SET = "__set"  # the number of the set that a row of a union comes from


def _kind_of_way(written: Any) -> str:
    return "a match" if isinstance(written, dict) else "a path of links"


Way: TypeAlias = Annotated[
    Annotated[dict[Text, Text], Tag("a match")] | Annotated[Text, Tag("a path of links")],
    Discriminator(_kind_of_way),
]


class Combine(ActivityConfig):
    """One set out of several of one dimension; the first of `from` is the primary set."""

    type: Literal["combine"] = "combine"
    mode: Literal["union", "intersection", "exclusion"] = Field(
        description="In any of the sets, in all of them, or in the first and in no other."
    )
    by: Literal["key", "common"] | tuple[ColumnName, ...] = Field(
        default="key",
        description="What makes two rows equal: the key, the columns they share, or these columns.",
    )
    limit: SizeOption | None = Field(
        default=None, description="At most so many rows, filled input by input."
    )
    complement: Name | None = Field(
        default=None,
        description="Name of the rest: exclusion, the primary set without the result;"
        " intersection, the union without it.",
    )
    align: dict[Text, Way] = Field(
        default={},
        description="How sets of another dimension are brought to that of the first: a path of"
        " links, or expression over the set and expression over the dimension.",
    )

    @field_validator("by", mode="before")
    @classmethod
    def _key_common_or_columns(cls, by: Any) -> Any:
        if isinstance(by, str) and by not in ("key", "common"):
            fault("by", f"`{by}` is neither `key` nor `common`; a list names columns: [{by}].")
        return by

    @model_validator(mode="after")
    def _sets_fit_the_mode(self) -> Self:
        if len(self.from_) < 2:
            fault("inputs", "combine needs at least two sets in `from`.", "from")
        if len(set(self.from_)) < len(self.from_):
            fault("inputs", "a set stands twice in `from`.", "from")
        if self.complement and self.mode == "union":
            fault("complement", "a union leaves nobody over.", "complement")
        if isinstance(self.by, tuple) and not self.by:
            fault("by", "`by` lists no column.", "by")
        for name in self.align:
            if name not in self.from_[1:]:
                others = ", ".join(self.from_[1:])
                fault("align", f"`align` brings sets to the first one: {others}.", "align", name)
        return self


def outputs(config: Combine) -> tuple[str, ...]:
    """The combined set, and the rest where it has a name."""
    return ("", config.complement) if config.complement else ("",)


def combine(config: Combine, context: ActivityContext) -> Outcome:
    """Return one set, each key in it once, with the columns of the first set.

    A row with an empty value in `config.by` equals no other. A limit takes all rows of the first
    set before any of the second, by chance within a set. Rows of an aligned set that belong to
    nobody of the first one's dimension are counted.
    """
    aligned = {
        source.transition: align(source, config.align[source.transition], context)
        for source in context.inputs
        if source.transition in config.align
    }
    sets = [
        aligned[source.transition].rows if source.transition in aligned else source.relation
        for source in context.inputs
    ]
    columns = list(sets[0].schema)
    by = _compared(config, sets)
    joined = _union(sets, by) if _is_union_needed(config) else sets[0]
    judged, belongs = _judged(config, joined, sets, by)
    if config.limit is None:
        limited, kept = judged, belongs
    else:
        limited, kept = _limited(config.limit, judged, belongs, context.salt)
    numbered = with_parts(limited, [kept], rest=config.complement is not None)
    divided = divide(context, numbered, outputs(config), columns)
    lost = {transition: each.lost for transition, each in aligned.items()}
    return replace(divided, counts={"": counts_of(lost)}) if lost else divided


def _compared(config: Combine, sets: Sequence[Relation]) -> list[str]:
    """The columns whose values make two rows equal; raises `DefinitionError` for unknown ones."""
    if config.by == "key":
        return list(sets[0].key)
    shared = [name for name in sets[0].schema if all(name in other.schema for other in sets)]
    if config.by == "common":
        return shared
    for name in config.by:
        if name not in shared:
            raise DefinitionError(
                f"`by` names column '{name}', which not all sets have.",
                remedy=f"They share: {', '.join(shared)}.",
                code="unknown_column",
            )
    return list(config.by)


def _is_union_needed(config: Combine) -> bool:
    rest_of_all = config.mode == "intersection" and config.complement is not None
    return config.mode == "union" or rest_of_all


def _union(sets: Sequence[Relation], by: Sequence[str]) -> Relation:
    """Each key and each combination of `by` once, from the first set that has it."""
    key = sets[0].key
    pieces = []
    for number, rows in enumerate(sets):
        for earlier in sets[:number]:
            rows = rows.anti(earlier.select(key), key)
            if set(by) != set(key):
                rows = rows.anti(_with_values(earlier, by), by)
        pieces.append(rows.with_constant(_SET, number, Type.INTEGER))
    return replace(pieces[0].union(pieces[1:]), key=key)


def _judged(
    config: Combine, rows: Relation, sets: Sequence[Relation], by: Sequence[str]
) -> tuple[Relation, exp.Expr]:
    """The rows with a mark for each set that has their equal, and the condition of the mode."""
    if config.mode == "union":
        return rows, exp.true()
    others = list(sets if _is_union_needed(config) else sets[1:])
    for number, other in enumerate(others):
        partner = _with_values(other, by)
        partner = partner if set(by) == set(other.key) else partner.distinct()
        partner = partner.with_constant("__there", True, Type.BOOLEAN)
        rows = rows.join_one(partner, by, {f"__in{number}": "__there"})
    marks = [coalesce(column(f"__in{n}", ROW), exp.false()) for n in range(len(others))]
    if config.mode == "intersection":
        return rows, exp.and_(*marks)
    return rows, exp.and_(*[negation(mark) for mark in marks])


def _with_values(rows: Relation, by: Sequence[str]) -> Relation:
    """Only the columns `by`, of the rows in which none is empty."""
    filled = [negation(is_nothing(name, rows.schema[name])) for name in by]
    return (
        rows.select(by) if set(by) == set(rows.key) else rows.filter(exp.and_(*filled)).select(by)
    )


def _limited(
    limit: Size, rows: Relation, belongs: exp.Expr, salt: str
) -> tuple[Relation, exp.Expr]:
    """The rows ranked, those of the first set first, and the condition that cuts the ranking."""
    chance = Order(rows.hash_value(salt))
    belonging = column("__belongs", ROW)
    ranked = rows.derive({"__belongs": computed(belongs)})
    first = [Order(computed(column(_SET, ROW), Type.INTEGER))] if _SET in rows.schema else []
    ranked = ranked.ranked("__place", ["__belongs"], [*first, chance])
    return ranked, exp.and_(belonging, within("__place", limit, (belonging,)))


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
recent: {type: build_audience, where: last_seen >= days_ago(30)}
not_recent: {type: combine, mode: exclusion, from: [gold, recent]}
"""
ACTIVITY = ActivityType(
    name="combine", config=Combine, example=EXAMPLE, run=combine, outputs=outputs, many_inputs=True
)
