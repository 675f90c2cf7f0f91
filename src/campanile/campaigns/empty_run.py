"""A campaign run over tables without rows: the columns that every transition of it has."""

from dataclasses import dataclass, field
from functools import partial
from zoneinfo import ZoneInfo

from sqlglot import exp

from campanile.activities import activity_type
from campanile.activities.base import ActivityConfig, Outcome
from campanile.activities.context import ActivityContext, Input
from campanile.activities.effects import SaveAudience
from campanile.activities.options import with_parameters
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.filters import named_filters
from campanile.campaigns.graph import Graph, Vertex, transition_table
from campanile.campaigns.message_references import resolve_message
from campanile.campaigns.option_texts import with_audience
from campanile.campaigns.parameters import rule_parameter, sample_value
from campanile.campaigns.scopes_check import CHECKED_AT, audience_rows, known_audiences
from campanile.catalog.entities import Dimension
from campanile.catalog.scopes import Moment, build_entity_tables, build_scope
from campanile.errors import DefinitionError, Refused
from campanile.relations.relation import Relation
from campanile.relations.scope import Scope
from campanile.relations.types import Schema

_ADDS_COLUMNS = ("enrichment", "reconciliation")


@dataclass
class EmptyRun:
    """What is known of a campaign's rows without any: their columns, by transition.

    The activities are learned in the order of the graph. A transition whose columns are not
    known is not in `relations`.
    """

    campaign: Campaign
    graph: Graph
    definitions: Definitions
    relations: dict[str, Relation] = field(default_factory=dict)
    reads: dict[str, set[str]] = field(default_factory=dict)  # entities its queries read
    saved: dict[str, Schema] = field(default_factory=dict)  # the columns of what it saves

    def __post_init__(self) -> None:
        catalog = self.definitions.catalog
        self.tables = build_entity_tables(catalog, self.definitions.bound)
        zone = ZoneInfo(self.campaign.schedule.timezone or self.definitions.timezone)
        self.moment = Moment(
            now=CHECKED_AT,
            started_at=CHECKED_AT,
            previous_start=CHECKED_AT,
            timezone=zone,
            parameters={
                name: rule_parameter(parameter, sample_value(parameter), self.tables, zone)
                for name, parameter in self.campaign.parameters.items()
            },
            messages=partial(resolve_message, self.campaign, self.definitions.messages),
            audiences=known_audiences(self.definitions, self.campaign.merge_policy),
            filters=named_filters(self.definitions.filters, catalog, self.tables, zone),
        )

    def whole(self) -> "EmptyRun":
        """Learn every activity whose parameters have fitting samples; return itself."""
        for name in self.graph.order:
            try:
                config = self.config(name)
            except Refused:
                continue
            self.learn(self.graph[name], config)
        return self

    def config(self, name: str) -> ActivityConfig:
        """The options of an activity, with samples of the parameters; raises `Refused`."""
        values = {name: sample_value(p) for name, p in self.campaign.parameters.items()}
        config = with_parameters(self.campaign.activities[name], values)
        return with_audience(config, {"param": values})

    def dimension(self, name: str | None) -> Dimension | None:
        """The dimension called `name`; None where there is none."""
        return self.definitions.catalog.dimensions.get(name or "")

    def rows(self, vertex: Vertex) -> Relation | None:
        """The rows whose columns the rules of an activity see; None where they are unknown."""
        if vertex.inputs:
            return self.relations.get(vertex.inputs[0])
        if activity_type(vertex.type).dimensionless:
            return Relation.table("nothing", {})
        dimension = self.dimension(vertex.dimension)
        return self._entity(dimension) if dimension else None

    def scope(self, rows: Relation | None, dimension: Dimension | None) -> Scope:
        """What a rule over `rows` can reach."""
        own = rows is not None and rows.source in {t.table for t in self.tables.values()}
        columns = None if rows is None or own else rows.schema
        return build_scope(self.tables, dimension, self.moment, columns)

    def learn(self, vertex: Vertex, config: ActivityConfig) -> DefinitionError | None:
        """Run an activity for the columns of its outputs; return why it refused to, if it did."""
        rows, kind = self.rows(vertex), activity_type(vertex.type)
        if rows is None:
            return None
        outcome: Outcome | None = None
        refusal: DefinitionError | None = None
        if not kind.gate:
            try:
                outcome = kind.run(config, self._context(vertex))
            except DefinitionError as error:
                refusal = error
            except Refused:
                outcome = None
        if outcome is not None:
            self._keep(vertex, outcome)
        elif refusal is None or vertex.type not in _ADDS_COLUMNS:  # which ones is not known then
            self._guess(vertex, rows)
        return refusal

    def _keep(self, vertex: Vertex, outcome: Outcome) -> None:
        """Keep what an activity's outputs have, what its queries read, and what it saves."""
        self.reads.setdefault(vertex.name, set()).update(self._tables_of(outcome))
        for effect in outcome.effects:
            if isinstance(effect, SaveAudience):
                self.saved[effect.audience] = effect.relation.schema
        for transition in vertex.outputs:
            found = outcome.outputs.get(transition.partition(".")[2])
            if found is not None:
                self._know(transition, found.schema, found.key)

    def _guess(self, vertex: Vertex, rows: Relation) -> None:
        """Take the outputs for the rows that come in, with the columns that their type adds."""
        added = activity_type(vertex.type).added
        for transition in vertex.outputs:
            schema = {**_keys(vertex, rows), **added.get(transition.partition(".")[2], {})}
            self._know(transition, schema, tuple(c for c in rows.key if c in schema))

    def _know(self, transition: str, schema: Schema, key: tuple[str, ...]) -> None:
        name = f"work__{transition_table(transition)}"
        self.relations[transition] = Relation.table(name, schema, key)

    def _tables_of(self, outcome: Outcome) -> set[str]:
        """The entities that the queries of an activity read."""
        queries = [each.query for each in (*outcome.outputs.values(), outcome.stage) if each]
        read = {table.name for query in queries for table in query.find_all(exp.Table)}
        return {name for name, each in self.tables.items() if each.table in read}

    def _context(self, vertex: Vertex) -> ActivityContext:
        dimension = self.dimension(vertex.dimension)
        return ActivityContext(
            campaign=self.campaign.name,
            version=0,
            activity=vertex.name,
            execution="check",
            inputs=tuple(self._input(each) for each in vertex.inputs if each in self.relations),
            linked={t: self._input(t) for t in vertex.linked if t in self.relations},
            dimension=dimension,
            gives=self.dimension(self.graph.dimension_of(vertex.name)),
            catalog=self.definitions.catalog,
            scope=self.scope,
            salt="check",
            entity=self._entity,
            audiences=audience_rows(self.definitions, self.campaign.merge_policy),
            incoming=self._keys_of(dimension) if vertex.type == "incoming" else None,
        )

    def _input(self, transition: str) -> Input:
        dimension = self.dimension(self.graph.dimension_of(transition))
        return Input(transition, self.relations[transition], dimension)

    def _entity(self, dimension: Dimension) -> Relation:
        table = self.tables[dimension.entity]
        return Relation.table(table.table, table.schema, table.key)

    def _keys_of(self, dimension: Dimension | None) -> Relation | None:
        if dimension is None:
            return None
        table = self.tables[dimension.entity]
        return Relation.table("incoming", {c: table.schema[c] for c in table.key}, table.key)


def _keys(vertex: Vertex, rows: Relation) -> Schema:
    """The columns of a working table: the key alone where a population starts, else its input's."""
    return rows.schema if vertex.inputs else {c: rows.schema[c] for c in rows.key}
