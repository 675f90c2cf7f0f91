"""The rules of a campaign, type-checked over the columns that each activity's rows have."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from zoneinfo import ZoneInfo

from sqlglot import exp

from campanile.activities import activity_type
from campanile.activities.base import ActivityConfig, Outcome
from campanile.activities.context import ActivityContext, Input
from campanile.activities.effects import SaveAudience
from campanile.activities.options import RuleSite, with_parameters
from campanile.activities.read_audience import ReadAudience
from campanile.campaigns.checked_rows import checked_transition, transitions_before
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.filters import named_filters
from campanile.campaigns.graph import Graph, Vertex, build_graph, transition_table
from campanile.campaigns.message_references import resolve_message
from campanile.campaigns.option_texts import with_audience
from campanile.campaigns.parameters import rule_parameter, sample_value
from campanile.campaigns.rule_texts import leaves, silence_warnings
from campanile.campaigns.scopes_check import (
    CHECKED_AT,
    audience_rows,
    known_audiences,
    tables_to_check,
)
from campanile.catalog.entities import Dimension
from campanile.catalog.scopes import Moment, build_entity_tables, build_scope
from campanile.catalog.yaml_document import Document
from campanile.errors import DefinitionError, Fault, Refused
from campanile.relations.relation import Relation
from campanile.relations.rules import (
    compile_order,
    compile_rule,
    compile_value,
    split_direction,
)
from campanile.relations.scope import EntityTable, Scope
from campanile.relations.tables import compile_aggregate, compile_table_rule
from campanile.relations.types import Schema
from campanile.relations.values import Compiled

_ADDS_COLUMNS = ("enrichment", "reconciliation")
_Path = tuple[str | int, ...]


def check_rules(
    campaign: Campaign, graph: Graph, definitions: Definitions, document: Document
) -> list[Fault]:
    """List the faults and warnings of all rules; nothing where an entity's columns are unknown."""
    if tables_to_check(definitions) is None:
        return []
    if reads_its_own(campaign, definitions):
        definitions = with_saved_columns(campaign, definitions, document)
    checker = RuleChecker(campaign, graph, definitions, document)
    for name in graph.order:
        checker.check(name)
    return checker.faults


