"""The state of things: what needs somebody now, one sentence each, with the next command."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from campanile.operations.hosting.disk import forecast, measurements
from campanile.operations.hosting.heartbeat import ticks
from campanile.operations.hosting.serving import is_running
from campanile.operations.hosting.stack import running_stack
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution
from campanile.store.executions import Waits
from campanile.store.ledger_tables import delivery, message

_RECENT = timedelta(days=7)
_LATE = timedelta(minutes=15)  # a segment that is ready, or a wait that is over, moves on at once

URGENCY: Final = (
    "disk",  # about to stop everything
    "sending",
    "not_serving",
    "sensor_off",
    "paused",
    "delivery_paused",
    "failed",
    "segment_failed",
    "segment_held",
    "held",
    "confirm",
    "question",
    "late",
    "uncertain",
    "error_ignored",
    "check_warned",
    "campaign",
    "faults",
    "alert",
    "disk_soon",
)
"""Every kind of need, the most urgent first."""


@dataclass(frozen=True)
class Need:
    """Something that waits for a person: `kind` is one of URGENCY, `object` what it is about."""

    kind: str
    object: str
    sentence: str
    command: str


@requires(Right.VIEW)
def needs(project: Project) -> list[Need]:
    """Everything that does not go on by itself, the most urgent first."""
    waiting = project.store.inventory.open_executions()
    found = [
        *_disk(project),
        *_sending(project),
        *_serving(project, len(waiting)),
        *(need for one in waiting for need in _execution(project, one)),
        *_failed(project),
        *_deliveries(project),
        *_questions(project),
        *_uncertain(project),
        *_ignored_errors(project),
        *_checks(project),
        *_campaigns(project),
        *_files(project),
        *_alerts(project),
    ]
    return sorted(found, key=lambda need: URGENCY.index(need.kind))


def _disk(project: Project) -> Iterator[Need]:
    """What housekeeping measured; the doctor measures anew."""
    found = forecast(project.state, measurements(project.state))
    if found.is_full or found.is_full_soon:
        kind = "disk" if found.is_full else "disk_soon"
        yield Need(kind, "project", f"the disk fills up: {found.sentence}", "campanile doctor")


def _sending(project: Project) -> Iterator[Need]:
    refusal = project.store.sending.state().refusal(project.identity)
    if refusal is not None:
        sentence = refusal.partition("; ")[0]
        yield Need("sending", "project", sentence, "campanile arm")


def _serving(project: Project, waiting: int) -> Iterator[Need]:
    published = len(project.store.campaigns.inventory(["scheduled", "live"]))
    if not waiting and not published:
        return
    who = f"{waiting} executions and {published} published campaigns wait for the clock"
    if not is_running(project):
        yield Need("not_serving", "project", f"nothing runs: {who}", "campanile serve")
    elif running_stack(project.state) and not ticks(project.state, project.clock()):
        sentence = f"the sensor campaign_clock is off, or its daemon does not run: {who}"
        yield Need("sensor_off", "project", sentence, "campanile doctor")


def _execution(project: Project, waits: Waits) -> Iterator[Need]:
    one = waits.execution
    if one.status == "paused":
        yield Need("paused", one.name, f"paused: {one.reason or 'by hand'}", _named("resume", one))
        return
    if one.status == "held":
        by_checks = one.started_at is not None
        choice = ("approve", "reject") if by_checks else ("resume", "stop")
        command = f"{_named(choice[0], one)} (or {choice[1]})"
        yield Need("held", one.name, f"held: {one.reason or 'too late'}", command)
        return
    late = project.clock() - _LATE
    for row in waits.segments:
        if row.state in ("failed", "held"):
            why = f"segment '{row.name}' {row.state}: {row.reason or 'no reason given'}"
            yield Need(f"segment_{row.state}", one.name, why, _named("logs", one))
        elif row.state in ("ready", "requested") and max(row.ready_at, row.due_at) < late:
            why = f"segment '{row.name}' is {row.state} since {row.ready_at:%Y-%m-%d %H:%M} UTC"
            yield Need("late", one.name, f"late: {why}", "campanile doctor")
    for gate in waits.gates:
        if gate.due_at is not None and gate.due_at < late:
            why = f"'{gate.activity}' was to go on at {gate.due_at:%Y-%m-%d %H:%M} UTC"
            yield Need("late", one.name, f"late: {why}", "campanile doctor")


def _failed(project: Project) -> Iterator[Need]:
    """The newest execution of a campaign, where it failed not long ago."""
    for one in project.store.lives.troubled():
        ended = one.finished_at or one.requested_at
        if one.status == "failed" and project.clock() - ended < _RECENT:
            command = f"{_named('restart', one)} --from ACTIVITY"
            yield Need("failed", one.name, f"failed: {one.reason or 'no reason given'}", command)


def _deliveries(project: Project) -> Iterator[Need]:
    for one in project.store.deliveries.unfinished():
        name = f"{one.campaign}/{one.execution_key}"
        if one.state == "confirming":
            waiting = project.store.deliveries.account(one.id).waiting
            sentence = f"delivery '{one.activity}' with {waiting:,} messages waits for confirmation"
            command = f"campanile confirm {one.campaign} {one.execution_key} {one.activity}"
            yield Need("confirm", name, sentence, command)
        elif one.state == "paused":
            sentence = f"delivery '{one.activity}' is paused: {one.reason or 'by hand'}"
            command = f"campanile resume {one.campaign} {one.execution_key}"
            yield Need("delivery_paused", name, sentence, command)


def _questions(project: Project) -> Iterator[Need]:
    """Approvals and tasks that people have not answered."""
    for one in project.store.questions.pending():
        asked = ", ".join(one.waiting_for) or "somebody"
        until = f" until {one.due_at:%Y-%m-%d %H:%M} UTC" if one.due_at else ""
        sentence = f"{one.kind} '{one.subject}' waits for {asked}{until}"
        command = "tasks" if one.kind == "task" else f"approve {one.campaign}"
        yield Need("question", one.name, sentence, f"campanile {command}")


def _uncertain(project: Project) -> Iterator[Need]:
    query = (
        select(delivery.c.campaign, delivery.c.execution_key, delivery.c.activity, func.count())
        .join(message, message.c.delivery_id == delivery.c.id)
        .where(message.c.state == "uncertain")
        .group_by(delivery.c.campaign, delivery.c.execution_key, delivery.c.activity)
    )
    with project.store.databases["ledger"].read() as connection:
        found = connection.execute(query).all()
    for campaign, key, activity, count in found:
        sentence = f"{count:,} messages of '{activity}' may have arrived or not"
        yield Need("uncertain", f"{campaign}/{key}", sentence, f"campanile uncertain {campaign}")


def _checks(project: Project) -> Iterator[Need]:
    """Checks that only warn, while there is still time to stop."""
    for one in project.store.inventory.checked():
        for check in one.checks:
            if check["kind"] == "warn" and not check["passed"]:
                sentence = f"a check of '{one.activity}' warns: {check['sentence']}"
                name, command = f"{one.campaign}/{one.key}", f"campanile why {one.campaign}"
                yield Need("check_warned", name, sentence, command)


def _campaigns(project: Project) -> Iterator[Need]:
    for row in project.store.campaigns.inventory():
        if row.warning:
            yield Need("campaign", row.name, row.warning, f"campanile show {row.name}")


def _files(project: Project) -> Iterator[Need]:
    for file, faults in project.definitions.broken.items():
        count = sum(fault.severity == "error" for fault in faults.faults)
        sentence = f"{count} faults; it cannot be planned or applied"
        yield Need("faults", file, sentence, f"campanile validate {file}")


def _ignored_errors(project: Project) -> Iterator[Need]:
    """Branches that ended although the rest went on."""
    since = project.clock() - _RECENT
    for campaign, key, one in project.store.activity_errors.ignored_since(since):
        sentence = f"the branch of '{one.activity}' ended: {one.reason}"
        command = f"campanile why {campaign}"
        yield Need("error_ignored", f"{campaign}/{key}", sentence, command)


def _alerts(project: Project) -> Iterator[Need]:
    for one in project.store.alerts.newest(limit=20):
        if project.clock() - one.at < _RECENT:
            sentence = f"{one.at:%Y-%m-%d %H:%M} UTC: {one.title}: {one.message}"
            yield Need("alert", one.campaign, sentence, f"campanile show {one.campaign}")


def _named(verb: str, one: Execution) -> str:
    return f"campanile {verb} {one.campaign} {one.key}"
