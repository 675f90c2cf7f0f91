"""Arming with open eyes: why nothing leaves now, and what an old copy does not know."""

from dataclasses import dataclass

from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.operations.sending.arming import arm_sending, halt_sending, refuse_old_copy
from campanile.operations.sending.sequence_file import SequenceFile
from campanile.people.rights import Right


@dataclass(frozen=True)
class Look:
    """The state of sending: why it is refused (None: it is not), and what arming would mean.

    `gap` is how many messages at least the store does not know; `waiting` how many would go on.
    """

    refusal: str | None
    gap: int
    waiting: int


@requires(Right.MANAGE_CHANNELS)
def look(project: Project) -> Look:
    """Look at sending before it is armed; an old copy that was not noticed yet is disarmed."""
    ledger = project.store.databases["ledger"]
    old = refuse_old_copy(ledger, project.state, project.clock())
    state = project.store.sending.state()
    gap = max(0, SequenceFile(project.state).read() - state.sequence)
    return Look(state.refusal(project.identity) or old, gap, waiting_messages(project))


@requires(Right.MANAGE_CHANNELS)
def rearm(project: Project, *, actor: str, gap: int) -> None:
    """Allow sending from this environment."""
    ledger = project.store.databases["ledger"]
    arm_sending(ledger, project.state, project.identity, project.clock())
    project.store.audit.record(actor, "arm", "project", identity=project.identity, gap=gap)


@requires(Right.PUBLISH)
def halt(project: Project, *, reason: str) -> int:
    """Stop every send within two seconds; returns how many messages wait from now on."""
    halt_sending(project.store.databases["ledger"], reason, project.clock())
    project.store.audit.record(project.actor.name, "halt", "project", reason=reason)
    return waiting_messages(project)


def waiting_messages(project: Project) -> int:
    """Messages of all deliveries that have not left, confirmed or not."""
    deliveries = project.store.deliveries
    return sum(deliveries.account(one.id).waiting for one in deliveries.unfinished())
