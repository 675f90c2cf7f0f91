"""Occurrences: each slot of a schedule is claimed once, and becomes one execution or a reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, func, select, update

from campanile.store.audit import note
from campanile.store.campaign_rows import CampaignRow, lock_campaign
from campanile.store.campaign_tables import occurrence
from campanile.store.database import Database
from campanile.store.execution_rows import Execution, read_execution
from campanile.store.new_executions import NewExecution, create_execution, open_before
from campanile.store.statements import insert_missing

LATE = timedelta(hours=6)
Overlap = Literal["skip", "queue", "allow"]


@dataclass(frozen=True)
class Occurrence:
    """A slot somebody claimed, and what became of it."""

    campaign: str
    slot: datetime
    state: str  # claimed, skipped, held, missed
    execution_id: int | None
    claimed_by: str
    claimed_at: datetime
    reason: str | None


@dataclass(frozen=True)
class Claim:
    """What a claimer may do: `run` the execution, or nothing, for the `reason` given.

    `taken` means that somebody claimed the slot before; `execution` is then that claim's.
    """

    outcome: Literal["run", "queued", "held", "skipped", "taken"]
    execution: Execution | None
    reason: str


class Occurrences:
    """The slots of all schedules."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def claim(
        self,
        campaign: str,
        slot: datetime,
        *,
        claimed_by: str,
        kind: Literal["scheduled", "once"] = "scheduled",
        overlap: Overlap = "skip",
        late_after: timedelta = LATE,
        parameters: Mapping[str, Any] | None = None,
    ) -> Claim:
        """Claim a slot and create its execution in one transaction; exactly one claimer does.

        The published version runs. Later than `late_after`, the execution is held until a person
        releases or skips it. While another live execution is open, `overlap` decides.
        """
        now = self._clock()
        row = {"campaign": campaign, "slot": slot, "claimed_by": claimed_by, "claimed_at": now}
        with self._database.write() as connection:
            owner = lock_campaign(connection, campaign)
            version = owner.published_version
            if owner.status not in ("scheduled", "live") or version is None:
                return Claim("skipped", None, f"campaign '{campaign}' is {owner.status}")
            if not insert_missing(connection, occurrence, {**row, "state": "claimed"}):
                return _taken(connection, campaign, slot)
            decision = _decide(connection, campaign, now - slot, overlap, late_after)
            if decision.outcome != "skipped":
                wanted = NewExecution(
                    campaign, version, kind, "live", claimed_by, slot, slot, parameters
                )
                decision = _start(connection, owner, wanted, decision, now)
            _settle(connection, campaign, slot, decision, now)
            return decision

    def unclaimed(self, campaign: str, slots: Sequence[datetime]) -> tuple[datetime, ...]:
        """Return those of `slots` that nobody claimed, the oldest first."""
        if not slots:
            return ()
        query = select(occurrence.c.slot).where(
            occurrence.c.campaign == campaign,
            occurrence.c.slot.between(min(slots), max(slots)),
        )
        with self._database.read() as connection:
            claimed = set(connection.execute(query).scalars())
        return tuple(sorted(set(slots) - claimed))

    def miss(self, campaign: str, slot: datetime, *, claimed_by: str, reason: str) -> bool:
        """Record that a slot passes without an execution; False when somebody claimed it."""
        now = self._clock()
        row = {"campaign": campaign, "slot": slot, "claimed_by": claimed_by, "claimed_at": now}
        with self._database.write() as connection:
            lock_campaign(connection, campaign)
            missed = insert_missing(
                connection, occurrence, {**row, "state": "missed", "reason": reason}
            )
            if missed:
                target = f"campaign:{campaign}"
                details = {"slot": slot.isoformat()}
                note(connection, now, claimed_by, "miss", target, reason=reason, **details)
            return missed

    def last_slot(self, campaign: str) -> datetime | None:
        """Return the latest slot that was claimed, skipped, held or missed."""
        query = select(func.max(occurrence.c.slot)).where(occurrence.c.campaign == campaign)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def between(self, campaign: str, start: datetime, end: datetime) -> tuple[Occurrence, ...]:
        """Return the occurrences in (`start`, `end`], the earliest first."""
        query = select(occurrence).where(occurrence.c.campaign == campaign)
        query = query.where(occurrence.c.slot > start, occurrence.c.slot <= end)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(occurrence.c.slot)).mappings()
            return tuple(Occurrence(**row) for row in rows)

    def of_campaign(self, campaign: str, limit: int = 100) -> tuple[Occurrence, ...]:
        """Return the latest occurrences first."""
        query = select(occurrence).where(occurrence.c.campaign == campaign)
        query = query.order_by(occurrence.c.slot.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(Occurrence(**row) for row in connection.execute(query).mappings())


_STATUS: Mapping[str, Literal["requested", "waiting", "held"]] = {
    "run": "requested",
    "queued": "waiting",
    "held": "held",
}


def _decide(
    connection: Connection,
    campaign: str,
    lateness: timedelta,
    overlap: Overlap,
    late_after: timedelta,
) -> Claim:
    earlier = open_before(connection, campaign)
    if earlier is not None and overlap == "skip":
        return Claim("skipped", None, f"execution {campaign}/{earlier} is still open")
    if lateness > late_after:
        hours = lateness.total_seconds() / 3600
        return Claim("held", None, f"late by {hours:.1f} hours: release or skip it")
    if earlier is not None and overlap == "queue":
        return Claim("queued", None, f"queued behind execution {campaign}/{earlier}")
    return Claim("run", None, "")


def _start(
    connection: Connection,
    owner: CampaignRow,
    wanted: NewExecution,
    decision: Claim,
    now: datetime,
) -> Claim:
    status = _STATUS[decision.outcome]
    reason = decision.reason or None
    created = create_execution(connection, owner, wanted, now, status=status, reason=reason)
    return replace(decision, execution=created)


def _settle(
    connection: Connection, campaign: str, slot: datetime, decision: Claim, now: datetime
) -> None:
    """Write down what became of a claimed slot; what is skipped has no execution to say it."""
    states = {"skipped": "skipped", "held": "held"}
    mine = (occurrence.c.campaign == campaign) & (occurrence.c.slot == slot)
    values = {
        "state": states.get(decision.outcome, "claimed"),
        "reason": decision.reason or None,
        "execution_id": decision.execution.id if decision.execution else None,
    }
    connection.execute(update(occurrence).where(mine).values(**values))
    if decision.outcome == "skipped":
        at = slot.isoformat()
        target = f"campaign:{campaign}"
        note(connection, now, "campanile", "skip", target, reason=decision.reason, slot=at)


def _taken(connection: Connection, campaign: str, slot: datetime) -> Claim:
    mine = (occurrence.c.campaign == campaign) & (occurrence.c.slot == slot)
    row = connection.execute(select(occurrence).where(mine)).mappings().one()
    first = Occurrence(**row)
    execution = None
    if first.execution_id is not None:
        execution = read_execution(connection, first.execution_id)
    reason = f"claimed by {first.claimed_by}: {first.state}"
    return Claim("taken", execution, f"{reason}, {first.reason}" if first.reason else reason)
