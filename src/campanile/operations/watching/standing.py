"""The state of things: what needs somebody now, one sentence each, with the next command."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from campanile.operations.hosting.serving import is_running
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution
from campanile.store.ledger_tables import delivery, message

_RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Need:
    """Something that waits for a person: `kind` is a stable word, `object` what it is about."""

    kind: str
    object: str
    sentence: str
    command: str


@requires(Right.VIEW)
def needs(project: Project) -> list[Need]:
    """Everything that does not go on by itself, the gravest first."""
    return [
        *_sending(project),
        *_executions(project),
        *_deliveries(project),
        *_uncertain(project),
        *_files(project),
        *_alerts(project),
        *_serving(project),
    ]


def _sending(project: Project) -> Iterator[Need]:
    refusal = project.store.sending.state().refusal(project.identity)
    if refusal is not None:
        sentence = refusal.partition("; ")[0]
        yield Need("sending", "project", sentence, "campanile arm")


def _executions(project: Project) -> Iterator[Need]:
    executions = project.store.executions
    for row in project.store.campaigns.inventory():
        if row.warning:
            yield Need("campaign", row.name, row.warning, f"campanile show {row.name}")
    for one in executions.open_executions():
        if one.status == "paused":
            why = one.reason or "paused"
            yield Need("paused", one.name, f"paused: {why}", _named("resume", one))
        elif one.status == "held":
            why = one.reason or "too late"
            by_checks = one.started_at is not None
            choice = ("approve", "reject") if by_checks else ("resume", "stop")
            command = f"{_named(choice[0], one)} (or {choice[1]})"
            yield Need("held", one.name, f"held: {why}", command)
        else:
            yield from _segments(project, one)
        yield from _warnings(project, one)
    for one in _failed(project):
        why = one.reason or "failed"
        command = f"campanile restart {one.campaign} {one.key} --from ACTIVITY"
        yield Need("failed", one.name, f"failed: {why}", command)


def _warnings(project: Project, one: Execution) -> Iterator[Need]:
    """Checks that only warn, while there is still time to stop."""
    for row in project.store.manifests.committed(one.id).values():
        for check in row.details.get("checks", ()):
            if check["kind"] == "warn" and not check["passed"]:
                sentence = f"a check of '{row.activity}' warns: {check['sentence']}"
                yield Need("check_warned", one.name, sentence, f"campanile why {one.campaign}")


def _segments(project: Project, one: Execution) -> Iterator[Need]:
    for row in project.store.segments.of_execution(one.id):
        if row.state in ("failed", "held"):
            why = f"segment '{row.name}' {row.state}: {row.reason or 'no reason given'}"
            command = f"campanile executions {one.campaign}"
            yield Need(f"segment_{row.state}", one.name, why, command)


def _failed(project: Project) -> Iterator[Execution]:
    """The newest execution of a campaign, where it failed not long ago."""
    for row in project.store.campaigns.inventory():
        for one in project.store.executions.of_campaign(row.name, limit=1):
            ended = one.finished_at or one.requested_at
            if one.status == "failed" and project.clock() - ended < _RECENT:
                yield one


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


def _files(project: Project) -> Iterator[Need]:
    for file, faults in project.definitions.broken.items():
        count = sum(fault.severity == "error" for fault in faults.faults)
        sentence = f"{count} faults; it cannot be planned or applied"
        yield Need("faults", file, sentence, f"campanile validate {file}")


def _alerts(project: Project) -> Iterator[Need]:
    for one in project.store.alerts.newest(limit=20):
        if project.clock() - one.at < _RECENT:
            sentence = f"{one.at:%Y-%m-%d %H:%M} UTC: {one.title}: {one.message}"
            yield Need("alert", one.campaign, sentence, f"campanile show {one.campaign}")


def _serving(project: Project) -> Iterator[Need]:
    open_now = len(project.store.executions.open_executions())
    waiting = [row.name for row in project.store.campaigns.inventory(["scheduled", "live"])]
    if (open_now or waiting) and not is_running(project):
        sentence = (
            f"nothing runs: {open_now} executions and {len(waiting)} published campaigns wait "
            "for the clock"
        )
        yield Need("not_serving", "project", sentence, "campanile serve")


def _named(verb: str, one: Execution) -> str:
    return f"campanile {verb} {one.campaign} {one.key}"
