"""Loads: a file brought into an entity; the same file again changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from campanile.errors import Refused
from campanile.store.audit import note
from campanile.store.control_tables import load
from campanile.store.database import Database
from campanile.store.entity_versions import EntityVersion, NewEntityVersion, publish_entity
from campanile.store.statements import insert_missing


@dataclass(frozen=True)
class Load:
    """A load of one file; `digest` is of its content. A done one is never done again."""

    id: int
    entity: str
    digest: str
    mode: str
    state: str  # running, done, failed
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, int]
    version: int | None
    rejects_path: str | None
    reason: str | None

    @property
    def load_key(self) -> str:
        """What makes its consent rows and its version idempotent."""
        return f"load:{self.id}"


class Loads:
    """The loads of all entities."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def begin(self, entity: str, digest: str, mode: str) -> Load:
        """Return the load of this file: new, or the one there is.

        One that is `done` needs nothing more. One that is `running` was cut off or is under way in
        another process; going on with it is safe, because its load key publishes only once.
        """
        now = self._clock()
        row = {"entity": entity, "digest": digest, "mode": mode, "started_at": now, "counts": {}}
        with self._database.write() as connection:
            insert_missing(connection, load, {**row, "state": "running"})
            same = (load.c.entity == entity) & (load.c.digest == digest) & (load.c.mode == mode)
            again = update(load).where(same, load.c.state == "failed")
            connection.execute(again.values(state="running", started_at=now, reason=None))
            return Load(**connection.execute(select(load).where(same)).mappings().one())

    def commit(
        self,
        load_id: int,
        wanted: NewEntityVersion,
        *,
        counts: Mapping[str, int],
        by: str,
        rejects_path: str | None = None,
    ) -> EntityVersion:
        """Publish the version and finish the load in one transaction.

        Raises Refused when the entity moved on meanwhile; see `publish_entity`.
        """
        now = self._clock()
        with self._database.write() as connection:
            current = _lock(connection, load_id)
            keyed = replace(wanted, load_key=current.load_key)
            published = publish_entity(connection, keyed, now)
            if current.state == "done":
                return published
            done = {"state": "done", "finished_at": now, "version": published.version}
            facts: dict[str, Any] = {"counts": dict(counts), "rejects_path": rejects_path}
            connection.execute(update(load).where(load.c.id == load_id).values(**done, **facts))
            target = f"entity:{wanted.entity}"
            version = published.version
            note(connection, now, by, "load", target, version=version, counts=dict(counts))
            return published

    def fail(self, load_id: int, *, reason: str) -> None:
        """Note that a load failed; it can be begun again."""
        values = {"state": "failed", "finished_at": self._clock(), "reason": reason}
        running = (load.c.id == load_id) & (load.c.state == "running")
        with self._database.write() as connection:
            connection.execute(update(load).where(running).values(**values))

    def of_entity(self, entity: str, limit: int = 50) -> tuple[Load, ...]:
        """Return the newest loads of an entity first."""
        query = select(load).where(load.c.entity == entity).order_by(load.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(Load(**row) for row in connection.execute(query).mappings())


def _lock(connection: Connection, load_id: int) -> Load:
    query = select(load).where(load.c.id == load_id).with_for_update(key_share=True)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Refused(f"there is no load {load_id}.", remedy="Begin the load of the file first.")
    return Load(**row)
