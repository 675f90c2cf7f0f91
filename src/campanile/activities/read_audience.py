"""Read an audience: the rows of a targeting dimension that somebody saved under a name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import (
    ROW_NUMBER,
    ActivityContext,
    AudienceRows,
    starting_dimension,
)
from campanile.activities.matches import Pairs
from campanile.activities.values import Text
from campanile.catalog.entities import Dimension
from campanile.catalog.names import ColumnName, Name
from campanile.errors import DefinitionError, in_option
from campanile.relations.matching import Match, Side, find_partners
from campanile.relations.parse import did_you_mean
from campanile.relations.relation import Relation


class ReadAudience(ActivityConfig):
    """The people (or contracts …) of a dimension who are in a saved audience."""

    type: Literal["read_audience"] = "read_audience"
    audience: Text = Field(description="Name of the saved audience; a template.")
    dimension: Name | None = Field(
        default=None, description="Targeting dimension; the campaign's when left out."
    )
    match: Pairs = Field(
        default={},
        description="Expression over the audience's columns and expression over the dimension, all"
        " equal; what the audience is known by when left out.",
    )
    add: dict[ColumnName, ColumnName] = Field(
        default={}, description="Columns of the audience that go on, each under a name."
    )


def read_audience(config: ReadAudience, context: ActivityContext) -> Outcome:
    """Return the rows of the dimension that are in the audience, each once.

    `unmatched` are the audience's rows that are nobody's. Where several of them are the same row of
    the dimension, it gets the columns of the first by what the audience is known by.
    """
    saved = _saved(config, context)
    dimension = starting_dimension(context, config.dimension)
    everybody = context.entity(dimension)
    rows = Side(saved.rows, context.scope(saved.rows, None))
    target = Side(everybody, context.scope(None, dimension))
    with in_option("match"):
        match = find_partners(rows, target, _pairs(config, context, saved, dimension))
    return Outcome(
        outputs={
            "": _members(config, match, everybody),
            "unmatched": _strangers(match, saved.rows),
        }
    )


def _saved(config: ReadAudience, context: ActivityContext) -> AudienceRows:
    """The audience; its columns are checked here, because `add` is no rule."""
    with in_option("audience"):
        if config.audience not in context.audiences:
            raise DefinitionError(
                f"there is no saved audience `{config.audience}` that this campaign may read.",
                remedy=did_you_mean(config.audience, context.audiences)
                or "`campanile audiences` lists them, with the merge policy of each.",
                code="unknown_audience",
            )
    saved = context.audiences[config.audience]
    for alias, name in config.add.items():
        with in_option("add", alias):
            if name not in saved.rows.schema:
                raise DefinitionError(
                    f"audience `{config.audience}` has no column `{name}`.",
                    remedy=f"It has: {', '.join(saved.rows.schema)}.",
                    code="unknown_column",
                )
    return saved


def _pairs(
    config: ReadAudience, context: ActivityContext, saved: AudienceRows, dimension: Dimension
) -> Mapping[str, str]:
    """What ties the two sides; without `match` both must be rows of one entity."""
    if config.match:
        return config.match
    known = context.catalog.dimensions.get(saved.dimension)
    if known is None or known.entity != dimension.entity:
        raise DefinitionError(
            f"audience `{config.audience}` holds rows of {saved.dimension}, not of "
            f"{dimension.name}.",
            remedy="Say with `match` which belong together.",
            code="audience_entity",
        )
    return {column: column for column in saved.rows.key}


def _members(config: ReadAudience, match: Match, everybody: Relation) -> Relation:
    """The rows of the dimension with the columns added."""
    found = match.pairs.select([*everybody.key, *match.ids])
    first = replace(match.rows.top(match.ids, ()), key=match.ids)
    joined = found.join_one(first, match.ids, config.add) if config.add else found
    return replace(joined.select([*everybody.key, *config.add]), key=everybody.key)


def _strangers(match: Match, rows: Relation) -> Relation:
    """The rows of the audience without a partner, numbered: they stand for nothing yet."""
    left = match.rows.anti(match.pairs, match.ids).select(list(rows.schema))
    numbered = replace(left, key=rows.key).ranked(ROW_NUMBER, (), ())
    return replace(numbered, key=(ROW_NUMBER,))


EXAMPLE: Final = """\
lapsed: {type: build_audience, where: not exists(orders)}
keep: {type: save_audience, from: lapsed, audience: never_bought, columns: {town: store.city}}
known: {type: read_audience, audience: never_bought, add: {town: town}}
gold: {type: filter, from: known, where: tier = 'gold'}
"""
ACTIVITY = ActivityType(
    name="read_audience",
    config=ReadAudience,
    example=EXAMPLE,
    run=read_audience,
    outputs=lambda _: ("", "unmatched"),
    gives=lambda _: {"unmatched": None},
    starts=True,
    own_outputs=("unmatched",),
)
