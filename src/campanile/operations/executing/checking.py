"""Checking an activity's rows: what fails is told, or holds the execution until somebody decides.

How checks compose with everything else: the hold of a failed check is committed in the same
transaction as the outputs it is about, so nothing that follows can see them without it. Where an
activity acts (sends, writes, tells), the hold stands alone, before anything is done. While a hold
is open, no activity of the execution begins; what ends of itself ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from campanile.activities.base import ActivityConfig, Check
from campanile.activities.checks import CheckResult, check_question, failed, read_answer
from campanile.activities.context import ActivityContext
from campanile.campaigns.checked_rows import acts, checked_transition, transitions_before
from campanile.campaigns.graph import Vertex
from campanile.catalog.entities import Dimension
from campanile.errors import Refused
from campanile.operations.executing.data import BoundData, bind_input
from campanile.operations.executing.segment_run import SegmentRun
from campanile.relations.references import transition_references
from campanile.relations.relation import Relation
from campanile.relations.scope import Scope
from campanile.store.check_holds import CheckHold, NewCheckHold
from campanile.store.manifest_rows import ManifestRow, OutputRow


@dataclass(frozen=True)
class TableRules:
    """What table rules of one activity may know: the past, and the transitions before it."""

    run: SegmentRun
    data: BoundData
    vertex: Vertex
    committed: Mapping[str, ManifestRow]

    def scope(self, rules: Sequence[str], base: Scope, looked_at: str) -> Scope:
        """The scope of `rules` over the rows of transition `looked_at`."""
        past: tuple[int, ...] = ()
        if any("usual" in rule for rule in rules):
            manifests = self.run.project.store.manifests
            past = manifests.past_counts(self.run.execution.id, looked_at)
        graph, catalog = self.run.compiled.graph, self.run.project.catalog
        known = transitions_before(graph, self.vertex.name, catalog)
        named = set().union(*(transition_references(rule) for rule in rules))
        for transition in named & set(known):
            bind_input(self.data.session, self.committed[transition], known[transition].key)
        return replace(base, past_counts=past, transitions=known)


def knowing_table_rules(
    run: SegmentRun,
    data: BoundData,
    vertex: Vertex,
    config: ActivityConfig,
    committed: Mapping[str, ManifestRow],
    context: ActivityContext,
) -> ActivityContext:
    """The context, with what an activity's own table rules ask for besides its rows."""
    rules = [
        str(site.written)
        for site in config.rules()
        if site.kind == "table_rule" and site.path[0] != "checks"
    ]
    if not rules:
        return context
    known = TableRules(run, data, vertex, committed)

    def scope(relation: Relation | None, dimension: Dimension | None) -> Scope:
        return known.scope(rules, context.scope(relation, dimension), vertex.inputs[0])

    return replace(context, scope=scope)


def require_nothing_held(run: SegmentRun) -> None:
    """Refuse to begin anything while checks hold the execution."""
    for hold in run.project.store.check_holds.of_execution(run.execution.id):
        if hold.decision is None:
            raise _held(run, hold)


def check_before_acting(
    run: SegmentRun,
    data: BoundData,
    vertex: Vertex,
    config: ActivityConfig,
    committed: Mapping[str, ManifestRow],
    part: str,
) -> list[CheckResult]:
    """Check the rows that an acting activity was given; a hold is committed before it acts.

    Raises Refused when a check holds the execution, unless that was approved.
    """
    transition = checked_transition(vertex) if acts(vertex) and part != "outputs" else None
    if transition is None or not config.checks or not committed[transition].reached:
        return []
    row = committed[transition]
    if config.when_empty != "continue" and not row.rows:
        return []  # it stops or fails here by itself
    results = _check(TableRules(run, data, vertex, committed), config.checks, row)
    for wanted in hold_of(run, vertex, results):
        hold = run.project.store.check_holds.hold(run.execution.id, wanted)
        if hold.decision != "approved":
            raise _held(run, hold)
    return results


def check_outputs(
    run: SegmentRun,
    data: BoundData,
    vertex: Vertex,
    config: ActivityConfig,
    committed: Mapping[str, ManifestRow],
    rows: Sequence[OutputRow],
) -> list[CheckResult]:
    """Check the main output of an activity as it is written; one that is not reached has none."""
    transition = None if acts(vertex) else checked_transition(vertex)
    for row in rows:
        if row.transition == transition and row.reached and config.checks:
            return _check(TableRules(run, data, vertex, committed), config.checks, row)
    return []


def hold_of(run: SegmentRun, vertex: Vertex, results: Sequence[CheckResult]) -> list[NewCheckHold]:
    """The hold that failed checks ask for, if any; a test tells of them and goes on."""
    said = "; ".join(one.sentence for one in failed(results, "hold"))
    if not said or run.mode == "test":
        return []
    reason = f"a check of '{vertex.name}' failed: {said}"
    return [NewCheckHold(vertex.name, reason, [one.to_json() for one in results])]


def with_results(
    rows: Sequence[OutputRow], transition: str, results: Sequence[CheckResult]
) -> list[OutputRow]:
    """The rows, with what the checks found beside the output they are about."""
    facts = [one.to_json() for one in results]
    return [
        replace(row, details={**row.details, "checks": facts})
        if facts and row.transition == transition
        else row
        for row in rows
    ]


def _check(
    rules: TableRules, checks: Sequence[Check], row: ManifestRow | OutputRow
) -> list[CheckResult]:
    dimension = _dimension(rules, row.transition)
    key = rules.data.tables[dimension.entity].key if dimension else ()
    relation = bind_input(rules.data.session, row, key)
    base = rules.data.scope(relation, dimension)
    scope = rules.scope([check.rule for check in checks], base, row.transition)
    return [_answer(rules, check, relation, scope) for check in checks]


def _answer(rules: TableRules, check: Check, relation: Relation, scope: Scope) -> CheckResult:
    question = check_question(check, relation, scope)
    (row,) = rules.data.session.rows(question)
    return read_answer(check, list(question.schema), row, no_history=not scope.past_counts)


def _dimension(rules: TableRules, transition: str) -> Dimension | None:
    name = rules.run.compiled.graph.dimension_of(transition)
    return rules.run.project.catalog.dimensions.get(name or "")


def _held(run: SegmentRun, hold: CheckHold) -> Refused:
    named = f"{run.execution.campaign} {run.execution.key}"
    return Refused(
        f"execution {run.execution.name} is held: {hold.reason}.",
        remedy=f"`campanile approve {named}` lets it go on all the same; "
        f"`campanile reject {named}` ends it.",
    )
