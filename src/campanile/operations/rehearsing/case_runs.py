"""A test of a campaign as it runs: in memory, on the rows of the test, and time flies by itself."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campanile.activities import activity_type
from campanile.activities.approval import Approval
from campanile.activities.base import Outcome
from campanile.activities.context import ActivityContext, Input, Remembered
from campanile.activities.options import with_parameters
from campanile.activities.parts import stage_name
from campanile.activities.task import Task
from campanile.activities.wait import Wait
from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.graph import Vertex, transition_table
from campanile.campaigns.tests_file import CampaignTest
from campanile.campaigns.waits import opening_of
from campanile.catalog.names import split_reference
from campanile.catalog.scopes import entity_table_name
from campanile.errors import DefinitionError, Refused, located
from campanile.operations.executing.delivery_outputs import with_state
from campanile.operations.rehearsing.case_rows import bind_texts, with_keys
from campanile.operations.rehearsing.case_scopes import EXECUTION, CaseScopes
from campanile.operations.rehearsing.told_feedback import ToldFeedback
from campanile.relations.parse import did_you_mean
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.warehouse.warehouse import Session


@dataclass
class CaseRun:
    """One test under way; `relations` are the transitions computed, `columns` those validated."""

    session: Session
    definitions: Definitions
    compiled: CompiledVersion
    case: CampaignTest
    start: datetime
    zone: ZoneInfo
    columns: Mapping[str, Relation]
    opened: ExitStack = field(default_factory=ExitStack)
    outcomes: dict[str, str] = field(default_factory=dict)  # of waits; a signal comes at once
    relations: dict[str, Relation] = field(default_factory=dict)
    reached: dict[str, bool] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)  # when an activity is over

    def __post_init__(self) -> None:
        given = self.case.parameters
        self.parameters = self.compiled.campaign.parameter_values(given, test=True)
        self.scopes = CaseScopes(
            self.definitions, self.compiled, self.parameters, self.start, self.zone
        )
        self.feedback = ToldFeedback(
            self.session,
            self.compiled.campaign.name,
            EXECUTION,
            self.case.feedback,
            self.start,
            self.zone,
        )

    def run(self) -> Mapping[str, Relation]:
        """Compute every transition, in the order of the graph.

        Raises Refused for what the test names and there is not, EngineError for a value that is
        none of its column.
        """
        self._require_known_names()
        for name, table in self.scopes.tables.items():
            if self.definitions.catalog.entities[name].source.kind != "feedback":
                with located(f"rows of '{name}'"):
                    rows = self.case.rows.get(name, ())
                    bind_texts(self.session, table.table, table.schema, rows)
        for name in self.compiled.graph.order:
            with located(f"activity '{name}'"):
                self._activity(self.compiled.graph[name])
        return self.relations

    def read(self, transition: str, columns: Sequence[str]) -> Relation:
        """Columns of a computed transition; attributes and links of its rows are looked up.

        Raises DefinitionError for what is neither.
        """
        rows = self.relations[transition]
        now = self.times[transition.partition(".")[0]]
        scope = self.scopes.scope(rows, self.scopes.dimension(transition), now)
        found = {name: compile_value(name, scope) for name in columns if name not in rows.schema}
        looked_up = rows.derive({name.replace(".", "__"): value for name, value in found.items()})
        return looked_up.select([name.replace(".", "__") for name in columns])

    def _require_known_names(self) -> None:
        own = [name for name, vertex in self.compiled.graph.vertices.items() if vertex.channel]
        known: dict[str, tuple[Iterable[str], Iterable[str]]] = {
            "entity": (self.case.rows, self.scopes.tables),
            "transition": (self.case.given, self.compiled.graph.transitions),
            "message": (self.case.feedback, [*own, *self.definitions.messages]),
            "approval or task": (
                self.case.answers,
                [
                    n
                    for n, v in self.compiled.graph.vertices.items()
                    if v.type in ("approval", "task")
                ],
            ),
        }
        for what, (names, there) in known.items():
            for name in names:
                if name not in there:
                    raise Refused(f"there is no {what} '{name}'.", remedy=did_you_mean(name, there))

    def _activity(self, vertex: Vertex) -> None:
        config = with_parameters(self.compiled.campaign.activities[vertex.name], self.parameters)
        before = max((self.times[name] for name in vertex.parents), default=self.start)
        came = self._is_reached(vertex)
        if isinstance(config, Wait) and came:
            opening = opening_of(config, before, self.zone)
            self.outcomes[vertex.name] = opening.outcome
            before = opening.at or before
        if isinstance(config, Approval | Task):
            self.outcomes[vertex.name] = self._answer_of_people(vertex)
        self.times[vertex.name] = before
        self.feedback.bind(before)
        self._bind_feedback_entities(before)
        if any(transition in self.case.given for transition in vertex.outputs):
            self._take_given(vertex, came)
        elif vertex.channel:
            self._message(vertex, before, came)
        else:
            self._compute(vertex, config, before, came)

    def _answer_of_people(self, vertex: Vertex) -> str:
        """What the test says that people answer; the first answer where it says nothing."""
        known = [split_reference(transition)[1] for transition in vertex.outputs]
        told = self.case.answers.get(vertex.name, known[0])
        if told not in known:
            raise Refused(f"'{told}' is no answer.", remedy=f"There is: {', '.join(known)}.")
        return told

    def _is_reached(self, vertex: Vertex) -> bool:
        if vertex.disabled:
            return False
        followed = [t for n in vertex.after for t in (self.compiled.graph[n].outputs or (n,))]
        names = list(vertex.inputs) or followed
        arrived = [self.reached[name] for name in names]
        return (all if vertex.type == "and_join" else any)(arrived) if arrived else True

    def _take_given(self, vertex: Vertex, came: bool) -> None:
        for transition in vertex.outputs:
            known = self.columns[transition]
            rows = with_keys(self.case.given.get(transition, ()), known.key)
            table = f"given__{transition_table(transition)}"
            relation = bind_texts(self.session, table, known.schema, rows)
            self._keep(transition, Relation.table(table, relation, known.key), came)

    def _message(self, vertex: Vertex, now: datetime, came: bool) -> None:
        rows = self.relations[vertex.inputs[0]]
        dimension = self.scopes.dimension(vertex.inputs[0])
        if dimension is None:
            raise DefinitionError("a message needs rows of a targeting dimension.")
        scope = self.scopes.scope(rows, dimension, now)
        kept, messages = self.feedback.send(
            vertex.name,
            rows if came else rows.limit(0),
            dimension,
            scope,
            now,
            catalog=self.definitions.catalog,
            tables=self.scopes.tables,
        )
        for output, state, column in (
            ("", "sent", "variant"),
            (".excluded", "excluded", "reason"),
            (".failed", "failed", "reason"),
        ):
            if f"{vertex.name}{output}" in vertex.outputs:
                found = with_state(kept, messages, state, column)
                self._keep(f"{vertex.name}{output}", found, came)

    def _compute(self, vertex: Vertex, config: Any, now: datetime, came: bool) -> None:
        outcome = activity_type(vertex.type).run(config, self._context(vertex, now))
        with ExitStack() as staged:
            if outcome.stage is not None:
                staged.enter_context(self.session.stage(outcome.stage, stage_name(vertex.name)))
            counts = []
            for name, relation in outcome.outputs.items():
                transition = f"{vertex.name}.{name}" if name else vertex.name
                taken = came and self._answer(outcome, name)
                self._keep(transition, relation, taken)
                counts.append(self.session.count(self.relations[transition]))
        if config.when_empty != "continue" and not any(counts):
            self.reached.update(dict.fromkeys(vertex.outputs, False))
        if not outcome.outputs:
            self.reached[vertex.name] = came

    def _answer(self, outcome: Outcome, name: str) -> bool:
        answer = outcome.reached.get(name, True)
        return answer if isinstance(answer, bool) else bool(self.session.scalar(answer))

    def _keep(self, transition: str, relation: Relation, came: bool) -> None:
        rows = relation if came else relation.limit(0)
        name = f"work__{transition_table(transition)}"
        self.opened.enter_context(self.session.stage(rows, name))
        self.relations[transition] = Relation.table(name, relation.schema, relation.key)
        self.reached[transition] = came

    def _context(self, vertex: Vertex, now: datetime) -> ActivityContext:
        read = {
            transition: Input(
                transition,
                self.relations[transition],
                self.scopes.dimension(transition),
                self.reached[transition],
            )
            for transition in vertex.reads
        }
        return ActivityContext(
            campaign=self.compiled.campaign.name,
            version=1,
            activity=vertex.name,
            execution=EXECUTION,
            inputs=tuple(read[transition] for transition in vertex.inputs),
            linked={transition: read[transition] for transition in vertex.linked},
            dimension=self.definitions.catalog.dimensions.get(vertex.dimension or ""),
            gives=self.scopes.dimension(vertex.name),
            catalog=self.definitions.catalog,
            scope=lambda relation, dimension: self.scopes.scope(relation, dimension, now),
            salt=f"{self.compiled.campaign.name}/{vertex.name}",
            entity=self.scopes.entity,
            remembered=Remembered(()),
            opened=self.outcomes.get(vertex.name),
        )

    def _bind_feedback_entities(self, now: datetime) -> None:
        for name, entity in self.definitions.catalog.entities.items():
            if entity.source.kind == "feedback":
                schema = self.scopes.tables[name].schema
                source = self.feedback.source(entity, now)
                self.session.bind(entity_table_name(name), source, schema, lenient=True)
