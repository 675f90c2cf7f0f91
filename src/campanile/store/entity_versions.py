"""Entity versions as rows: published by compare-and-swap within a transaction of the caller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from campanile.errors import Overtaken
from campanile.store.control_tables import entity_table, entity_version
from campanile.store.statements import insert_missing


@dataclass(frozen=True)
class NewEntityVersion:
    """Files that are to become the current version of an entity.

    `expected` is the version they were made from (0: none yet). A `load_key` that published a
    version before publishes nothing again.
    """

    entity: str
    expected: int
    paths: Sequence[str]
    rows: int
    schema: Mapping[str, str]
    load_key: str


@dataclass(frozen=True)
class EntityVersion:
    """A version of a loaded entity; immutable until it is collected as garbage."""

    entity: str
    version: int
    paths: Sequence[str]
    rows: int
    schema: Mapping[str, str]
    load_key: str
    committed_at: datetime


def publish_entity(
    connection: Connection, wanted: NewEntityVersion, now: datetime
) -> EntityVersion:
    """Move the pointer of an entity from `expected` to a new version.

    Raises Overtaken when somebody else moved it meanwhile: read the current version and repeat.
    """
    current = lock_entity(connection, wanted.entity, now)
    earlier = _select_version(connection, wanted.entity, load_key=wanted.load_key)
    if earlier is not None:
        return earlier
    if current != wanted.expected:
        raise Overtaken(
            f"entity '{wanted.entity}' is at version {current}; the new rows were made from "
            f"version {wanted.expected}.",
            remedy="Another load came first. Repeat this one; nothing was changed.",
        )
    version = _next_version(connection, wanted.entity)
    row = {"entity": wanted.entity, "version": version, "rows": wanted.rows, "committed_at": now}
    content = {"paths": list(wanted.paths), "schema": dict(wanted.schema)}
    connection.execute(insert(entity_version).values(**row, **content, load_key=wanted.load_key))
    moved = update(entity_table).where(entity_table.c.name == wanted.entity)
    connection.execute(moved.values(current_version=version, changed_at=now))
    return read_entity_version(connection, wanted.entity, version)


def lock_entity(connection: Connection, entity: str, now: datetime) -> int:
    """Return the current version (0: none yet); other writers of the entity wait for the commit."""
    row: dict[str, Any] = {"name": entity, "current_version": 0, "changed_at": now}
    insert_missing(connection, entity_table, row)
    query = select(entity_table.c.current_version).where(entity_table.c.name == entity)
    return int(connection.execute(query.with_for_update(key_share=True)).scalar_one())


def read_entity_version(connection: Connection, entity: str, version: int) -> EntityVersion:
    """Return one version that is known to exist."""
    found = _select_version(connection, entity, version=version)
    assert found is not None
    return found


def _select_version(connection: Connection, entity: str, **where: Any) -> EntityVersion | None:
    query = select(entity_version).where(entity_version.c.entity == entity).filter_by(**where)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else EntityVersion(**row)


def _next_version(connection: Connection, entity: str) -> int:
    query = select(func.max(entity_version.c.version)).where(entity_version.c.entity == entity)
    return (connection.execute(query).scalar_one_or_none() or 0) + 1
