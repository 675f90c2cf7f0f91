"""Entities: which version is current, which are pinned, and which nobody needs any more."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, select

from campanile.errors import NotPinnedAnymore
from campanile.store.campaign_tables import FINAL_STATUSES, execution, segment
from campanile.store.control_tables import (
    audience,
    audience_version,
    entity_table,
    entity_version,
)
from campanile.store.database import Database
from campanile.store.entity_versions import EntityVersion, NewEntityVersion, publish_entity

RESTARTABLE = timedelta(days=30)  # how long the pins of a failed execution keep their versions


class Entities:
    """The versions of the entities whose files are the product's own.

    Feedback that was copied for the engine is kept the same way, under the names feedback__messages
    and feedback__events, with its watermark as load key.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def publish(self, wanted: NewEntityVersion) -> EntityVersion:
        """Make new files the current version; see `publish_entity`."""
        with self._database.write() as connection:
            return publish_entity(connection, wanted, self._clock())

    def current(self, names: Iterable[str] | None = None) -> dict[str, EntityVersion]:
        """Return the current version of all entities, or of those named that have one, by name."""
        joined = and_(
            entity_version.c.entity == entity_table.c.name,
            entity_version.c.version == entity_table.c.current_version,
        )
        query = select(entity_version).join(entity_table, joined)
        if names is not None:
            query = query.where(entity_table.c.name.in_(list(names)))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(entity_version.c.entity)).mappings()
            return {row["entity"]: EntityVersion(**row) for row in rows}

    def pins(self, names: Iterable[str] | None = None) -> dict[str, int]:
        """Return {entity: current version}, as the key "entities" of a segment's pins holds it."""
        return {name: found.version for name, found in self.current(names).items()}

    def version(self, entity: str, version: int) -> EntityVersion:
        """Return one version; raises NotPinnedAnymore when it was collected."""
        query = select(entity_version).where(
            entity_version.c.entity == entity, entity_version.c.version == version
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotPinnedAnymore(
                f"version {version} of entity '{entity}' does not exist any more.",
                remedy="Start a new execution: it reads the current version.",
            )
        return EntityVersion(**row)

    def pinned_feedback(self) -> list[Mapping[str, Any]]:
        """Return the feedback pins of segments whose executions may go on."""
        with self._database.read() as connection:
            pins = _pins(connection, self._clock() - RESTARTABLE)
            return [each["feedback"] for each in pins if each.get("feedback")]

    def collect(self, older_than: datetime) -> tuple[str, ...]:
        """Forget the garbage, entities' and audiences'; return the paths of its files.

        A segment pins what it read a moment before: keep at least an hour.
        """
        with self._database.write() as connection:
            pinned = _pinned(connection, self._clock() - RESTARTABLE)
            paths = [
                *_collect(connection, entity_version, entity_table, pinned["entities"], older_than),
                *_collect(connection, audience_version, audience, pinned["audiences"], older_than),
            ]
            return tuple(paths)


def _collect(
    connection: Connection,
    versions: Table,
    pointers: Table,
    pinned: set[tuple[str, int]],
    older_than: datetime,
) -> list[str]:
    """Delete the unpinned old rows of a table of versions; return their paths."""
    name = versions.primary_key.columns[0]
    paths: list[str] = []
    for row in connection.execute(_old_versions(versions, pointers, older_than)).mappings().all():
        if (row[name.name], row["version"]) in pinned:
            continue
        mine = and_(name == row[name.name], versions.c.version == row["version"])
        connection.execute(delete(versions).where(mine))
        paths.extend(row["paths"])
    return paths


def _old_versions(versions: Table, pointers: Table, older_than: datetime) -> Any:
    name = versions.primary_key.columns[0]
    return (
        select(versions)
        .join(pointers, pointers.c.name == name)
        .where(versions.c.version < pointers.c.current_version)
        .where(versions.c.committed_at < older_than)
        .order_by(name, versions.c.version)
    )


def _pinned(connection: Connection, failed_since: datetime) -> Mapping[str, set[tuple[str, int]]]:
    """Return what segments of executions that may go on have pinned, by kind."""
    found: dict[str, set[tuple[str, int]]] = {"entities": set(), "audiences": set()}
    for pins in _pins(connection, failed_since):
        for kind, kept in found.items():
            kept.update(_pairs(pins.get(kind, {})))
    return found


def _pins(connection: Connection, failed_since: datetime) -> Sequence[Mapping[str, Any]]:
    """Lately failed executions count: a restart reads again what their segments pinned."""
    lately_failed = (execution.c.status == "failed") & (execution.c.finished_at >= failed_since)
    query = (
        select(segment.c.pins)
        .join(execution, execution.c.id == segment.c.execution_id)
        .where(segment.c.pins.is_not(None))
        .where(execution.c.status.not_in(FINAL_STATUSES) | lately_failed)
    )
    return connection.execute(query).scalars().all()


def _pairs(versions: Mapping[str, int | None]) -> Sequence[tuple[str, int]]:
    return [(name, version) for name, version in versions.items() if version is not None]