@dataclass
class RuleChecker:
    """Walks the activities in order, carrying the columns of every transition along."""

    campaign: Campaign
    graph: Graph
    definitions: Definitions
    document: Document
    faults: list[Fault] = field(default_factory=list)
    relations: dict[str, Relation] = field(default_factory=dict)
    reads: dict[str, set[str]] = field(default_factory=dict)  # the entities its rules reach
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

    def check(self, name: str) -> None:
        """Check the rules of one activity and learn the columns of its outputs."""
        vertex = self.graph[name]
        try:
            config = self._with_samples(self.campaign.activities[name])
        except Refused as error:
            place = self.document.place_of(("activities", name), key=True)
            self.faults.append(Fault(place, error.message, error.remedy, "parameter"))
            return
        dimension = self.definitions.catalog.dimensions.get(vertex.dimension or "")
        rows = self._rows(vertex, dimension)
        scope = self._scope(rows, dimension)
        before = len(self.faults)
        before_it = transitions_before(self.graph, name, self.definitions.catalog)
        scope = replace(scope, transitions=before_it)
        for site in config.rules():
            if site.path[0] != "checks":
                self._check_site(name, site, rows, scope)
        above = self.graph.ancestors(name)
        texts = [(("activities", name, *p), text) for s in config.rules() for p, text in leaves(s)]
        self.faults += silence_warnings(texts, above, self.document)
        self._learn(vertex, config, dimension, rows, silent=len(self.faults) > before)
        self._check_checks(vertex, config)

    def _check_checks(self, vertex: Vertex, config: ActivityConfig) -> None:
        """Check the rules of `checks` over the rows they look at, once their columns are known."""
        if not config.checks:
            return
        transition = checked_transition(vertex)
        if transition is None:
            place = self.document.place_of(("activities", vertex.name, "checks"), key=True)
            message = f"a `{vertex.type}` has no main output that `checks` could look at."
            remedy = "Put them on an activity before it, or on one that follows an output."
            self.faults.append(Fault(place, message, remedy, "no_main_output"))
            return
        rows = self.relations.get(transition)
        catalog = self.definitions.catalog
        dimension = catalog.dimensions.get(self.graph.dimension_of(transition) or "")
        before = transitions_before(self.graph, vertex.name, catalog)
        scope = replace(self._scope(rows, dimension), transitions=before)
        for site in config.rules():
            if site.path[0] == "checks":
                self._check_site(vertex.name, site, rows, scope)

    def _rows(self, vertex: Vertex, dimension: Dimension | None) -> Relation | None:
        """The rows whose columns the rules of an activity see; None where they are unknown."""
        if vertex.inputs:
            return self.relations.get(vertex.inputs[0])
        if activity_type(vertex.type).dimensionless:
            return Relation.table("nothing", {})
        return self._entity(dimension) if dimension else None

    def _entity(self, dimension: Dimension) -> Relation:
        table: EntityTable = self.tables[dimension.entity]
        return Relation.table(table.table, table.schema, table.key)

    def _scope(self, rows: Relation | None, dimension: Dimension | None) -> Scope:
        own = rows is not None and rows.source in {t.table for t in self.tables.values()}
        columns = None if rows is None or own else rows.schema
        return build_scope(self.tables, dimension, self.moment, columns)

    def _check_site(self, name: str, site: RuleSite, rows: Relation | None, scope: Scope) -> None:
        if rows is None or site.reads_added:  # the latter is checked where the activity runs
            return
        for path, text in leaves(site):
            whole = ("activities", name, *path)
            if site.kind == "rule":
                self._try(whole, text, partial(compile_rule, text, scope))
            elif site.kind == "value":
                is_column = site.path[0] == "add"
                compile_it = partial(compile_value, text, scope, windows=is_column)
                self._try(whole, text, compile_it)
            elif site.kind == "aggregate":
                self._try(whole, text, partial(_compile_of_groups, text, site.groups, scope))
            elif site.kind == "order":
                self._try(whole, text, partial(compile_order, [text], scope))
            else:
                self._try(whole, text, partial(compile_table_rule, text, rows, scope))

    def _try(self, path: _Path, text: str, compile_it: Callable[[], object]) -> None:
        try:
            compiled = compile_it()
            self.reads.setdefault(str(path[1]), set()).update(_entities(compiled))
        except DefinitionError as error:
            offset = error.offset
            if offset is None and error.code == "unknown_message":
                offset = text.find(error.message.split("`")[1])
            place = self.document.place_of(path, offset=max(0, offset or 0))
            self.faults.append(Fault(place, error.message, error.remedy, error.code))

    def _learn(
        self,
        vertex: Vertex,
        config: ActivityConfig,
        dimension: Dimension | None,
        rows: Relation | None,
        *,
        silent: bool,
    ) -> None:
        """Run the activity over tables without rows, for the columns of its outputs.

        What it refuses is a fault of the activity, unless one of its rules explained it already.
        """
        kind = activity_type(vertex.type)
        if rows is None:
            return
        outcome: Outcome | None = None
        if not kind.gate:
            try:
                outcome = kind.run(config, self._context(vertex, dimension))
                self.reads.setdefault(vertex.name, set()).update(self._tables_of(outcome))
            except DefinitionError as error:
                if not silent:
                    self.faults.append(self._fault_of(vertex, error))
                if vertex.type in _ADDS_COLUMNS:  # which ones is not known then
                    return
            except Refused:
                outcome = None
        for effect in outcome.effects if outcome else ():
            if isinstance(effect, SaveAudience):
                self.saved[effect.audience] = effect.relation.schema
        for transition in vertex.outputs:
            output = transition.partition(".")[2]
            if outcome is not None and output not in outcome.outputs:
                continue
            schema: Schema
            if outcome is not None:
                schema, key = outcome.outputs[output].schema, outcome.outputs[output].key
            else:
                schema = {**_keys(vertex, rows), **kind.added.get(output, {})}
                key = tuple(column for column in rows.key if column in schema)
            name = f"work__{transition_table(transition)}"
            self.relations[transition] = Relation.table(name, schema, key)

    def _tables_of(self, outcome: Outcome) -> set[str]:
        """The entities that the queries of an activity read."""
        queries = [each.query for each in (*outcome.outputs.values(), outcome.stage) if each]
        read = {table.name for query in queries for table in query.find_all(exp.Table)}
        return {name for name, each in self.tables.items() if each.table in read}

    def _fault_of(self, vertex: Vertex, error: DefinitionError) -> Fault:
        """A refusal where it belongs: at a character of an option, at the option or activity."""
        path, offset = ("activities", vertex.name, *error.path), error.offset
        at_key = not error.path or (offset is None and isinstance(error.path[-1], str))
        place = self.document.place_of(path, key=at_key, offset=None if at_key else offset or 0)
        return Fault(place, error.message, error.remedy, error.code)

    def _context(self, vertex: Vertex, dimension: Dimension | None) -> ActivityContext:
        dimensions = self.definitions.catalog.dimensions
        return ActivityContext(
            campaign=self.campaign.name,
            version=0,
            activity=vertex.name,
            execution="check",
            inputs=tuple(self._input(each) for each in vertex.inputs if each in self.relations),
            linked={t: self._input(t) for t in vertex.linked if t in self.relations},
            dimension=dimension,
            gives=dimensions.get(self.graph.dimension_of(vertex.name) or ""),
            catalog=self.definitions.catalog,
            scope=self._scope,
            salt="check",
            entity=self._entity,
            audiences=audience_rows(self.definitions, self.campaign.merge_policy),
            incoming=self._keys_of(dimension) if vertex.type == "incoming" else None,
        )

    def _input(self, transition: str) -> Input:
        dimension = self.graph.dimension_of(transition) or ""
        known = self.definitions.catalog.dimensions
        return Input(transition, self.relations[transition], known.get(dimension))

    def _keys_of(self, dimension: Dimension | None) -> Relation | None:
        if dimension is None:
            return None
        table = self.tables[dimension.entity]
        return Relation.table("incoming", {c: table.schema[c] for c in table.key}, table.key)

    def _with_samples(self, config: ActivityConfig) -> ActivityConfig:
        values = {name: sample_value(p) for name, p in self.campaign.parameters.items()}
        return with_audience(with_parameters(config, values), {"param": values})


