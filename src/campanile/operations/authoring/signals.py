"""Signals: a program, a campaign or a person starts a campaign and gives its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from campanile.activities.await_signal import AwaitSignal
from campanile.activities.options import with_parameters
from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.definition import Campaign
from campanile.campaigns.schedule import SignalSchedule
from campanile.campaigns.schedules import fixed, is_valid_at
from campanile.errors import Refused
from campanile.operations.authoring.payloads import digest_of, payload_texts, sound_key
from campanile.operations.authoring.versions import get_version, parameters_of
from campanile.operations.people.rights import requires_for_campaign
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution
from campanile.store.gates import Gate
from campanile.store.new_executions import NewExecution
from campanile.store.signals import NewSignal, SignalKey


class TooSoon(Refused):
    """A signal that `at_most_every` or an open execution does not let in now.

    `again_at` is when it may be sent again, where that is known.
    """

    def __init__(self, message: str, again_at: datetime | None) -> None:
        remedy = f"Again from {again_at:%Y-%m-%d %H:%M:%S} UTC on." if again_at else ""
        super().__init__(message, remedy=remedy)
        self.again_at = again_at

    def retry_after(self, now: datetime) -> int | None:
        """Whole seconds until it may be sent again; None where nobody knows."""
        return (
            None if self.again_at is None else max(1, ceil((self.again_at - now).total_seconds()))
        )


@dataclass(frozen=True)
class Sent:
    """The execution of a signal; `undeclared` are the parameters that its campaign does not know.

    `repeated`: a signal with the same key had started it before.
    """

    execution: Execution
    undeclared: tuple[str, ...]
    repeated: bool


@requires_for_campaign(Right.PUBLISH)
def send_signal(
    project: Project,
    campaign: str,
    payload: Mapping[str, object],
    *,
    actor: str,
    key: str | None = None,
) -> Sent:
    """Start an execution of the published version, the payload being its parameters.

    Undeclared parameters are kept with the execution and go on with its own signals. The same `key`
    again starts nothing anew. Raises Refused where the campaign takes no signals now, the payload
    is wrong, or the key was used for another one; and `TooSoon`.
    """
    compiled, version = _published(project, campaign)
    assert isinstance(compiled.campaign.schedule, SignalSchedule)
    texts = payload_texts(payload)
    values, now = compiled.campaign.values_of(texts), project.clock()
    schedule = with_parameters(compiled.campaign.schedule, values)
    if not is_valid_at(schedule, now, values):
        raise Refused(f"campaign '{campaign}' takes no signal now: see its `start` and `end`.")
    answer = project.store.signals.accept(
        _wanted(compiled, version, texts, now, actor),
        overlap=schedule.overlap,
        pause=None if schedule.at_most_every is None else fixed(schedule.at_most_every),
        sent_as=None if key is None else SignalKey(sound_key(key), digest_of(texts)),
    )
    if answer.execution is None:
        raise TooSoon(f"campaign '{campaign}': {answer.refusal}.", answer.again_at)
    return Sent(answer.execution, _undeclared(compiled.campaign, texts), answer.repeated)


def new_signal(
    project: Project, sender: Execution, activity: str, campaign: str, payload: Mapping[str, str]
) -> NewSignal:
    """What an end of `sender` starts when it commits, once; raises Refused where it cannot.

    The campaign must be published now. `at_most_every` is for signals from outside.
    """
    compiled, version = _published(project, campaign)
    texts = payload_texts(payload)
    values, now = compiled.campaign.values_of(texts), project.clock()
    schedule = with_parameters(compiled.campaign.schedule, values)
    if not is_valid_at(schedule, now, values):
        raise Refused(f"campaign '{campaign}' takes no signal now: see its `start` and `end`.")
    # Its key names the sender: computed again, it says the same thing, whatever it would say now.
    key = SignalKey(f"execution:{sender.id}:{activity}", "")
    wanted = _wanted(compiled, version, texts, now, f"campaign:{sender.campaign}")
    return NewSignal(wanted, key, schedule.overlap)


@requires_for_campaign(Right.PUBLISH)
def let_go_on(
    project: Project, campaign: str, signal: str, *, key: str | None = None, actor: str
) -> list[Execution]:
    """Tell the executions that wait for a signal (or the one of that key) that it has come.

    Returns those that took it; of two at once, one. Raises Refused when nobody waits for it.
    """
    waiting = project.store.gates.waiting_for(campaign)
    executions = {gate.execution_id: project.store.executions.get(gate.execution_id)
                  for gate in waiting}  # fmt: skip
    meant = [gate for gate in waiting if key in (None, executions[gate.execution_id].key)]
    taken = [
        executions[gate.execution_id]
        for gate in meant
        if gate.signal == signal
        and project.store.gates.receive(
            gate, by=actor, opens=_goes_on(project, executions[gate.execution_id], gate)
        )
    ]
    if not taken:
        named = f"execution {campaign}/{key}" if key else f"no execution of campaign '{campaign}'"
        others = ", ".join(sorted({gate.signal or "" for gate in meant}))
        raise Refused(
            f"{named} {'does not wait' if key else 'waits'} for '{signal}'.",
            remedy=f"There they wait for: {others}."
            if others
            else f"`campanile executions {campaign}` says what each one waits for.",
        )
    return list({each.id: each for each in taken}.values())


def _goes_on(project: Project, execution: Execution, gate: Gate) -> bool:
    config = get_version(project, execution.campaign, execution.version).campaign.activities[
        gate.activity
    ]
    return isinstance(config, AwaitSignal) and config.first


def undeclared_of(campaign: Campaign, parameters: Mapping[str, object]) -> dict[str, str]:
    """The parameters of an execution that its campaign does not declare."""
    return {name: str(parameters[name]) for name in _undeclared(campaign, parameters)}


def _published(project: Project, campaign: str) -> tuple[CompiledVersion, int]:
    """The published version of a campaign that starts on signals; raises Refused for others."""
    row = project.store.campaigns.get(campaign)
    if row.published_version is None or row.status not in ("scheduled", "live"):
        raise Refused(
            f"campaign '{campaign}' is {row.status} and takes no signals.",
            remedy=f"`campanile publish {campaign}`.",
        )
    compiled = get_version(project, campaign, row.published_version)
    if not isinstance(compiled.campaign.schedule, SignalSchedule) or compiled.campaign.model:
        raise Refused(
            f"campaign '{campaign}' starts on no signal.",
            remedy=f"`campanile start {campaign}`, or `schedule: {{signal: true}}` in its file.",
        )
    return compiled, row.published_version


def _wanted(
    compiled: CompiledVersion, version: int, texts: Mapping[str, str], now: datetime, actor: str
) -> NewExecution:
    campaign = compiled.campaign
    declared = {name: text for name, text in texts.items() if name in campaign.parameters}
    return NewExecution(
        campaign=campaign.name,
        version=version,
        kind="signal",
        mode="live",
        requested_by=actor,
        due_at=now,
        parameters={**parameters_of(compiled, declared), **undeclared_of(campaign, texts)},
    )


def _undeclared(campaign: Campaign, parameters: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(name for name in parameters if name not in campaign.parameters)
