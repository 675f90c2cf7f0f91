"""One body for all engines: sources are read alike, and what is written is whole or not there."""
# ruff: noqa: DTZ001  (instants are stored as naive UTC)

from datetime import date, datetime

import duckdb
import pytest
from benchmarks.spark_server import is_sail

from campanile.errors import EngineError
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.scope import Scope
from campanile.relations.types import Type
from campanile.relations.values import Order
from campanile.warehouse.sources import CsvFiles, EmptyTable, MemoryRows, ParquetFiles

pytestmark = pytest.mark.parametrize("warehouse", ["duckdb", "postgresql", "spark"], indirect=True)

SCHEMA = {
    "id": Type.INTEGER,
    "name": Type.TEXT,
    "amount": Type.NUMBER,
    "ok": Type.BOOLEAN,
    "day": Type.DATE,
    "at": Type.TIMESTAMP,
}
ROWS = [
    (1, 'O\'Hara; drop "x", \\ \n é', 1.5, True, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5)),
    (2, "", -1e300, False, date(1900, 1, 1), datetime(2026, 3, 29, 2, 30, 0, 123456)),
    (3, None, None, None, None, None),
]


def people(session):
    session.bind("people", MemoryRows(SCHEMA, ROWS))
    return session.relation("people", ("id",))


def test_what_is_written_is_read_back_the_same(warehouse):
    with warehouse.session() as session:
        written = session.write(people(session), warehouse.work_directory("spring", "e1", "cells"))
    assert (written.rows, written.schema) == (3, SCHEMA)
    assert written.bytes > 0
    with warehouse.session() as another:
        bound = another.bind("again", ParquetFiles((str(written.path),), pinned=True))
        assert bound.pinned
        assert dict(bound.schema) == SCHEMA
        assert sorted(another.rows(another.relation("again"))) == ROWS


def test_two_writes_are_two_tables_and_read_as_one(warehouse):
    directory = warehouse.audience_directory("vip", 1)
    with warehouse.session() as session:
        first, second = (session.write(people(session), directory) for _ in range(2))
        assert first.path != second.path
        paths = (str(first.path), str(second.path))
        session.bind("both", ParquetFiles(paths, pinned=True), SCHEMA)
        assert session.count(session.relation("both")) == 6


def test_no_rows_are_a_table_with_a_schema(warehouse, request):
    if warehouse.engine == "spark" and is_sail():
        why = "Sail writes no file where there are no rows, so nothing says the schema"
        request.applymarker(pytest.mark.xfail(reason=why, strict=True, raises=EngineError))
    with warehouse.session() as session:
        session.bind("empty", EmptyTable(SCHEMA))
        assert session.count(session.relation("empty")) == 0
        written = session.write(session.relation("empty"), warehouse.work_directory("a", "b", "c"))
        assert written.rows == 0
        source = ParquetFiles((str(written.path),), pinned=True)
        assert dict(session.bind("again", source).schema) == SCHEMA


def test_a_stage_is_computed_once_and_dropped(warehouse):
    with warehouse.session() as session:
        described = Relation.table("stage__cells", SCHEMA, ("id",))
        with session.stage(people(session), "stage__cells") as staged:
            session.bind("people", MemoryRows(SCHEMA, ROWS[:1]))
            assert session.count(staged) == 3
            assert session.count(described) == 3
        with pytest.raises(EngineError):
            session.count(described)


def test_batches_come_in_order_with_every_value(warehouse):
    schema = {"n": Type.INTEGER, "word": Type.TEXT}
    rows = [(n, f"w{n}" if n % 3 else None) for n in range(5000)]
    with warehouse.session() as session:
        session.bind("many", MemoryRows(schema, rows[::-1]))
        many = session.relation("many", ("n",))
        order = [Order(compile_value("n", Scope(columns=schema)))]
        found = list(session.batches(many.limit(10_000, order), 500))
        assert [row for b in found for row in zip(*b.to_pydict().values(), strict=True)] == rows
        assert max(b.num_rows for b in found) <= 2048  # DuckDB gives its own vectors
        kinds = list(session.batches(people(session)))
        read = [row for b in kinds for row in zip(*b.to_pydict().values(), strict=True)]
        assert sorted(read) == ROWS
        session.bind("none", EmptyTable(schema))
        assert sum(b.num_rows for b in session.batches(session.relation("none"))) == 0
        assert session.scalar(many.limit(1, order).select(["n"])) == 0


