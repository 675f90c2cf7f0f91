"""Both forms of the store take instants, and begin transactions, alike."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, insert, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from campanile.errors import EngineError
from campanile.store.database import Database, Instant, open_databases

MOMENTS = Table("moments", MetaData(), Column("at", Instant))


def test_an_instant_comes_back_in_utc_to_the_microsecond(
    databases: Mapping[str, Database],
) -> None:
    database = databases["control"]
    noon = datetime(2026, 11, 22, 12, 0, 0, 123_457, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as connection:
        MOMENTS.create(connection)
        connection.execute(insert(MOMENTS).values(at=noon))

    with database.read() as connection:
        read = connection.execute(select(MOMENTS.c.at)).scalar_one()

    assert read == noon
    assert read.tzinfo is UTC


def test_a_time_without_zone_is_refused(databases: Mapping[str, Database]) -> None:
    database = databases["control"]
    with database.write() as connection:
        MOMENTS.create(connection)

    naive = datetime(2026, 11, 22)  # noqa: DTZ001
    with pytest.raises(StatementError, match="naive"), database.write() as connection:
        connection.execute(insert(MOMENTS).values(at=naive))


def test_what_a_failed_transaction_wrote_is_gone(databases: Mapping[str, Database]) -> None:
    database = databases["events"]
    with database.write() as connection:
        connection.execute(text("CREATE TABLE kept (n INTEGER)"))

    with pytest.raises((DBAPIError, EngineError)), database.write() as connection:
        connection.execute(text("INSERT INTO kept VALUES (1)")).connection.execute(
            text("no statement")
        )

    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM kept")).scalar_one() == 0


def test_a_store_that_cannot_be_used_says_so_without_its_statements(tmp_path: Path) -> None:
    database = open_databases(tmp_path / "store")["ledger"]
    shutil.rmtree(tmp_path / "store")

    said = r"the store \(ledger\) cannot be used: unable to open"
    with pytest.raises(EngineError, match=said), database.write() as connection:
        connection.execute(text("SELECT 1"))
