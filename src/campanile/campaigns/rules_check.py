"""The rules of a campaign, type-checked over the columns that each activity's rows have."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from campanile.activities.base import ActivityConfig
from campanile.activities.options import RuleSite
from campanile.campaigns.checked_rows import checked_transition, transitions_before
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.empty_run import EmptyRun
from campanile.campaigns.graph import Graph, Vertex
from campanile.campaigns.rule_texts import leaves, silence_warnings
from campanile.campaigns.saved_columns import reads_its_own, with_saved_columns
from campanile.campaigns.scopes_check import tables_to_check
from campanile.catalog.yaml_document import Document
from campanile.errors import DefinitionError, Fault, Refused
from campanile.relations.relation import Relation
from campanile.relations.rules import (
    compile_order,
    compile_rule,
    compile_value,
    split_direction,
)
from campanile.relations.scope import Scope
from campanile.relations.tables import compile_aggregate, compile_table_rule
from campanile.relations.values import Compiled

_Path = tuple[str | int, ...]


def check_rules(
    campaign: Campaign, graph: Graph, definitions: Definitions, document: Document
) -> list[Fault]:
    """List the faults and warnings of all rules; nothing where an entity's columns are unknown."""
    if tables_to_check(definitions) is None:
        return []
    if reads_its_own(campaign, definitions):
        definitions = with_saved_columns(campaign, definitions)
    checker = RuleChecker(EmptyRun(campaign, graph, definitions), document)
    for name in graph.order:
        checker.check(name)
    return checker.faults


@dataclass
class RuleChecker:
    """Walks the activities in order, carrying the columns of every transition along in `run`."""

    run: EmptyRun
    document: Document
    faults: list[Fault] = field(default_factory=list)
    reached: dict[str, set[str]] = field(default_factory=dict)  # entities its rules reach

    def check(self, name: str) -> None:
        """Check the rules of one activity and learn the columns of its outputs."""
        vertex = self.run.graph[name]
        try:
            config = self.run.config(name)
        except Refused as error:
            place = self.document.place_of(("activities", name), key=True)
            self.faults.append(Fault(place, error.message, error.remedy, "parameter"))
            return
        before = len(self.faults)
        self._check_own(vertex, config)
        explained = len(self.faults) > before
        refusal = self.run.learn(vertex, config)
        if refusal is not None and not explained:
            self.faults.append(self._fault_of(vertex, refusal))
        self._check_checks(vertex, config)

    def _check_own(self, vertex: Vertex, config: ActivityConfig) -> None:
        """Check the rules over the rows that come in, and the warnings that files silence."""
        rows = self.run.rows(vertex)
        scope = self._scope(vertex, rows, vertex.dimension)
        for site in config.rules():
            if site.path[0] != "checks":
                self._check_site(vertex.name, site, rows, scope)
        above, path = self.run.graph.ancestors(vertex.name), ("activities", vertex.name)
        texts = [((*path, *p), text) for site in config.rules() for p, text in leaves(site)]
        self.faults += silence_warnings(texts, above, self.document)

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
        rows = self.run.relations.get(transition)
        scope = self._scope(vertex, rows, self.run.graph.dimension_of(transition))
        for site in config.rules():
            if site.path[0] == "checks":
                self._check_site(vertex.name, site, rows, scope)

    def _scope(self, vertex: Vertex, rows: Relation | None, dimension: str | None) -> Scope:
        """What the rules of an activity over `rows` can reach, the transitions before it too."""
        before = transitions_before(self.run.graph, vertex.name, self.run.definitions.catalog)
        return replace(self.run.scope(rows, self.run.dimension(dimension)), transitions=before)

    def _check_site(self, name: str, site: RuleSite, rows: Relation | None, scope: Scope) -> None:
        if rows is None or site.reads_added:  # the latter is checked where the activity runs
            return
        for path, text in leaves(site):
            compile_it = partial(_compile, site, text, rows, scope)
            self._try(("activities", name, *path), text, compile_it)

    def _try(self, path: _Path, text: str, compile_it: Callable[[], object]) -> None:
        try:
            compiled = compile_it()
            self.reached.setdefault(str(path[1]), set()).update(_entities(compiled))
        except DefinitionError as error:
            offset = error.offset
            if offset is None and error.code == "unknown_message":
                offset = text.find(error.message.split("`")[1])
            place = self.document.place_of(path, offset=max(0, offset or 0))
            self.faults.append(Fault(place, error.message, error.remedy, error.code))

    def _fault_of(self, vertex: Vertex, error: DefinitionError) -> Fault:
        """A refusal where it belongs: at a character of an option, at the option or activity."""
        path, offset = ("activities", vertex.name, *error.path), error.offset
        at_key = not error.path or (offset is None and isinstance(error.path[-1], str))
        place = self.document.place_of(path, key=at_key, offset=None if at_key else offset or 0)
        return Fault(place, error.message, error.remedy, error.code)


def _compile(site: RuleSite, text: str, rows: Relation, scope: Scope) -> object:
    """Compile one text of a site; raises `DefinitionError`."""
    match site.kind:
        case "rule":
            return compile_rule(text, scope)
        case "value":
            return compile_value(text, scope, windows=site.path[0] == "add")
        case "aggregate":  # a value of whole groups; of a sort key without its direction
            return compile_aggregate(split_direction(text)[0], scope, site.groups)
        case "order":
            return compile_order([text], scope)
        case "table_rule":
            return compile_table_rule(text, rows, scope)


def _entities(compiled: object) -> frozenset[str]:
    """The entities that a compiled rule, value or sort list reads."""
    if isinstance(compiled, list):
        return frozenset().union(*(_entities(order.value) for order in compiled))
    return compiled.entities if isinstance(compiled, Compiled) else frozenset()
