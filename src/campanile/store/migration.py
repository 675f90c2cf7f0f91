"""Migrations: every area of the store brings its own tables up to date, by Alembic from Python.

Alembic is imported only where there is something to do: every process opens the store.

A new revision is written by `write_revision` against a migrated store, then read and tested:
tests/store/test_migration.py proves that migrations and tables agree on both databases.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData, inspect, text

from campanile.store import (
    control_tables,
    events_tables,
    flow_tables,
    ledger_tables,
    people_tables,
    question_tables,
)
from campanile.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

_CONTROL = (
    control_tables,
    flow_tables,
    people_tables,
    question_tables,
)  # one area in several modules
METADATA: dict[str, MetaData] = {
    "control": _CONTROL[0].metadata,
    "ledger": ledger_tables.metadata,
    "events": events_tables.metadata,
}
_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_307_112_100  # of pg_advisory_xact_lock; areas migrate one after another


def migrate_area(database: Database, revision: str = "head") -> None:
    """Bring one area up to date in one transaction; other processes wait and then find it done."""
    if _is_current(database):
        return
    from alembic import command

    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(_config(database.area, connection), revision)


def known_revisions(area: str) -> list[str]:
    """Return the revisions there are files of, the oldest first, read without Alembic."""
    files = (_FOLDER / area / "versions").glob("[0-9]*_*.py")
    return sorted(path.name.partition("_")[0] for path in files)


def environment_options(area: str, connection: Connection) -> dict[str, Any]:
    """Return what Alembic needs to know about an area; used by migrations/env.py and the tests."""
    others = {name for other, m in METADATA.items() if other != area for name in m.tables}

    def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or not (name in others or str(name).startswith("alembic_version_"))

    return {
        "connection": connection,
        "target_metadata": METADATA[area],
        "version_table": f"alembic_version_{area}",
        "include_name": is_ours,
        "compare_server_default": True,
        "transactional_ddl": True,
        "user_module_prefix": "",
    }


def _is_current(database: Database) -> bool:
    """Whether the area has the newest revision there is a file of, read without Alembic."""
    newest = known_revisions(database.area)[-1]
    table = f"alembic_version_{database.area}"
    with database.read() as connection:
        if not inspect(connection).has_table(table):
            return False
        found = connection.execute(text(f"SELECT version_num FROM {table}"))  # noqa: S608
        return found.scalar_one_or_none() == newest


def _config(area: str, connection: Connection | None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    versions = str(_FOLDER / area / "versions").replace("%", "%%")
    config.set_main_option("version_locations", versions)
    config.set_main_option("path_separator", "os")
    config.attributes.update(area=area, connection=connection)
    return config
