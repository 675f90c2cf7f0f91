"""Migrations make exactly the tables that the code describes, on both databases."""

import re
from collections.abc import Mapping

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from campanile.store.database import AREAS, Database
from campanile.store.migration import (
    METADATA,
    environment_options,
    known_revisions,
    migrate_area,
)

_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    ORDER BY 1, 2, 3
"""
_STATEMENTS = "SELECT tbl_name, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1, 2"


@pytest.mark.parametrize("area", AREAS)
def test_alembic_finds_no_difference_to_the_tables(
    databases: Mapping[str, Database], area: str
) -> None:
    migrate_area(databases[area])

    with databases[area].read() as connection:
        options = environment_options(area, connection)
        target = options.pop("target_metadata")
        options.pop("connection")
        context = MigrationContext.configure(connection, opts=options)
        difference = compare_metadata(context, target)

    assert difference == []


@pytest.mark.parametrize("area", AREAS)
def test_migrations_make_the_same_checks_and_indexes_as_the_tables(
    databases: Mapping[str, Database], area: str
) -> None:
    database = databases[area]
    migrate_area(database)
    with database.read() as connection:
        migrated = _describe(connection, database)

    with database.write() as connection:
        METADATA[area].drop_all(connection)
        METADATA[area].create_all(connection)
    with database.read() as connection:
        described = _describe(connection, database)

    assert migrated == described


def test_migrating_again_changes_nothing(databases: Mapping[str, Database]) -> None:
    for _ in range(2):
        for area in AREAS:
            migrate_area(databases[area])

    for area in AREAS:
        with databases[area].read() as connection:
            version = text(f"SELECT version_num FROM alembic_version_{area}")
            assert connection.execute(version).scalar_one() == known_revisions(area)[-1]


def _describe(connection: Connection, database: Database) -> list[tuple[str, ...]]:
    """Return what defines tables, checks and indexes: their words, in no order."""
    query = text(_STATEMENTS if database.is_sqlite else _CONSTRAINTS)
    rows = connection.execute(query).all()
    return [
        (*row[:2], " ".join(sorted(re.sub('[(),"]', " ", str(row[2])).split())))
        for row in rows
        if "alembic_version" not in str(row[0])
    ]


def test_a_store_with_campaigns_keeps_them_and_their_executions(
    databases: Mapping[str, Database],
) -> None:
    """SQLite would cascade to executions if the table of campaigns were made anew."""
    control = databases["control"]
    migrate_area(control, "0008")
    now = "2026-11-22 09:00:00.000000"
    with control.write() as connection:
        for statement in (
            "INSERT INTO campaign (name, label, status, latest_version, created_at, changed_at)"
            f" VALUES ('c', 'C', 'draft', 1, '{now}', '{now}')",
            "INSERT INTO campaign_version (campaign, version, source, compiled, language_version,"
            f" digest, created_at, created_by) VALUES ('c', 1, '', '{{}}', 1, 'd', '{now}', 'ana')",
        ):
            connection.execute(text(statement))
    migrate_area(control)

    with control.write() as connection:
        connection.execute(text("UPDATE campaign SET status = 'in_review'"))
        versions = connection.execute(text("SELECT count(*) FROM campaign_version"))
        assert versions.scalar_one() == 1
    with pytest.raises(IntegrityError), control.write() as connection:
        connection.execute(text("UPDATE campaign SET status = 'lost'"))
