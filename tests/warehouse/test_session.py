"""A session reads sources as they are, and writes tables that are whole or not there."""
# ruff: noqa: DTZ001  (instants are stored as naive UTC)

import errno
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from campanile.errors import EngineError
from campanile.relations.relation import Relation
from campanile.relations.scope import EntityTable, Link, Scope
from campanile.relations.types import Type
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.sources import (
    CsvFiles,
    DuckDBTable,
    EmptyTable,
    MemoryRows,
    ParquetFiles,
)

SCHEMA = {
    "id": Type.INTEGER,
    "name": Type.TEXT,
    "amount": Type.NUMBER,
    "ok": Type.BOOLEAN,
    "day": Type.DATE,
    "at": Type.TIMESTAMP,
}
ROWS = [
    (1, "O'Hara; drop", 1.5, True, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5)),
    (2, None, None, None, None, None),
]


@pytest.fixture
def lake(tmp_path):
    return DuckDBLake(tmp_path / "lake", memory_limit="300MB", threads=1)


@pytest.fixture
def session(lake):
    with lake.session() as opened:
        yield opened


@pytest.fixture
def people(session):
    session.bind("people", MemoryRows(SCHEMA, ROWS))
    return session.relation("people", ("id",))


def test_what_is_written_is_read_back_the_same(session, people, lake):
    written = session.write(people, lake.work_directory("spring", "e1", "cells"))
    assert written.rows == 2
    assert written.bytes == written.path.stat().st_size
    bound = session.bind("again", ParquetFiles((str(written.path),), pinned=True))
    assert bound.schema == SCHEMA
    assert bound.pinned
    assert sorted(session.rows(session.relation("again"))) == ROWS


def test_no_rows_are_a_table_with_a_schema(session, people, tmp_path):
    session.bind("empty", EmptyTable(SCHEMA))
    written = session.write(session.relation("empty"), tmp_path)
    assert written.rows == 0
    assert pq.read_schema(written.path).names == list(SCHEMA)
    assert session.bind("empty", ParquetFiles((str(written.path),))).schema == SCHEMA


def test_writing_twice_gives_two_files(session, people, tmp_path):
    first, second = session.write(people, tmp_path), session.write(people, tmp_path)
    assert first.path != second.path
    assert sorted(tmp_path.glob("*part*")) == sorted([first.path, second.path])


def test_a_failed_write_leaves_no_file(session, tmp_path):
    session.bind("words", MemoryRows({"word": Type.TEXT}, [("x",)]))
    wrong = session.relation("words")
    wrong = Relation(wrong.query, {"word": Type.INTEGER})
    with pytest.raises(EngineError, match="does not have the type") as caught:
        session.write(wrong, tmp_path)
    assert "'x'" not in str(caught.value)
    assert list(tmp_path.glob("*part*")) == []


