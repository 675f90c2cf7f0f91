"""Incremental query: the rows that a rule selects and that no earlier execution took in."""

from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext, Remembered, starting_dimension
from campanile.activities.rule_values import Expression, Rule
from campanile.activities.times import MemorySpan
from campanile.activities.values import fault
from campanile.catalog.names import Name
from campanile.errors import DefinitionError
from campanile.relations.relation import Relation
from campanile.relations.row_keys import with_key_text
from campanile.relations.rules import compile_value
from campanile.relations.scope import Scope
from campanile.relations.types import Type

_PERSON = "__person"


class IncrementalQuery(ActivityConfig):
    """The people (or contracts …) for whom `where` holds and who are new to this activity."""

    type: Literal["incremental_query"] = "incremental_query"
    dimension: Name | None = Field(
        default=None, description="Targeting dimension; the campaign's when left out."
    )
    where: Rule | None = Field(default=None, description="Who; everybody when left out.")
    remember: MemorySpan = Field(
        default=None,
        description="How long a row that was processed is left out, by its key; forever when left"
        " out.",
    )
    since: Expression | None = Field(
        default=None,
        description="Instead of a memory: a date or timestamp of the row. Those are new for whom it"
        " lies after the moment of the last execution, and not after this one's.",
    )
    remember_after: Name | None = Field(
        default=None,
        description="The activity that settles a row: it counts as processed once it left that"
        " activity by any output but `.failed`. Until then no other execution takes it in.",
    )
    when_empty: Literal["continue", "stop", "fail"] = Field(
        default="stop",
        description="With no rows: go on; stop this branch as not reached; or fail the execution.",
    )

    @model_validator(mode="after")
    def _one_way_of_knowing(self) -> Self:
        if self.since is not None:
            for option in ("remember", "remember_after"):
                if option in self.model_fields_set and getattr(self, option) is not None:
                    fault("memory", f"`since` keeps no keys: it goes without `{option}`.", option)
        return self


def incremental_query(config: IncrementalQuery, context: ActivityContext) -> Outcome:
    """Return the keys of the rows that are new; `until` is how far `since` was read."""
    dimension = starting_dimension(context, config.dimension)
    everybody, scope = context.entity(dimension), context.scope(None, dimension)
    found = everybody if config.where is None else everybody.where(config.where, scope)
    known = context.remembered
    if config.since is not None:
        found = _dated(found, config.since, scope, known.until if known else None)
        return Outcome(
            outputs={"": found.select(everybody.key)},
            details={"": {"until": scope.now.isoformat()}},
        )
    return Outcome(outputs={"": _unknown(found.select(everybody.key), known)})


def _dated(rows: Relation, since: str, scope: Scope, until: datetime | None) -> Relation:
    """The rows whose date lies after `until`, where there was an execution, up to now."""
    kind = compile_value(since, scope).type
    if kind not in (Type.DATE, Type.TIMESTAMP):
        raise DefinitionError(
            f"`since` is a date or a timestamp; `{since}` is {kind}.", code="type"
        )
    rules = [f"({since}) <= now()"]
    if until is not None:
        rules.append(f"({since}) > previous_start()")
    return rows.where(rules, replace(scope, previous_start=until))


def _unknown(rows: Relation, known: Remembered | None) -> Relation:
    """The rows whose key nobody remembers."""
    left = with_key_text(rows, rows.key, _PERSON)
    for keys in known.keys if known else ():
        left = left.anti(keys, {_PERSON: "person"})
    return left.select(rows.key)


EXAMPLE: Final = """\
lapsed:
  type: incremental_query
  where: exists(orders) and not exists(orders, placed_at >= days_ago(180))
  remember: 365 days
  remember_after: offer
offer: {type: email, from: lapsed, template: welcome/offer, topic: offers}
"""
ACTIVITY = ActivityType(
    name="incremental_query",
    config=IncrementalQuery,
    example=EXAMPLE,
    run=incremental_query,
    starts=True,
)
