"""Explaining: each rule of a campaign beside the SQL that it becomes; no data is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from campanile.activities import activity_type
from campanile.activities.context import ActivityContext, Input
from campanile.activities.options import with_parameters
from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.filters import filters_called, named_filters
from campanile.campaigns.graph import Vertex
from campanile.campaigns.message_references import resolve_message
from campanile.campaigns.parameters import rule_parameter, sample_value
from campanile.campaigns.reach import working_tables
from campanile.campaigns.scopes_check import known_audiences
from campanile.catalog.entities import Dimension
from campanile.catalog.scopes import Moment, build_entity_tables, build_scope
from campanile.errors import CampanileError
from campanile.relations.relation import Relation
from campanile.relations.scope import Scope


@dataclass(frozen=True)
class ExplainedActivity:
    """The rules of one activity as written, by option, and the SQL of each of its outputs."""

    activity: str
    type: str
    inputs: tuple[str, ...]
    rules: Mapping[str, str]
    sql: Mapping[str, str]
    note: str = ""


def explain(
    compiled: CompiledVersion, definitions: Definitions, now: datetime, activity: str | None = None
) -> list[ExplainedActivity]:
    """Explain one activity or all, as of `now`, with the defaults of the parameters."""
    explainer = _Explainer(compiled, definitions, now)
    graph = compiled.graph
    return [explainer.explain(graph[name]) for name in graph.order if activity in (None, name)]


class _Explainer:
    """Builds the relations of a campaign without a session."""

    def __init__(self, compiled: CompiledVersion, definitions: Definitions, now: datetime) -> None:
        campaign = compiled.campaign
        self._compiled = compiled
        self._catalog = definitions.catalog
        self._values = {name: sample_value(p) for name, p in campaign.parameters.items()}
        self._tables = build_entity_tables(definitions.catalog, definitions.bound)
        frozen = replace(definitions, filters=compiled.filters)
        self._rows = working_tables(campaign, compiled.graph, frozen)
        zone = ZoneInfo(campaign.schedule.timezone or definitions.timezone)
        self._moment = Moment(
            now=now,
            started_at=now,
            previous_start=now,
            timezone=zone,
            parameters={
                name: rule_parameter(parameter, self._values[name], self._tables, zone)
                for name, parameter in campaign.parameters.items()
            },
            messages=partial(resolve_message, campaign, definitions.messages),
            audiences=known_audiences(definitions),
            filters=named_filters(compiled.filters, definitions.catalog, self._tables, zone),
        )

    def explain(self, vertex: Vertex) -> ExplainedActivity:
        config = self._compiled.campaign.activities[vertex.name]
        sites = list(config.rules())
        rules = {".".join(map(str, s.path)): _rule_text(s.written) for s in sites}
        called = filters_called([s.written for s in sites], self._compiled.filters)
        rules |= {f"filter {name}": _rule_text(file.where) for name, file in called.items()}
        sql, note = dict[str, str](), ""
        if vertex.channel:
            note = "plans one message for each row that comes in; its outputs come from the ledger"
        elif vertex.gate:
            note = "lets its rows through when it opens"
        else:
            try:
                sql = dict(self._sql(vertex))
            except CampanileError as error:
                note = f"needs data that is not there yet: {error}"
        return ExplainedActivity(vertex.name, vertex.type, vertex.reads, rules, sql, note)

    def _sql(self, vertex: Vertex) -> Iterator[tuple[str, str]]:
        config = with_parameters(self._compiled.campaign.activities[vertex.name], self._values)
        outcome = activity_type(vertex.type).run(config, self._context(vertex))
        if outcome.stage is not None:
            yield f"stage__{vertex.name}", outcome.stage.sql(pretty=True)
        for output, relation in outcome.outputs.items():
            name = f"{vertex.name}.{output}" if output else vertex.name
            yield name, relation.sql(pretty=True)

    def _context(self, vertex: Vertex) -> ActivityContext:
        graph, dimensions = self._compiled.graph, self._catalog.dimensions
        dimension = dimensions.get(vertex.dimension or "")
        read = {
            name: Input(name, self._rows[name], dimensions.get(graph.dimension_of(name) or ""))
            for name in vertex.reads
        }
        return ActivityContext(
            campaign=self._compiled.campaign.name,
            version=0,
            activity=vertex.name,
            execution="explain",
            inputs=tuple(read[name] for name in vertex.inputs),
            linked={name: read[name] for name in vertex.linked},
            dimension=dimension,
            gives=dimensions.get(graph.dimension_of(vertex.name) or ""),
            catalog=self._catalog,
            scope=self._scope,
            salt=f"{self._compiled.campaign.name}/{vertex.name}",
            entity=self._entity,
            incoming=self._incoming(dimension) if vertex.type == "incoming" else None,
        )

    def _scope(self, relation: Relation | None, dimension: Dimension | None) -> Scope:
        own = relation is None or relation.source in {t.table for t in self._tables.values()}
        columns = None if own or relation is None else relation.schema
        return build_scope(self._tables, dimension, self._moment, columns)

    def _entity(self, dimension: Dimension) -> Relation:
        table = self._tables[dimension.entity]
        return Relation.table(table.table, table.schema, table.key)

    def _incoming(self, dimension: Dimension | None) -> Relation | None:
        if dimension is None:
            return None
        table = self._tables[dimension.entity]
        return Relation.table("incoming", {c: table.schema[c] for c in table.key}, table.key)


def _rule_text(written: object) -> str:
    """A rule on as few lines as it was written; lists and trees in the form of the file."""
    if isinstance(written, str):
        return written.strip()
    if isinstance(written, dict):
        return "; ".join(f"{word}: {_rule_text(part)}" for word, part in written.items())
    if isinstance(written, list | tuple):
        return "\n".join(f"- {_rule_text(part)}" for part in written)
    return str(written)
