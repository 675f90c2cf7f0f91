"""Moving an execution on: what is committed arms gates, readies segments, and finishes it."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from campanile.activities.approval import Approval
from campanile.activities.await_signal import AwaitSignal
from campanile.activities.options import with_parameters
from campanile.activities.task import Task
from campanile.activities.wait import Wait
from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.progress import GateState, next_steps
from campanile.campaigns.questions import NewQuestion
from campanile.campaigns.simulation import Simulation
from campanile.campaigns.waits import opening_of
from campanile.operations.authoring.versions import get_version
from campanile.operations.executing.asking import gate_of_people, question_of
from campanile.operations.project import Project
from campanile.store.advances import Standing, Steps
from campanile.store.execution_rows import Execution
from campanile.store.gates import Gate, GateToArm


def advance(project: Project, execution_id: int) -> Execution:
    """Do what follows from what is committed; doing it again changes nothing."""
    execution = project.store.executions.get(execution_id)
    if execution.is_final or execution.started_at is None:
        return execution
    compiled = get_version(project, execution.campaign, execution.version)
    now = project.clock()
    return project.store.advances.advance(
        execution_id, lambda standing: decide(compiled, standing, now, project.timezone)
    )


def decide(compiled: CompiledVersion, standing: Standing, now: datetime, zone: ZoneInfo) -> Steps:
    """What follows from where an execution stands; pure and quick."""
    gates: dict[str, GateState] = {
        name: "released" if gate.state == "released" else "armed"
        for name, gate in standing.gates.items()
    }
    steps = next_steps(
        compiled.graph,
        compiled.segments,
        {name: row.reached for name, row in standing.committed.items()},
        gates,
        {name: row.state for name, row in standing.segments.items() if row.state != "superseded"},
    )
    return Steps(
        arm=tuple(_gate(compiled, name, standing, now, zone) for name in steps.arm),
        ask=_questions(compiled, steps.arm, standing, now, zone),
        ready={name: _logical_time(compiled, name, standing, now) for name in steps.ready},
        finished=steps.finished,
    )


def _gate(
    compiled: CompiledVersion, name: str, standing: Standing, now: datetime, zone: ZoneInfo
) -> GateToArm:
    """A delivery has no due time; a wait has. What a test passes is over at once."""
    config = compiled.campaign.activities[name]
    if isinstance(config, Approval | Task):
        return gate_of_people(compiled, name, standing, now)
    if _is_passed(compiled, name, standing):
        answer = Simulation.of(standing.execution.simulation).answers.get(name)
        return GateToArm(name, "wait", now, answer)
    if not isinstance(config, Wait | AwaitSignal):
        return GateToArm(name, "delivery", None)
    reached = [standing.committed[t].committed_at for t in compiled.graph[name].inputs]
    own = compiled.campaign.schedule.timezone
    values = compiled.campaign.values_of(standing.execution.parameters)
    settled = with_parameters(config, values)
    start = max(reached, default=now)  # not when somebody noticed it
    opening = opening_of(settled, start, ZoneInfo(own) if own else zone)
    if isinstance(config, AwaitSignal):
        return GateToArm(name, "signal", opening.at, opening.outcome, config.signal)
    return GateToArm(name, "wait", opening.at, opening.outcome)


def _is_passed(compiled: CompiledVersion, name: str, standing: Standing) -> bool:
    """Whether a test goes by a gate: messages are simulated, and it may not wait to its end."""
    if standing.execution.mode != "test":
        return False
    told = Simulation.of(standing.execution.simulation)
    return compiled.graph[name].channel or not (told.waits and told.runs(name, compiled.graph))


def _questions(
    compiled: CompiledVersion,
    names: Sequence[str],
    standing: Standing,
    now: datetime,
    zone: ZoneInfo,
) -> dict[str, NewQuestion]:
    """What people are asked where a gate is armed; a test asks nobody."""
    if standing.execution.mode == "test":
        return {}
    return {
        name: question_of(compiled, name, standing, now, zone)
        for name in names
        if isinstance(compiled.campaign.activities[name], Approval | Task)
    }


def _logical_time(
    compiled: CompiledVersion, segment: str, standing: Standing, now: datetime
) -> datetime:
    """The `now()` of a segment: when its last gate was due, or was released where none is due."""
    if not any(each.name == segment for each in compiled.segments):
        return now
    cut = next(each for each in compiled.segments if each.name == segment)
    moments = [
        moment
        for name in cut.gates
        if (gate := standing.gates.get(name)) is not None
        and (moment := _opened_at(gate)) is not None
    ]
    return max(moments, default=now)


def _opened_at(gate: Gate) -> datetime | None:
    """When a gate was due; an answer that came before its end counts from when it came."""
    moments = [moment for moment in (gate.due_at, gate.released_at) if moment is not None]
    return min(moments, default=None)
