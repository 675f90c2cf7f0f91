"""A copy of the store of one moment, taken while everything goes on, and put back somewhere else.

SQLite: the backup API, file by file, control first: what control names the later files know, and
no transaction spans two of them. PostgreSQL: one snapshot by pg_dump.
"""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import IO

from sqlalchemy import inspect
from sqlalchemy.engine import URL, make_url

from campanile.errors import EngineError, Refused
from campanile.store.database import AREAS, Database
from campanile.store.store import Store

DUMP = "store.sql"
_LAST_WORDS = 300
_COMPLAINT = re.compile(r"error:|ERROR:|FATAL:|version")


def copy_store(store: Store, folder: Path) -> list[Path]:
    """Write a copy of the store into `folder`; returns its files."""
    if store.databases["control"].is_sqlite:
        return [_copy_sqlite(store.databases[area], folder) for area in AREAS]
    return [_dump(store.databases["control"].engine.url, folder / DUMP)]


def store_bytes(store: Store) -> int:
    """About how large a copy will be."""
    control = store.databases["control"]
    if control.is_sqlite:
        files = [Path(store.databases[area].engine.url.database or "") for area in AREAS]
        return sum(file.stat().st_size for file in files)
    with control.read() as connection:
        size = connection.exec_driver_sql("SELECT pg_database_size(current_database())")
        return int(size.scalar_one())


def load_dump(dump: Path, location: str, last: str) -> None:
    """Run a dump and then the statements `last` in one transaction on an empty database.

    Raises Refused when the database has tables, EngineError with what psql said otherwise.
    """
    url = make_url(location)
    program = _program("psql")
    command = [program, "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
    with dump.open("rb") as source, subprocess.Popen(  # noqa: S603  no shell, no secret in it
        command, env=_environment(url), stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stderr is not None
        _feed(process.stdin, source, last)
        said = process.stderr.read().decode(errors="replace")
    if process.returncode:
        raise _failed("psql", said)


def require_empty(location: Path | str) -> None:
    """Raise Refused when there is a store already."""
    if isinstance(location, Path):
        if location.exists() and any(location.iterdir()):
            raise Refused(
                f"there is a store in {location}; nothing was changed.",
                remedy=f"Move it away first: mv {location} {location}.before",
            )
        return
    store = Store.open(location)
    try:
        with store.databases["control"].read() as connection:
            tables = inspect(connection).get_table_names()
    finally:
        store.close()
    if tables:
        raise Refused(
            f"the database has {len(tables)} tables; nothing was changed.",
            remedy="Restore into an empty database: create one, and name it in store.location.",
        )


def _copy_sqlite(database: Database, folder: Path) -> Path:
    source = database.engine.url.database or ""
    target = folder / f"{database.area}.sqlite"
    try:
        with (
            closing(sqlite3.connect(source, timeout=30)) as opened,
            closing(sqlite3.connect(target)) as copy,
        ):
            opened.backup(copy)  # in one step: of one moment, and writers are not held up
            copy.execute("PRAGMA journal_mode=DELETE").close()  # one file, without a -wal beside it
            wrong = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise EngineError(
            f"the store ({database.area}) cannot be copied: {error}.",
            remedy="Is the disk full? Nothing is left of the backup.",
        ) from error
    if wrong != "ok":
        raise EngineError(f"the store ({database.area}) is damaged: {wrong}.")
    return target


def _dump(url: URL, target: Path) -> Path:
    command = [_program("pg_dump"), "--format=plain", "--no-owner", "--no-privileges"]
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        done = subprocess.run(  # noqa: S603  no shell, no secret in it
            command, env=_environment(url), stdout=file, stderr=subprocess.PIPE, check=False
        )
    if done.returncode:
        raise _failed("pg_dump", done.stderr.decode(errors="replace"))
    return target


def _environment(url: URL) -> Mapping[str, str]:
    """How libpq finds the database: never by arguments, which every user of a machine can read."""
    host = url.host or str(url.query.get("host", "") or "")
    given = {
        "PGHOST": host,
        "PGPORT": str(url.port or ""),
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
    }
    return {**os.environ, **{name: value for name, value in given.items() if value}}


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise EngineError(
            f"{name} is not installed here, and the store is on PostgreSQL.",
            remedy="Install PostgreSQL's client programs, of the server's version or newer.",
        )
    return found


def _feed(target: IO[bytes], source: IO[bytes], last: str) -> None:
    """Give psql the dump and the last statements; it may leave before its end."""
    try:
        shutil.copyfileobj(source, target)
        target.write(f"\n{last}\n".encode())
        target.close()
    except BrokenPipeError:
        pass  # its own words say why


def _failed(program: str, said: str) -> EngineError:
    """What went wrong, without the lines that quote rows."""
    lines = [line.strip() for line in said.splitlines() if _COMPLAINT.search(line)]
    words = " ".join(lines)[:_LAST_WORDS].rstrip(".")
    return EngineError(f"{program} failed: {words or 'it said nothing'}.")
