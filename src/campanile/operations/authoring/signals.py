"""Signals: a program, a campaign or a person starts a campaign and gives its parameters."""

from collections.abc import Mapping
from datetime import datetime

from campanile.activities.options import with_parameters
from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.schedule import SignalSchedule
from campanile.campaigns.schedules import fixed, is_valid_at
from campanile.errors import Refused
from campanile.operations.authoring.versions import get_version, parameters_of
from campanile.operations.project import Project
from campanile.store.execution_rows import Execution
from campanile.store.new_executions import NewExecution


class TooSoon(Refused):
    """A signal that `at_most_every` or an open execution does not let in now.

    `again_at` is when it may be sent again, where that is known.
    """

    def __init__(self, message: str, again_at: datetime | None) -> None:
        remedy = f"Again from {again_at:%Y-%m-%d %H:%M:%S} UTC on." if again_at else ""
        super().__init__(message, remedy=remedy)
        self.again_at = again_at


def send_signal(
    project: Project, campaign: str, payload: Mapping[str, str], *, actor: str
) -> Execution:
    """Start an execution of the published version, the payload being its parameters.

    Raises Refused where the campaign takes no signals now or the payload is wrong, and `TooSoon`.
    """
    compiled, version = _published(project, campaign)
    assert isinstance(compiled.campaign.schedule, SignalSchedule)
    values, now = compiled.campaign.parameter_values(payload), project.clock()
    schedule = with_parameters(compiled.campaign.schedule, values)
    wanted = NewExecution(
        campaign=campaign,
        version=version,
        kind="signal",
        mode="live",
        requested_by=actor,
        due_at=now,
        parameters=parameters_of(compiled, payload),
    )
    if not is_valid_at(schedule, now, values):
        raise Refused(f"campaign '{campaign}' takes no signal now: see its `start` and `end`.")
    answer = project.store.signals.accept(
        wanted,
        overlap=schedule.overlap,
        pause=None if schedule.at_most_every is None else fixed(schedule.at_most_every),
    )
    if answer.execution is None:
        raise TooSoon(f"campaign '{campaign}': {answer.refusal}.", answer.again_at)
    return answer.execution


def _published(project: Project, campaign: str) -> tuple[CompiledVersion, int]:
    """The published version of a campaign that starts on signals; raises Refused for others."""
    row = project.store.campaigns.get(campaign)
    if row.published_version is None:
        raise Refused(
            f"campaign '{campaign}' is not published.", remedy=f"`campanile publish {campaign}`."
        )
    compiled = get_version(project, campaign, row.published_version)
    if not isinstance(compiled.campaign.schedule, SignalSchedule) or compiled.campaign.model:
        raise Refused(
            f"campaign '{campaign}' starts on no signal.",
            remedy=f"`campanile start {campaign}`, or `schedule: {{signal: true}}` in its file.",
        )
    return compiled, row.published_version