def test_files_come_in_with_declared_and_with_found_types(warehouse, tmp_path):
    (tmp_path / "a.csv").write_text("id;zip;day\n1;01234;2026-01-02\n2;;\n")
    files = (str(tmp_path / "*.csv"),)
    with warehouse.session() as session:
        assert session.bind("found", CsvFiles(files, separator=";")).schema["day"] is Type.DATE
        session.bind("told", CsvFiles(files, {"zip": Type.TEXT}, separator=";"))
        told = session.rows(session.relation("told").select(["zip"]))
        assert sorted(told, key=str) == [("01234",), (None,)]


def test_a_file_of_the_lake_is_read_and_its_columns_are_brought_to_the_types_asked_for(warehouse):
    directory = warehouse.root / "feedback"
    directory.mkdir(parents=True)
    file = directory / "messages.parquet"
    duckdb.sql(f"COPY (SELECT '7' AS person, 1::INT AS n UNION ALL SELECT 'x', 2) TO '{file}'")
    source = ParquetFiles((str(file),), pinned=True)
    wanted = {"person": Type.INTEGER, "n": Type.NUMBER, "later": Type.TEXT}
    with warehouse.session() as session:
        for _ in range(2):  # in another session it is there already
            bound = session.bind("lenient", source, wanted, lenient=True, fill=True)
            assert dict(bound.schema) == wanted
        rows = session.rows(session.relation("lenient"))
        assert sorted(rows, key=str) == [(7, 1.0, None), (None, 2.0, None)]
        with pytest.raises(EngineError, match="no column 'later'") as caught:
            session.bind("strict", source, wanted)
        assert "It has: person, n" in str(caught.value)


def test_a_file_of_the_lake_without_rows_is_read_with_its_columns(warehouse, request):
    if warehouse.engine == "spark" and is_sail():
        why = "Sail writes no file where there are no rows, so there is no copy"
        request.applymarker(pytest.mark.xfail(reason=why, strict=True, raises=EngineError))
    file = warehouse.root / "nobody.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(
        f"COPY (SELECT 'x' AS person, 1::BIGINT AS n, now()::TIMESTAMP AS at LIMIT 0) TO '{file}'"
    )
    schema = {"person": Type.TEXT, "n": Type.INTEGER, "at": Type.TIMESTAMP}
    with warehouse.session() as session:
        bound = session.bind("nobody", ParquetFiles((str(file),), pinned=True), schema)
        assert dict(bound.schema) == schema
        assert session.count(session.relation("nobody")) == 0


def test_a_value_of_another_type_is_told_without_the_value(warehouse):
    with warehouse.session() as session:
        session.bind("words", MemoryRows({"word": Type.TEXT}, [("secret",)]))
        wrong = Relation(session.relation("words").query, {"word": Type.INTEGER})
        with pytest.raises(EngineError, match="does not have the type") as caught:
            session.write(wrong, warehouse.work_directory("a", "b", "c"))
        assert "secret" not in str(caught.value)
        assert session.count(session.relation("words")) == 1  # and the session goes on


def test_names_of_any_length_stay_apart(warehouse):
    names = [f"work__{'a' * 70}{end}" for end in ("x", "y")]
    with warehouse.session() as session:
        for number, name in enumerate(names):
            session.bind(name, MemoryRows({"n": Type.INTEGER}, [(number,)]))
        assert [session.scalar(session.relation(name)) for name in names] == [0, 1]


def test_tables_are_dropped_by_path_and_by_place(warehouse):
    with warehouse.session() as session:
        made = [
            session.write(people(session), warehouse.work_directory("spring", execution, "cells"))
            for execution in ("e1", "e1", "e10")
        ]
    warehouse.drop_tables([str(made[0].path)])
    assert [readable(warehouse, each) for each in made] == [False, True, True]
    warehouse.drop_below(warehouse.work_directory("spring", "e1", "any").parent)
    assert [readable(warehouse, each) for each in made] == [False, False, True]


def test_a_rehearsal_reads_the_same_and_leaves_nothing(warehouse, tmp_path):
    with warehouse.session() as session:
        kept = session.write(people(session), warehouse.data_directory("people", 1))
    tried = warehouse.rehearsing(tmp_path / "try")
    with tried.session() as session:
        session.bind("kept", ParquetFiles((str(kept.path),), pinned=True))
        made = session.write(session.relation("kept"), tried.work_directory("a", "b", "c"))
    assert readable(warehouse, made)
    tried.drop_below(tmp_path / "try")
    assert not readable(warehouse, made)
    assert readable(warehouse, kept)


def readable(warehouse, written):
    try:
        with warehouse.session() as session:
            session.bind("it", ParquetFiles((str(written.path),), pinned=True))
            return session.count(session.relation("it")) == written.rows
    except EngineError:
        return False