def test_a_crash_before_the_rename_leaves_no_table(session, people, tmp_path, monkeypatch):
    def power_cut(self, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", power_cut)
    with pytest.raises(EngineError, match="the disk is full"):
        session.write(people, tmp_path)
    assert list(tmp_path.glob("*.parquet")) == []


def test_a_stage_is_computed_once_and_dropped(session, people):
    with session.stage(people) as staged:
        session.bind("people", MemoryRows(SCHEMA, []))
        assert session.count(staged) == 2
        name = staged.source
        assert staged.key == ("id",)
    with pytest.raises(EngineError, match="is not there"):
        session.count(Relation.table(name, SCHEMA))


def test_a_stage_can_have_the_name_that_outputs_expect(session, people):
    described = Relation.table("stage__cells", SCHEMA, ("id",))
    with session.stage(people, "stage__cells"):
        assert session.count(described) == 2


def test_batches_carry_all_rows(session):
    session.bind("many", MemoryRows({"n": Type.INTEGER}, [(n,) for n in range(500)]))
    batches = list(session.batches(session.relation("many"), 100))
    assert sum(batch.num_rows for batch in batches) == 500
    assert sorted(n for b in batches for n in b.column(0).to_pylist()) == list(range(500))


def test_csv_is_read_with_declared_and_with_found_types(session, tmp_path):
    (tmp_path / "a.csv").write_text("id;zip;day\n1;01234;2026-01-02\n2;;\n")
    files = (str(tmp_path / "*.csv"),)
    found = session.bind("found", CsvFiles(files, separator=";"))
    assert found.schema["day"] is Type.DATE
    assert not found.pinned
    session.bind("told", CsvFiles(files, {"zip": Type.TEXT}, separator=";"))
    assert sorted(session.rows(session.relation("told").select(["zip"])), key=str) == [
        ("01234",),
        (None,),
    ]


def test_a_duckdb_file_is_read_and_never_written(session, tmp_path):
    path = tmp_path / "shop.db"
    with duckdb.connect(str(path)) as shop:
        shop.execute('CREATE TABLE sold (id INTEGER, price DECIMAL(9, 2), "at" TIMESTAMPTZ)')
        shop.execute("INSERT INTO sold VALUES (1, 9.5, '2026-07-01 09:00+02')")
    bound = session.bind("sold", DuckDBTable(path, "sold"))
    assert bound.schema == {"id": Type.INTEGER, "price": Type.NUMBER, "at": Type.TIMESTAMP}
    assert session.rows(session.relation("sold")) == [(1, 9.5, datetime(2026, 7, 1, 7))]
    session.bind("sold_too", DuckDBTable(path, "main.sold"))
    assert session.count(session.relation("sold_too")) == 1


def test_a_declared_schema_names_what_is_missing(session, people):
    with pytest.raises(EngineError, match="no column 'email'") as caught:
        session.bind("people", MemoryRows(SCHEMA, ROWS), {"email": Type.TEXT})
    assert "It has: id, name" in str(caught.value)


def test_binding_again_replaces_view_and_table(session, tmp_path):
    (tmp_path / "a.csv").write_text("n\n1\n")
    for source in (
        CsvFiles((str(tmp_path / "a.csv"),)),
        MemoryRows({"n": Type.INTEGER}, [(2,)]),
        CsvFiles((str(tmp_path / "a.csv"),)),
    ):
        session.bind("t", source)
    assert session.rows(session.relation("t")) == [(1,)]


def test_a_pinned_source_is_bound_once_and_another_takes_its_name(session, tmp_path):
    path = tmp_path / "once.parquet"
    duckdb.sql(f"COPY (SELECT 1 AS id) TO '{path}'")
    session.bind("work__x", ParquetFiles((str(path),), pinned=True))
    path.rename(tmp_path / "moved.parquet")
    session.bind("work__x", ParquetFiles((str(path),), pinned=True))  # nothing is looked at
    with pytest.raises(EngineError):
        session.bind("work__x", ParquetFiles((str(path),)))
    session.bind("work__x", ParquetFiles((str(tmp_path / "moved.parquet"),), pinned=True))
    assert session.rows(session.relation("work__x")) == [(1,)]


@pytest.mark.parametrize(
    "source",
    [
        ParquetFiles(("/nowhere/*.parquet",)),
        CsvFiles(("/nowhere/x.csv",)),
        DuckDBTable(Path("/nowhere/x.db"), "t"),
    ],
)
def test_a_missing_source_is_a_sentence(session, source):
    with pytest.raises(EngineError, match="reading the source of 't'"):
        session.bind("t", source)


def test_an_unknown_name_lists_what_is_bound(session, people):
    with pytest.raises(EngineError, match="There is: people"):
        session.schema("peple")


def test_too_little_memory_is_a_sentence(tmp_path):
    lake = DuckDBLake(tmp_path, memory_limit="20MB", threads=1)
    with lake.session() as session:
        session.bind("n", MemoryRows({"n": Type.INTEGER}, [(n,) for n in range(30)]))
        many = session.relation("n")
        session._connection.execute("SET max_temp_directory_size = '1MB'")
        session._connection.execute(
            "CREATE TEMP VIEW big AS "
            "SELECT md5(i::text) || md5((i + 1)::text) AS t FROM range(3000000) r(i)"
        )
        big = Relation.table("big", {"t": Type.TEXT}, ("t",))
        with pytest.raises(EngineError, match="memory"), session.stage(big.ranked("place", [], [])):
            pass
        assert session.count(many) == 30


def test_a_given_connection_stays_open(lake):
    connection = duckdb.connect(":memory:")
    with lake.session(connection) as session:
        session.bind("t", MemoryRows({"n": Type.INTEGER}, [(1,)]))
        assert session.count(session.relation("t")) == 1
    assert connection.execute("SELECT 1").fetchone() == (1,)
    assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
    connection.close()


def test_first_real_use_on_a_small_shop(session):
    """The rule of the manual's first page, against its meaning spelled out in Python."""
    purchases = [
        (n, n % 17, date(1997 + (n % 3 == 0), 1 + n % 12, 3), float(n % 90)) for n in range(120)
    ]
    customer = EntityTable(
        "customer", "entity__customer", {"customer_id": Type.INTEGER}, ("customer_id",),
        {"purchases": Link("purchases", "purchase", (("customer_id", "customer_id"),), many=True)},
    )  # fmt: skip
    columns = {
        "purchase_id": Type.INTEGER,
        "customer_id": Type.INTEGER,
        "purchased_on": Type.DATE,
        "amount": Type.NUMBER,
    }
    purchase = EntityTable("purchase", "entity__purchase", columns, ("purchase_id",))
    session.bind(customer.table, MemoryRows(customer.schema, [(n,) for n in range(20)]))
    session.bind(purchase.table, MemoryRows(columns, purchases))
    scope = Scope(
        customer, {"customer": customer, "purchase": purchase}, now=datetime(2026, 1, 1, tzinfo=UTC)
    )
    rule = (
        "count(purchases) >= 2 and sum(purchases.amount) > 100"
        " and not exists(purchases, purchased_on >= date '1998-01-01' and amount > 40)"
    )
    found = session.rows(session.relation(customer.table, ("customer_id",)).where(rule, scope))
    expected = []
    for n in range(20):
        own = [p for p in purchases if p[1] == n]
        late = any(p[2] >= date(1998, 1, 1) and p[3] > 40 for p in own)
        if len(own) >= 2 and sum(p[3] for p in own) > 100 and not late:
            expected.append((n,))
    assert sorted(found) == expected
    assert 0 < len(expected) < 17
