"""Values that travel in one parameter are found by index, on both databases."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from campanile.store.among import among_hashes, among_numbers
from campanile.store.claims import _DUE, _TAKE
from campanile.store.consents import _DECIDED, _SUPPRESSED
from campanile.store.database import Database, open_databases
from campanile.store.ledger_tables import metadata, suppression
from campanile.store.planning import _TAKEN
from campanile.store.settling import _APPLY_HELD

HASHES = [bytes([n]) * 16 for n in range(4)]


@pytest.fixture
def ledger(databases: Mapping[str, Database]) -> Database:
    metadata.create_all(databases["ledger"].engine)
    return databases["ledger"]


@pytest.mark.parametrize("wanted", [[], HASHES[1:3], [HASHES[0], b"\xff" * 16], HASHES])
def test_those_of_the_given_hashes_are_found_that_are_there(
    ledger: Database, wanted: list[bytes]
) -> None:
    at = datetime(2026, 11, 22, 9, tzinfo=UTC)
    rows = [
        {"channel": "email", "address_hash": one, "reason": "", "at": at, "generation": n}
        for n, one in enumerate(HASHES)
    ]
    column, number = suppression.c.address_hash, suppression.c.generation
    with ledger.write() as connection:
        connection.execute(insert(suppression), rows)
        hashes = select(column).where(among_hashes(column, "hashes"))
        numbers = select(number).where(among_numbers(number, "numbers"))
        found = set(connection.execute(hashes, {"hashes": wanted}).scalars())
        counted = set(connection.execute(numbers, {"numbers": [2, 3, 9]}).scalars())

    assert found == set(wanted) & set(HASHES)
    assert counted == {2, 3}


@pytest.mark.parametrize("statement", [_DUE, _TAKE, _APPLY_HELD, _SUPPRESSED, _DECIDED, _TAKEN])
def test_no_statement_of_the_send_path_scans_a_table(tmp_path: Path, statement: Any) -> None:
    ledger = open_databases(tmp_path)["ledger"]
    metadata.create_all(ledger.engine)
    options = {"render_postcompile": True}
    compiled = str(statement.compile(dialect=ledger.engine.dialect, compile_kwargs=options))
    with ledger.read() as connection:
        given = ("[1]",) * compiled.count("?")
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", given).all()
    first = plan[0][3]

    assert first.startswith("SEARCH")
    assert any(name in first for name in ("ordinal=", "not_before<", "hash=", "message_key="))
