"""Logs: what happened to a campaign and its executions, in order, one sentence each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal

from campanile.deliveries.delivery import Delivery
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.audit import AuditEntry
from campanile.store.gates import Gate
from campanile.store.history import History
from campanile.store.manifest_rows import ManifestRow
from campanile.store.segment_rows import Segment

Level = Literal["info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("info", "warning", "error")
_ACTIONS: Mapping[str, Level] = {
    "failed": "error",
    "ignore_error": "error",
    "retry": "error",  # its reason is what the attempt before ended with
    "hold": "warning",
    "miss": "warning",
    "skip": "warning",
    "supersede": "warning",
}
_SYSTEM = ("campanile", "clock")  # actors that are no person


@dataclass(frozen=True)
class LogLine:
    """Something that happened; `actor` is a person, or the product itself.

    `execution` and `activity` are empty where it concerns the campaign, or no activity alone.
    """

    at: datetime
    level: Level
    execution: str
    activity: str
    actor: str
    sentence: str


@dataclass(frozen=True)
class Asked:
    """Which lines are wanted: from a `level` up, of an `activity`, with a text, the newest."""

    level: Level = "info"
    activity: str = ""
    search: str = ""
    since: datetime | None = None
    limit: int = 200


@requires(Right.VIEW)
def log_lines(
    project: Project, campaign: str, key: str | None, asked: Asked | None = None
) -> list[LogLine]:
    """The lines of a campaign or of one execution, the earliest first.

    Raises Refused for an unknown campaign or execution.
    """
    asked = asked or Asked()
    project.store.campaigns.get(campaign)
    histories = project.store.histories
    if key is None:
        history = histories.of_campaign(campaign, since=asked.since, limit=asked.limit)
    else:
        one = project.store.executions.find(campaign, key)
        history = histories.of_execution(one, since=asked.since, limit=asked.limit)
    lines = [line for line in _lines(project, history) if _fits(line, asked)]
    lines.sort(key=lambda line: line.at)
    return lines[-asked.limit :]


def _fits(line: LogLine, asked: Asked) -> bool:
    text = f"{line.execution} {line.activity} {line.actor} {line.sentence}".lower()
    return (
        LEVELS.index(line.level) >= LEVELS.index(asked.level)
        and asked.activity in ("", line.activity)
        and asked.search.lower() in text
        and (asked.since is None or line.at >= asked.since)
    )


def _lines(project: Project, history: History) -> Iterator[LogLine]:
    keys = {one.id: one.key for one in history.executions}
    for entry in history.entries:
        yield _of_entry(entry)
    for row in history.segments:
        yield from _of_segment(row)
    committed = [row for row in history.manifests if row.execution_id in keys]
    for place, rows in groupby(committed, key=lambda r: (r.execution_id, r.activity, r.attempt)):
        yield from _of_activity(keys[place[0]], list(rows)[::-1])
    for gate in history.gates:
        if gate.execution_id in keys:
            yield from _of_gate(keys[gate.execution_id], gate)
    for one in history.alerts:
        told = f"alert: {one.title}: {one.message}"
        key = keys.get(one.execution_id, "")
        yield LogLine(one.at, "warning", key, one.activity, "campanile", told)
    for error in history.errors:
        if error.policy == "retry":  # what was ignored is in the audit log
            said = f"attempt {error.attempt} failed: {error.reason}"
            key = keys.get(error.execution_id, "")
            yield LogLine(error.at, "error", key, error.activity, "campanile", said)
    for execution in history.executions:
        for delivery in project.store.deliveries.of_execution(execution.id):
            yield from _of_delivery(delivery)


def _of_entry(entry: AuditEntry) -> LogLine:
    kind, _, name = entry.object.partition(":")
    level = _ACTIONS.get(entry.action, "info")
    if entry.action == "paused" and entry.actor in _SYSTEM:
        level = "error"
    facts = {key: value for key, value in entry.details.items() if key != "activity"}
    said = [f"{key} {value}" for key, value in facts.items() if _is_short(value)]
    sentence = " ".join([entry.action.replace("_", " "), *([f"({', '.join(said)})"] * bool(said))])
    return LogLine(
        at=entry.at,
        level=level,
        execution=name.partition("/")[2] if kind == "execution" else "",
        activity=str(entry.details.get("activity", "")),
        actor=entry.actor,
        sentence=f"{sentence}: {entry.reason}" if entry.reason else sentence,
    )


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | bool) and len(str(value)) <= 40


def _of_segment(row: Segment) -> Iterator[LogLine]:
    what = f"segment '{row.name}', attempt {row.attempt}"
    if row.started_at is not None:
        yield LogLine(row.started_at, "info", row.key, "", "campanile", f"{what}: begun")
    if row.finished_at is not None and row.state == "failed":
        failed = f"{what}: failed: {row.reason}"
        yield LogLine(row.finished_at, "error", row.key, "", "campanile", failed)
    elif row.finished_at is not None:
        yield LogLine(row.finished_at, "info", row.key, "", "campanile", f"{what}: {row.state}")


def _of_activity(key: str, rows: Sequence[ManifestRow]) -> Iterator[LogLine]:
    """One line of what an activity committed, and one of each thing that was odd about it."""
    last = rows[-1]
    counts = [
        f"{row.transition.partition('.')[2] or 'rows'} {row.rows:,}"
        if row.reached
        else f"{row.transition} not reached: {row.not_reached_reason}"
        for row in rows
    ]
    sentence = f"committed {', '.join(counts)} in {max(row.seconds for row in rows):.1f} s"
    yield LogLine(last.committed_at, "info", key, last.activity, "campanile", sentence)
    for row in rows:
        for check in row.details.get("checks", ()):
            if not check["passed"]:
                said = f"a check failed: {check['sentence']}"
                yield LogLine(row.committed_at, "warning", key, row.activity, "campanile", said)
        for what in row.details.get("fault", {}):
            yield LogLine(row.committed_at, "warning", key, row.activity, "campanile", str(what))


def _of_gate(key: str, gate: Gate) -> Iterator[LogLine]:
    until = f" until {gate.due_at:%Y-%m-%d %H:%M} UTC" if gate.due_at else ""
    begun = f"{gate.kind} begins{until}"
    yield LogLine(gate.armed_at, "info", key, gate.activity, "campanile", begun)
    if gate.released_at is not None:
        over = f"{gate.kind} is over: {gate.outcome}"
        yield LogLine(gate.released_at, "info", key, gate.activity, gate.released_by or "", over)


def _of_delivery(one: Delivery) -> Iterator[LogLine]:
    key, activity = one.execution_key, one.activity
    planned = f"{one.planned:,} messages planned"
    yield LogLine(one.created_at, "info", key, activity, "campanile", planned)
    if one.started_at is not None:
        yield LogLine(one.started_at, "info", key, activity, "campanile", "sending begins")
    if one.finished_at is not None:
        ended = f"delivery {one.state}" + (f": {one.reason}" if one.reason else "")
        yield LogLine(one.finished_at, "info", key, activity, "campanile", ended)
