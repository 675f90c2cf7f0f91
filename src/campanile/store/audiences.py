"""Saved audiences: versions published with the commit of the activity that saves them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from campanile.catalog.saved_audiences import KnownAudience
from campanile.errors import NotPinnedAnymore, Overtaken, Refused
from campanile.relations.types import Type
from campanile.store.audit import note
from campanile.store.control_tables import audience, audience_version
from campanile.store.database import Database
from campanile.store.statements import insert_missing


@dataclass(frozen=True)
class NewAudienceVersion:
    """Files that are to become the current version of an audience, made from version `expected`.

    An (execution, activity, attempt of its segment) that saved before saves nothing again.
    """

    audience: str
    dimension: str
    expected: int  # 0: the audience does not exist yet
    paths: Sequence[str]
    rows: int
    schema: Mapping[str, str]
    execution_id: int
    activity: str
    attempt: int
    merge_policy: str = "default"
    identity: Sequence[str] = ()  # the columns a row is known by; none: the dimension's key


@dataclass(frozen=True)
class AudienceVersion:
    """A version of a saved audience."""

    audience: str
    dimension: str
    version: int
    paths: Sequence[str]
    rows: int
    schema: Mapping[str, str]
    execution_id: int
    activity: str
    attempt: int
    committed_at: datetime
    merge_policy: str
    identity: Sequence[str] | None

    def known(self) -> KnownAudience:
        """What campaign files may know of it."""
        columns = {name: Type(word) for name, word in self.schema.items()}
        identity = tuple(self.identity or ())
        return KnownAudience(self.dimension, identity, self.merge_policy, columns)


class Audiences:
    """The saved audiences of the project."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def save(self, wanted: NewAudienceVersion) -> AudienceVersion:
        """Save a version outside a commit of outputs; see `save_audience`."""
        with self._database.write() as connection:
            return save_audience(connection, wanted, self._clock())

    def current(self, names: Sequence[str] | None = None) -> dict[str, AudienceVersion]:
        """Return the current version of all audiences, or of those named that exist, by name."""
        query = _select_versions().where(audience_version.c.version == audience.c.current_version)
        if names is not None:
            query = query.where(audience.c.name.in_(names))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(audience.c.name)).mappings()
            return {row["audience"]: AudienceVersion(**row) for row in rows}

    def version(self, name: str, version: int) -> AudienceVersion:
        """Return one version; raises NotPinnedAnymore when it is gone."""
        with self._database.read() as connection:
            found = _one(connection, name, version=version)
        if found is None:
            raise NotPinnedAnymore(
                f"version {version} of audience '{name}' does not exist any more.",
                remedy="`campanile audiences` shows the current ones.",
            )
        return found

    def versions(self, name: str) -> tuple[AudienceVersion, ...]:
        """Return the versions of an audience that are kept, the newest first."""
        query = _select_versions().where(audience.c.name == name)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(audience_version.c.version.desc())).mappings()
            return tuple(AudienceVersion(**row) for row in rows)

    def delete(self, name: str, *, by: str, reason: str | None = None) -> tuple[str, ...]:
        """Delete an audience; return the paths of all its versions, for their files."""
        with self._database.write() as connection:
            query = select(audience_version.c.paths).where(audience_version.c.audience == name)
            paths = tuple(path for row in connection.execute(query).scalars() for path in row)
            connection.execute(delete(audience).where(audience.c.name == name))
            note(connection, self._clock(), by, "delete", f"audience:{name}", reason=reason)
            return paths


def save_audience(
    connection: Connection, wanted: NewAudienceVersion, now: datetime
) -> AudienceVersion:
    """Move the pointer of an audience from `expected` to a new version.

    Raises Overtaken when somebody else moved it meanwhile, Refused when it belongs to another
    dimension.
    """
    current = _lock(connection, wanted, now)
    origin = {"execution_id": wanted.execution_id, "activity": wanted.activity}
    source: dict[str, Any] = {**origin, "attempt": wanted.attempt}
    earlier = _one(connection, wanted.audience, **source)
    if earlier is not None:
        return earlier
    if current != wanted.expected:
        raise Overtaken(
            f"audience '{wanted.audience}' is at version {current}; the new rows were made from "
            f"version {wanted.expected}.",
            remedy="Another execution saved it first. Repeat; nothing was changed.",
        )
    version = current + 1
    row = {"audience": wanted.audience, "version": version, "rows": wanted.rows, **source}
    content = {"paths": list(wanted.paths), "schema": dict(wanted.schema), "committed_at": now}
    connection.execute(insert(audience_version).values(**row, **content))
    moved = update(audience).where(audience.c.name == wanted.audience)
    identity = list(wanted.identity) or None
    connection.execute(moved.values(current_version=version, changed_at=now, identity=identity))
    saved = _one(connection, wanted.audience, version=version)
    assert saved is not None
    return saved


def _lock(connection: Connection, wanted: NewAudienceVersion, now: datetime) -> int:
    fresh = {"name": wanted.audience, "dimension": wanted.dimension, "current_version": 0}
    known = {"merge_policy": wanted.merge_policy, "identity": list(wanted.identity) or None}
    insert_missing(connection, audience, {**fresh, **known, "changed_at": now})
    query = (
        select(audience).where(audience.c.name == wanted.audience).with_for_update(key_share=True)
    )
    found = connection.execute(query).mappings().one()
    if found["dimension"] != wanted.dimension:
        raise Refused(
            f"audience '{wanted.audience}' holds {found['dimension']} rows, "
            f"not {wanted.dimension}.",
            remedy="Save under another name, or change the dimension first.",
        )
    if found["merge_policy"] != wanted.merge_policy:
        raise Refused(
            f"audience '{wanted.audience}' belongs to the merge policy '{found['merge_policy']}', "
            f"not '{wanted.merge_policy}'.",
            remedy="Save under another name, or give the campaign that policy.",
        )
    return int(found["current_version"])


def _select_versions() -> Any:
    joined = audience_version.c.audience == audience.c.name
    facts = (audience.c.dimension, audience.c.merge_policy, audience.c.identity)
    return select(audience_version, *facts).join(audience, joined)


def _one(connection: Connection, name: str, **where: Any) -> AudienceVersion | None:
    conditions = [audience_version.c[column] == value for column, value in where.items()]
    query = _select_versions().where(audience_version.c.audience == name, *conditions)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else AudienceVersion(**row)