def reads_its_own(campaign: Campaign, definitions: Definitions) -> bool:
    """Whether a campaign reads an audience whose columns are only known from its own rules."""
    configs = campaign.activities.values()
    read = {config.audience for config in configs if isinstance(config, ReadAudience)}
    known = (definitions.audiences.get(name) for name in read)
    return any(each is not None and each.columns is None for each in known)


def with_saved_columns(
    campaign: Campaign, definitions: Definitions, document: Document
) -> Definitions:
    """The definitions, knowing the columns of the audiences that a sound campaign saves."""
    saving = any(config.type == "save_audience" for config in campaign.activities.values())
    if not saving or tables_to_check(definitions) is None:
        return definitions
    default = definitions.catalog.default_dimension
    dimension = campaign.dimension or (default.name if default else None)
    graph = build_graph(campaign.activities, dimension)
    checker = RuleChecker(campaign, graph, definitions, document)
    for name in graph.order:
        checker.check(name)
    known = {
        name: replace(audience, columns=checker.saved.get(name, audience.columns))
        for name, audience in definitions.audiences.items()
    }
    return replace(definitions, audiences=known)


def _compile_of_groups(text: str, groups: tuple[str, ...], scope: Scope) -> Compiled:
    """A value of whole groups; of a sort key without its direction."""
    return compile_aggregate(split_direction(text)[0], scope, groups)


def _keys(vertex: Vertex, rows: Relation) -> Schema:
    """The columns of a working table: the key alone where a population starts, else its input's."""
    return rows.schema if vertex.inputs else {c: rows.schema[c] for c in rows.key}


def _entities(compiled: object) -> frozenset[str]:
    """The entities that a compiled rule, value or sort list reads."""
    if isinstance(compiled, list):
        return frozenset().union(*(_entities(order.value) for order in compiled))
    return compiled.entities if isinstance(compiled, Compiled) else frozenset()
