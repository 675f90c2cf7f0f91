"""Runs of tests: by the stack where one runs, or else in this process, as far as they can go.

Both do the same work under the same locks: a run that was killed is gone on with by either.
"""

from collections.abc import Callable

from campanile.campaigns.simulation import Simulation
from campanile.errors import CampanileError, Refused
from campanile.operations.authoring.lives import resume, stop
from campanile.operations.authoring.versions import get_version, start_execution
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.advancing import advance
from campanile.operations.executing.segment_runs import begin_segment, fail_segment, finish_segment
from campanile.operations.hosting.heartbeat import ticks
from campanile.operations.people.rights import requires_for_campaign
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution
from campanile.store.segment_rows import Segment

_ASLEEP = ("paused", "held")
_OPEN = ("ready", "held")  # held: Dagster could not run it
_DIED = "its run ended before all of it was committed"


def run_test(project: Project, execution: Execution, pause: Callable[[], object]) -> Execution:
    """Let a test run as far as it can go now: by the clock where one ticks, or else here."""
    if ticks(project.state, project.clock()):
        return follow(project, execution, pause)
    return run_here(project, execution)


def last_test(project: Project, campaign: str) -> Execution:
    """The newest test of a campaign; raises Refused when there is none."""
    project.store.campaigns.get(campaign)
    for one in project.store.executions.of_campaign(campaign):
        if one.mode == "test":
            return one
    raise Refused(
        f"campaign '{campaign}' was never tested.", remedy=f"`campanile test {campaign}` does that."
    )


@requires_for_campaign(Right.EDIT)
def test_again(project: Project, campaign: str, *, actor: str) -> Execution:
    """End the newest test and begin another one, told the same, of the latest version."""
    last = last_test(project, campaign)
    if not last.is_final:
        stop(project, campaign, last.key, actor=actor, reason="tested again")
    latest = project.store.campaigns.get(campaign).latest_version
    known = get_version(project, campaign, latest).campaign.parameters
    given = {name: str(last.parameters[name]) for name in known if name in last.parameters}
    return start_execution(
        project,
        campaign,
        kind="test",
        mode="test",
        parameters=given,
        simulation=Simulation.of(last.simulation),
        actor=actor,
    )


@requires_for_campaign(Right.EDIT)
def go_on(project: Project, campaign: str, *, actor: str) -> Execution:
    """The newest test, resumed where it is paused or was stopped."""
    last = last_test(project, campaign)
    if last.status in ("paused", "stopped"):
        return resume(project, campaign, last.key, actor=actor)
    return last


def run_here(project: Project, execution: Execution) -> Execution:
    """Run an execution in this process until it is over, waits, or an error pauses it.

    What a run before this one began, and did not end, is begun anew; a run that is still alive
    finds out when it commits.
    """
    _take_over(project, execution)
    while True:
        current = _moved_on(project, execution)
        ready = [one for one in _segments(project, current) if one.state in _OPEN]
        if current.is_final or current.status in _ASLEEP or not ready:
            return current
        for one in ready:
            _run_segment(project, current, one)


def follow(project: Project, execution: Execution, pause: Callable[[], object]) -> Execution:
    """Look on while others run it, with a `pause` between looks, until it is over or waits."""
    while True:
        waits = project.store.executions.waits_for(execution.id)
        current, now = waits.execution, project.clock()
        rests = bool(waits.gates) and all(g.due_at is None or g.due_at > now for g in waits.gates)
        if current.is_final or current.status in _ASLEEP or (rests and not waits.segments):
            return current
        pause()


def _moved_on(project: Project, execution: Execution) -> Execution:
    """The execution once its due gates are open and what follows from them is ready."""
    advance(project, execution.id)
    now = project.clock()
    gates = project.store.gates
    for gate in gates.of_execution(execution.id):
        if gate.state == "armed" and gate.due_at is not None and gate.due_at <= now:
            gates.release(execution.id, gate.activity, by="test", outcome="due")
    return advance(project, execution.id)


def _segments(project: Project, execution: Execution) -> list[Segment]:
    """The segments that are neither done nor taken back."""
    done = ("succeeded", "superseded")
    return [s for s in project.store.segments.of_execution(execution.id) if s.state not in done]


def _take_over(project: Project, execution: Execution) -> None:
    segments = project.store.segments
    for one in _segments(project, execution):
        if one.state in ("requested", "started"):
            segments.fail(execution.id, one.name, one.attempt, reason=_DIED)
        if segments.get(execution.id, one.name).state == "failed":
            segments.retry(execution.id, one.name, by="test")


def _run_segment(project: Project, execution: Execution, segment: Segment) -> None:
    """Run one segment; an error pauses the execution, with what the error says."""
    segments, key = project.store.segments, f"test-{execution.id}-{segment.name}-{segment.attempt}"
    segments.request([(execution.id, segment.name, segment.attempt)])
    campaign, version = execution.campaign, execution.version
    try:
        run = begin_segment(
            project, campaign, version, execution.key, segment.name, key, segment.attempt
        )
    except CampanileError as error:
        _pause(project, execution, error)
        return
    try:
        for activity, part in run.steps():
            run_activity(run, activity, part)
        finish_segment(run)
    except CampanileError as error:
        fail_segment(run, str(error))
        _pause(project, execution, error)


def _pause(project: Project, execution: Execution, error: CampanileError) -> None:
    current = project.store.executions.get(execution.id)
    if not current.is_final and current.status not in _ASLEEP:
        project.store.executions.pause(
            execution.id, by="campanile", reason=str(error), in_error=True
        )
