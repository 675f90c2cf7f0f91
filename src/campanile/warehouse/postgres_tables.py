"""The tables that Campanile keeps in PostgreSQL, and the register of what each of them is."""

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

from campanile.errors import EngineError
from campanile.warehouse.postgres_failures import postgres_errors
from campanile.warehouse.readers import quoted

PREFIX = "postgresql:"  # of what the store keeps as a table's path
_REGISTER = "campanile_tables"
_LONGEST = 40  # of the readable part of a name; PostgreSQL cuts names at 63 bytes


class PostgresTables:
    """Names, makes and drops tables in one schema; each is registered with the place it is for.

    A place is a path below the lake's root, as on the default engine: `work/<campaign>/<execution>/
    <transition>`, or the file that a table is a copy of.
    """

    def __init__(self, connection: Any, schema: str, root: Path) -> None:
        self._connection = connection
        self._schema = schema
        self._root = root

    def prepare(self) -> None:
        """Make the schema and the register unless they are there."""
        with postgres_errors("setting up the schema of Campanile"):
            register = f"{quoted(self._schema)}.{quoted(_REGISTER)}"
            if self._value("SELECT to_regclass(%s)", register) is not None:
                return
            with self.transaction() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_lock(register)])
                self._require_schema(cursor)
                cursor.execute(
                    f"CREATE TABLE IF NOT EXISTS {register} (name text PRIMARY KEY, "
                    "place text NOT NULL, made_at timestamptz NOT NULL DEFAULT now())"
                )

    def _require_schema(self, cursor: Any) -> None:
        if self._value("SELECT to_regnamespace(%s)", quoted(self._schema)) is not None:
            return
        cursor.execute("SELECT has_database_privilege(current_database(), 'CREATE')")
        if not cursor.fetchone()[0]:
            raise EngineError(
                f"The database has no schema '{self._schema}', and the role may not make one.",
                remedy=f"CREATE SCHEMA {self._schema} AUTHORIZATION its role, as the how-to says.",
            )
        cursor.execute(f"CREATE SCHEMA {quoted(self._schema)}")

    # ── names ───────────────────────────────────────────────────────────────────────────────────

    def item(self, name: str) -> str:
        """What stands after FROM for one of our tables."""
        return f"{quoted(self._schema)}.{quoted(name)}"

    def new_name(self, directory: Path) -> str:
        """A name that nobody has, for a table that is to be written to `directory`."""
        readable = re.sub(r"[^a-z0-9_]", "_", directory.name.lower())[:_LONGEST]
        return f"{readable}_{uuid.uuid4().hex[:16]}"

    def named(self, path: str) -> str | None:
        """The table behind what the store keeps as a path: ours, or our copy of that file."""
        if path.startswith(PREFIX):
            return path.removeprefix(PREFIX)
        return self.copy_name(path) if Path(path).is_absolute() else None

    def copy_name(self, path: str) -> str:
        """The table that a file of the lake is copied to; files never change."""
        return f"copy_{blake2b(self._place(Path(path)).encode(), digest_size=16).hexdigest()}"

    def exists(self, name: str) -> bool:
        """Whether the table is there."""
        return self._value("SELECT to_regclass(%s)", self.item(name)) is not None

    def size(self, name: str) -> int:
        """Bytes on the server's disk."""
        return int(self._value("SELECT pg_total_relation_size(%s::regclass)", self.item(name)))

    # ── making and dropping ─────────────────────────────────────────────────────────────────────

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """A cursor whose statements commit together, or not at all."""
        with self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
            except BaseException:
                if not self._connection.closed:
                    cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    @contextmanager
    def alone(self, name: str) -> Iterator[Any]:
        """The same; others who would make the table `name` wait for its end."""
        with self.transaction() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_lock(self.item(name))])
            yield cursor

    def register(self, cursor: Any, name: str, path: Path) -> None:
        """Note what a new table is for, in the transaction that makes it."""
        cursor.execute(
            f"INSERT INTO {self.item(_REGISTER)} (name, place) VALUES (%s, %s)",
            [name, self._place(path)],
        )

    def below(self, directory: Path) -> Sequence[str]:
        """The tables registered for a directory or for anything below it."""
        place = self._place(directory)
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"SELECT name FROM {self.item(_REGISTER)} "
                "WHERE place = %s OR starts_with(place, %s)",
                [place, f"{place}/"],
            )
            return [str(row[0]) for row in cursor.fetchall()]

    def drop(self, names: Iterable[str]) -> None:
        """Drop tables and forget them; those that are gone are no fault."""
        for name in names:
            with self.transaction() as cursor:
                cursor.execute(f"DROP TABLE IF EXISTS {self.item(name)}")
                cursor.execute(
                    f"DELETE FROM {self.item(_REGISTER)} WHERE name = %s",
                    [name],
                )

    def _place(self, path: Path) -> str:
        inside = path.is_relative_to(self._root)
        return str(path.relative_to(self._root) if inside else path)

    def _value(self, query: str, *values: object) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchone()[0]


def _lock(name: str) -> int:
    """A number for an advisory lock."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
