"""The identity of a project: which store this is, and which Dagster instance belongs to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, select, update

from campanile.errors import ConfigurationError
from campanile.store.audit import note
from campanile.store.control_tables import project
from campanile.store.database import Database
from campanile.store.statements import insert_missing


@dataclass(frozen=True)
class Identity:
    """What makes this store this store; `environment` is "production", "staging" ..."""

    identity: str
    environment: str
    dagster_identity: str | None
    created_at: datetime


class Project:
    """The one row that says which project the store belongs to."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def establish(self, environment: str) -> Identity:
        """Return the identity; the first call gives the store its own."""
        known = self.identity()  # nearly always; the tracking service may only read
        if known is not None:
            return known
        row: dict[str, Any] = {"id": 1, "identity": str(uuid4()), "environment": environment}
        with self._database.write() as connection:
            insert_missing(connection, project, {**row, "created_at": self._clock()})
            return _required(connection)

    def identity(self) -> Identity | None:
        """Return the identity, or None for a store that was never established."""
        with self._database.read() as connection:
            return _read(connection)

    def bind_dagster(self, dagster_identity: str, *, by: str) -> Identity:
        """Say which Dagster instance belongs to the store; replaces the one before, with a note."""
        with self._database.write() as connection:
            before = _required(connection)
            if before.dagster_identity != dagster_identity:
                connection.execute(update(project).values(dagster_identity=dagster_identity))
                details = {"before": before.dagster_identity, "after": dagster_identity}
                note(connection, self._clock(), by, "bind_dagster", "project", **details)
            return _required(connection)

    def forget_dagster(self) -> None:
        """Belong to no Dagster instance: the next one that loads the project is taken."""
        with self._database.write() as connection:
            connection.execute(update(project).values(dagster_identity=None))

    def require_same(self, *, environment: str, dagster_identity: str | None = None) -> Identity:
        """Return the identity; raises ConfigurationError where the surroundings are another's.

        A store without a Dagster instance accepts any: `bind_dagster` ties it.
        """
        with self._database.read() as connection:
            known = _required(connection)
        if known.environment != environment:
            raise ConfigurationError(
                f"the store is of environment '{known.environment}', the settings say "
                f"'{environment}'.",
                remedy="Point the settings at the store of this environment.",
            )
        bound = known.dagster_identity
        if dagster_identity is not None and bound is not None and bound != dagster_identity:
            raise ConfigurationError(
                f"the store belongs to Dagster instance {bound}; this one is {dagster_identity}.",
                remedy="Set DAGSTER_HOME to this project's instance, or restore both together.",
            )
        return known


def _read(connection: Connection) -> Identity | None:
    columns = [column for column in project.c if column.name != "id"]
    row = connection.execute(select(*columns)).mappings().one_or_none()
    return None if row is None else Identity(**row)


def _required(connection: Connection) -> Identity:
    found = _read(connection)
    if found is None:
        raise ConfigurationError(
            "the store has no identity yet.", remedy="`campanile init` prepares a project."
        )
    return found
