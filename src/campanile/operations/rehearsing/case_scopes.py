"""What the rules of a campaign can reach while a test of it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.filters import named_filters
from campanile.campaigns.message_references import resolve_message
from campanile.campaigns.parameters import rule_parameter
from campanile.catalog.entities import Dimension
from campanile.catalog.scopes import Moment, build_entity_tables, build_scope
from campanile.relations.relation import Relation
from campanile.relations.scope import EntityTable, Scope

EXECUTION: Final = "test-case"


@dataclass
class CaseScopes:
    """Scopes over the entities of a project, with the parameters of one test."""

    definitions: Definitions
    compiled: CompiledVersion
    parameters: Mapping[str, Any]
    start: datetime
    zone: ZoneInfo

    def __post_init__(self) -> None:
        self.tables = build_entity_tables(self.definitions.catalog, self.definitions.bound)

    def dimension(self, transition: str) -> Dimension | None:
        """The dimension of a transition's rows; None where they have none."""
        name = self.compiled.graph.dimension_of(transition)
        return self.definitions.catalog.dimensions.get(name or "")

    def entity(self, dimension: Dimension) -> Relation:
        """The rows that a test gives an entity."""
        table: EntityTable = self.tables[dimension.entity]
        return Relation.table(table.table, table.schema, table.key)

    def scope(self, relation: Relation | None, dimension: Dimension | None, now: datetime) -> Scope:
        """What a rule over `relation` can reach at the instant `now`."""
        own = relation is None or relation.source in {t.table for t in self.tables.values()}
        columns = None if own or relation is None else relation.schema
        return build_scope(self.tables, dimension, self._moment(now), columns)

    def _moment(self, now: datetime) -> Moment:
        campaign, definitions = self.compiled.campaign, self.definitions
        return Moment(
            now=now,
            started_at=self.start,
            timezone=self.zone,
            parameters={
                name: rule_parameter(campaign.parameters[name], value, self.tables, self.zone)
                for name, value in self.parameters.items()
            },
            messages=partial(resolve_message, campaign, definitions.messages, execution=EXECUTION),
            filters=named_filters(
                self.compiled.filters, definitions.catalog, self.tables, self.zone
            ),
            ages=dict.fromkeys(self.tables, self.start),
        )
