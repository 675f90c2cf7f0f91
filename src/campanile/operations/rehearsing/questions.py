"""A question to the data: a rule of no campaign, checked first, then asked of today's rows."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from campanile.campaigns.filters import dimension_of_name, filters_called, named_filters
from campanile.campaigns.message_references import message_elsewhere
from campanile.campaigns.scopes_check import known_audiences
from campanile.catalog.entities import Dimension
from campanile.catalog.scopes import (
    Moment,
    audience_table_name,
    build_entity_tables,
    build_scope,
)
from campanile.errors import DefinitionError, Fault, FaultsFound, Place, Refused
from campanile.operations.executing.data import bind_entities
from campanile.operations.executing.pins import reads_all_feedback
from campanile.operations.feedback.message_feedback import (
    FeedbackExporter,
    FeedbackPins,
    bind_feedback,
)
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.relations.parse import did_you_mean
from campanile.relations.references import message_references
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_rule, compile_value
from campanile.relations.scope import EntityTable, Scope
from campanile.relations.values import Compiled
from campanile.warehouse.sources import ParquetFiles
from campanile.warehouse.warehouse import Session


@dataclass(frozen=True)
class Question:
    """A rule, understood over the rows of a dimension or entity; no engine was asked yet."""

    rule: str
    dimension: Dimension
    table: EntityTable
    scope: Scope
    compiled: Compiled

    @property
    def everybody(self) -> Relation:
        """All rows that the rule is asked of."""
        return Relation.table(self.table.table, self.table.schema, self.table.key)

    @property
    def found(self) -> Relation:
        """The rows for which the rule holds."""
        return self.everybody.filter(self.compiled)

    def value(self, text: str, named: str) -> Compiled:
        """A value of the rows; raises FaultsFound with the place in the text, `named` so."""
        with faults_in(text, named):
            return compile_value(text, self.scope)


def understood(project: Project, rule: str, dimension: str | None = None) -> Question:
    """Type-check a rule over a dimension, an entity, or the default dimension.

    Raises FaultsFound with line and column in the rule, Refused for a dimension there is not.
    """
    definitions, catalog = project.definitions, project.catalog
    chosen = dimension_of_name(dimension, catalog)
    if chosen is None:
        known = [*catalog.dimensions, *catalog.entities]
        remedy = did_you_mean(dimension, known) if dimension else "Name one: --dimension."
        named = f"'{dimension}'" if dimension else "by default"
        raise Refused(f"there is no dimension or entity {named}.", remedy=remedy)
    tables = build_entity_tables(catalog, definitions.bound)
    now = project.clock()
    moment = Moment(
        now=now,
        started_at=now,
        timezone=project.timezone,
        messages=partial(message_elsewhere, definitions.messages),
        audiences=known_audiences(definitions),
        filters=named_filters(definitions.filters, catalog, tables, project.timezone),
        ages={name: one.committed_at for name, one in project.store.entities.current().items()},
    )
    scope = build_scope(tables, chosen, moment)
    with faults_in(rule, "RULE"):
        compiled = compile_rule(rule, scope)
    return Question(rule, chosen, tables[chosen.entity], scope, compiled)


@contextmanager
def faults_in(text: str, named: str) -> Iterator[None]:
    """Turn what is wrong with a text from the command line into a fault with line and column."""
    try:
        yield
    except DefinitionError as error:
        before = text[: error.offset or 0]
        place = Place(named, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        raise FaultsFound([Fault(place, str(error.message), error.remedy, error.code)]) from error


@requires(Right.VIEW)
@contextmanager
def asked(project: Project, question: Question) -> Iterator[Session]:
    """A session with everything bound that the question reaches, as it is now.

    Raises Refused for an audience that a campaign will save and none has yet.
    """
    store = project.store
    saved = store.audiences.current()
    for name in sorted(question.compiled.audiences):
        if name not in saved:
            raise Refused(f"the audience '{name}' was not saved yet.", remedy="Run its campaign.")
    feedback = _feedback(project, question)
    with project.warehouse.session() as session:
        bind_feedback(session, feedback, project.warehouse.root)
        bind_entities(project, session, store.entities.pins(project.catalog.entities), feedback)
        for name in question.compiled.audiences:
            files = ParquetFiles(tuple(saved[name].paths), pinned=True)
            session.bind(audience_table_name(name), files, saved[name].known().columns)
        yield session


def _feedback(project: Project, question: Question) -> FeedbackPins:
    """The messages that the rule and the filters it calls ask about."""
    called = filters_called(question.rule, project.definitions.filters)
    rules: list[object] = [question.rule, *(file.where for file in called.values())]
    whole = reads_all_feedback(map(str, rules))
    references = frozenset[str]().union(*map(message_references, rules))
    if not references and not whole:
        return FeedbackPins(0)
    messages: Mapping[str, str] = project.definitions.messages
    sources = [message_elsewhere(messages, one) for one in sorted(references)]
    return FeedbackExporter.of(project.store, project.lake).export(None if whole else sources)
