"""Manifests: the outputs of an activity are committed together, once, with what they imply."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from campanile.errors import Refused
from campanile.store.activity_errors import IgnoredError, ignore_error, settle_errors
from campanile.store.alerts import NewAlert, raise_alert
from campanile.store.audiences import NewAudienceVersion, save_audience
from campanile.store.audit import note
from campanile.store.campaign_rows import lock_campaign
from campanile.store.campaign_tables import execution, manifest
from campanile.store.check_holds import NewCheckHold, hold_execution
from campanile.store.database import Database
from campanile.store.entity_versions import NewEntityVersion, publish_entity
from campanile.store.execution_rows import Execution, lock_execution
from campanile.store.file_moves import NewFileMove, write_move
from campanile.store.manifest_rows import ManifestRow, OutputRow, read_committed
from campanile.store.segment_rows import read_segment
from campanile.store.signals import NewSignal, send_on
from campanile.store.takings import Takings, require_unmoved

Effect = (
    NewAudienceVersion
    | NewEntityVersion
    | NewAlert
    | NewCheckHold
    | Takings
    | NewFileMove
    | NewSignal
    | IgnoredError
)


@dataclass(frozen=True)
class Committed:
    """The rows of an activity's outputs; `reused` means that they were committed before."""

    rows: Mapping[str, ManifestRow]
    reused: bool


class Manifests:
    """The committed transitions of all executions."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def commit_outputs(
        self,
        execution_id: int,
        segment: str,
        attempt: int,
        outputs: Sequence[OutputRow],
        *,
        effects: Sequence[Effect] = (),
    ) -> Committed:
        """Commit all outputs of one activity, and its effects, in one transaction.

        When they are committed already, those rows come back (`reused`) and nothing changes. Raises
        Refused for a stale attempt and for an execution that is over, Overtaken when another one
        changed meanwhile what an effect was made from.
        """
        names = [each.transition for each in outputs]
        if not outputs or len({each.activity for each in outputs}) > 1:
            raise ValueError("commit_outputs takes all the outputs of one activity")
        with self._database.write() as connection:
            _lock_signalled(connection, effects)
            owner = lock_execution(connection, execution_id)
            present = read_committed(connection, execution_id, names)
            if len(present) == len(names):
                return Committed(present, reused=True)
            _require_uncommitted(owner, present)
            _require_current(connection, owner, segment, attempt)
            self._write(connection, owner, segment, attempt, outputs, effects)
            return Committed(read_committed(connection, execution_id, names), reused=False)

    def committed(self, execution_id: int) -> dict[str, ManifestRow]:
        """Return the committed transitions of an execution by name."""
        with self._database.read() as connection:
            return read_committed(connection, execution_id)

    def past_counts(self, execution_id: int, transition: str, limit: int = 10) -> tuple[int, ...]:
        """Return the rows of a transition in the executions before, the newest first.

        Those of the same campaign that were live and finished, where the path came to it.
        """
        this = select(execution.c.campaign).where(execution.c.id == execution_id)
        before = (execution.c.campaign == this.scalar_subquery(), execution.c.id < execution_id)
        query = (
            select(manifest.c.rows)
            .join(execution, execution.c.id == manifest.c.execution_id)
            .where(*before, execution.c.mode == "live", execution.c.status == "finished")
            .where(manifest.c.transition == transition, manifest.c.reached)
            .where(manifest.c.superseded_at.is_(None))
            .order_by(execution.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(connection.execute(query).scalars())

    def history(self, execution_id: int, transition: str) -> tuple[ManifestRow, ...]:
        """Return all rows of a transition, superseded ones included, the newest first."""
        query = select(manifest).where(
            manifest.c.execution_id == execution_id, manifest.c.transition == transition
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(manifest.c.id.desc())).mappings()
            return tuple(ManifestRow(**row) for row in rows)

    def supersede(
        self, execution_id: int, transitions: Sequence[str], *, by: str, reason: str
    ) -> int:
        """Let transitions be computed anew; return how many were committed. Tables stay."""
        now = self._clock()
        with self._database.write() as connection:
            owner = lock_execution(connection, execution_id)
            superseded = supersede_rows(connection, execution_id, transitions, now)
            details = {"transitions": sorted(transitions)}
            target = f"execution:{owner.name}"
            note(connection, now, by, "supersede", target, reason=reason, **details)
            return superseded

    def _write(
        self,
        connection: Connection,
        owner: Execution,
        segment: str,
        attempt: int,
        outputs: Sequence[OutputRow],
        effects: Sequence[Effect],
    ) -> None:
        now = self._clock()
        origin = {"execution_id": owner.id, "segment": segment, "attempt": attempt}
        rows = [{**asdict(each), **origin, "committed_at": now} for each in outputs]
        connection.execute(insert(manifest), rows)
        settle_errors(connection, owner.id, outputs[0].activity)
        for effect in effects:
            _apply(connection, owner, effect, now)


def supersede_rows(
    connection: Connection, execution_id: int, transitions: Sequence[str], now: datetime
) -> int:
    """Supersede the committed rows of `transitions` of a locked execution; return how many."""
    mine = (manifest.c.execution_id == execution_id) & manifest.c.transition.in_(transitions)
    statement = update(manifest).where(mine, manifest.c.superseded_at.is_(None))
    return connection.execute(statement.values(superseded_at=now)).rowcount


def _lock_signalled(connection: Connection, effects: Sequence[Effect]) -> None:
    """Lock the campaigns that are signalled: everybody locks campaigns before executions."""
    for name in sorted({one.wanted.campaign for one in effects if isinstance(one, NewSignal)}):
        lock_campaign(connection, name)


def _apply(connection: Connection, owner: Execution, effect: Effect, now: datetime) -> None:
    if isinstance(effect, NewAudienceVersion):
        save_audience(connection, effect, now)
    elif isinstance(effect, NewEntityVersion):
        published = publish_entity(connection, effect, now)
        target, version = f"entity:{effect.entity}", published.version
        note(connection, now, "campanile", "update", target, version=version, execution=owner.name)
    elif isinstance(effect, Takings):
        require_unmoved(connection, effect, owner.id)
    elif isinstance(effect, NewCheckHold):
        hold_execution(connection, owner, effect, now)
    elif isinstance(effect, NewFileMove):
        write_move(connection, owner.id, effect, now)
    elif isinstance(effect, NewSignal):
        send_on(connection, effect, now)
    elif isinstance(effect, IgnoredError):
        ignore_error(connection, owner, effect, now)
    else:
        raise_alert(connection, owner, effect, now)


def _require_uncommitted(owner: Execution, present: Mapping[str, ManifestRow]) -> None:
    if present:
        raise Refused(
            f"execution {owner.name}: {', '.join(present)} is committed, other outputs of the same "
            "activity are not.",
            remedy="Restart the execution from this activity.",
        )


def _require_current(connection: Connection, owner: Execution, segment: str, attempt: int) -> None:
    current = read_segment(connection, owner.id, segment)
    if owner.is_final:
        raise Refused(
            f"execution {owner.name} is {owner.status}; nothing more is committed for it.",
            remedy="Start a new execution.",
        )
    if current.attempt != attempt or current.state != "started":
        raise Refused(
            f"{current.title} is {current.state}, attempt {current.attempt}; "
            f"this run is of attempt {attempt}.",
            remedy="Nothing was changed; the run of the present attempt does the work.",
        )
