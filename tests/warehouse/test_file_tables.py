"""Texts of files become typed rows or rejects; every line is in one of the two."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.activities.effects import FileLayout
from campanile.activities.load_file import LoadFile
from campanile.errors import DataError
from campanile.relations.types import Type
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.staging import open_staging
from campanile.warehouse.texts.file_tables import FileTables
from campanile.warehouse.texts.writing import write_file

PEOPLE = {"name": "text", "age": "integer"}


@pytest.fixture
def read(tmp_path):
    """Read bytes as `load_file` with the options would; gives rows and rejects."""

    def reading(content: bytes, *, zone="Europe/Paris", **options):
        path = tmp_path / "people.csv"
        path.write_bytes(content)
        written = {"type": "load_file", "file": "people.csv", "columns": PEOPLE, **options}
        config = LoadFile.model_validate(written)
        with open_staging(DuckDBLake(tmp_path / "lake")) as staging:
            tables = FileTables(staging, config, zone)
            tables.open()
            tables.take(path, "people.csv")
            names = ", ".join(f'"{name}"' for name in list(config.table_schema)[1:])
            rows = staging.all(f"SELECT {names} FROM file_rows ORDER BY row_number__")
            rejects = staging.all(
                'SELECT line, "column", reason FROM file_rejects ORDER BY line, reason'
            )
        return rows, rejects

    return reading


@pytest.mark.parametrize(
    ("content", "options", "rows", "rejects"),
    [
        pytest.param("name,age\n\ufeffx,1\n".encode(), {}, 1, 0, id="mark inside"),
        pytest.param("\ufeffname,age\nx,1\n".encode(), {}, 1, 0, id="byte order mark"),
        pytest.param("name,age\nx,1\n".encode("utf-16"), {}, 1, 0, id="utf-16"),
        pytest.param("name,age\nZoë,1\n".encode("cp1252"), {"encoding": "cp1252"}, 1, 0, id="1252"),
        pytest.param(
            "name,age\nZoë,1\nb,2\n".encode("cp1252"), {"encoding": "utf-8"}, 1, 1, id="wrong"
        ),
        pytest.param(b"name,age\na\0b,1\nc,2\n", {"encoding": "utf-8"}, 1, 1, id="nul"),
        pytest.param(b'name,age\n"a\nb",1\nc,2\n', {}, 2, 0, id="quote over lines"),
        pytest.param(b'name,age\n"a\nb",1\nc,2\n', {"multiline": "false"}, 1, 2, id="no multiline"),
        pytest.param(b'name,age\n"a,1\nc,2\n', {}, 1, 1, id="open quote"),
        pytest.param(b'name,age\n"a,1\nc,2\n', {"quote": "none"}, 2, 0, id="no quotes"),
        pytest.param(b"name,age\na\nb,2,3\nc,3\n", {"separator": ","}, 1, 2, id="ragged"),
        pytest.param(b"name,age\n" + b"x" * 1_000_000 + b",1\nc,2\n", {}, 1, 1, id="long field"),
        pytest.param(b"name,age\n", {}, 0, 0, id="header only"),
        pytest.param(b"name,age\r\na,1\r\n\r\nb,2", {}, 2, 0, id="no last line end"),
        pytest.param(b"name,age\na,x\nb,2\n", {}, 1, 1, id="not a number"),
        pytest.param(b"junk\nmore\nname,age\na,1\n", {"skip": "2", "separator": ","}, 1, 0, id="s"),
        pytest.param(b"a,1\nb,2\n", {"header": "false"}, 2, 0, id="no header"),
        pytest.param(b"name|age\na|1\n", {"separator": "|"}, 1, 0, id="separator"),
        pytest.param(b"age,other,NAME\n1,x,a\n", {}, 1, 0, id="order and case of headers"),
    ],
)
def test_every_line_of_a_nasty_file_is_a_row_or_a_reject(read, content, options, rows, rejects):
    found = read(content, **options)
    assert (len(found[0]), len(found[1])) == (rows, rejects)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"name,years\na,1\n", "no column 'age'"),
        (b"name,name,age\na,b,1\n", "two columns"),
        (b"name,Name,age\na,b,1\n", "more than one column 'name'"),
        (b"\x00\x01\x02\x03", "binary"),
        (b"name,age\n" + b"y" * (1 << 24), "characters"),
    ],
)
def test_a_file_that_is_not_what_the_columns_describe_is_refused(read, content, says):
    with pytest.raises(DataError, match=says):
        read(content)


D = dt.date(2026, 12, 24)


def _utc(*parts: int) -> dt.datetime:
    """A time as tables hold it: UTC, without saying so."""
    return dt.datetime(*parts, tzinfo=dt.UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("text", " a ", "a"),
        ({"trim": "none"}, " a ", " a "),
        ({"trim": "left", "case": "upper"}, " a ", "A "),
        ("text", "  ", None),
        ({"empty": "keep"}, "", ""),
        ({"type": "date", "format": "DD/MM/YYYY"}, "24/12/2026", D),
        ({"type": "date", "format": "D"}, None, ValueError),
        ({"type": "date", "format": "DD/MM/YYYY"}, "24/12/26", "reject"),
        ({"type": "date", "format": "DD.MM.YY"}, "24.12.26", D),
        ("date", "2026-12-24", D),
        ("date", "2026-02-30", "reject"),
        (
            {"type": "timestamp", "format": "DD/MM/YYYY HH:mm"},
            "24/12/2026 09:00",
            _utc(2026, 12, 24, 8),
        ),
        ("timestamp", "2026-12-24T09:00:00Z", _utc(2026, 12, 24, 9)),
        (
            {"type": "timestamp", "format": "YYYY-MM-DD hh:mm AM"},
            "2026-12-24 09:00 PM",
            _utc(2026, 12, 24, 20),
        ),
        ({"type": "number", "decimals": ","}, "1.234,5", 1234.5),
        ({"type": "number", "decimals": ","}, "1 234", 1234.0),
        ({"type": "number", "decimals": ","}, "12.34", "reject"),
        ({"type": "number", "decimals": "."}, "1,234.5", 1234.5),
        ("number", "1,5", "reject"),
        ({"type": "number", "on_error": "null"}, "x", None),
        ({"type": "number", "on_error": "default", "default": "7"}, "x", 7.0),
        ({"type": "integer", "empty": "error"}, "", "reject"),
        ({"type": "integer", "empty": "error", "on_error": "default", "default": "0"}, "", 0),
        ({"type": "enum", "map": {"A": "audio"}}, "A", "audio"),
        ({"type": "enum", "map": {"A": "audio"}}, "B", "reject"),
        ({"type": "enum", "map": {"A": "audio"}, "unmapped": "null"}, "B", None),
        ({"type": "enum", "map": {"A": "audio"}, "unmapped": "keep"}, "B", "B"),
        ({"type": "enum", "map": {"A": "x"}, "unmapped": "default", "default": "o"}, "B", "o"),
        ({"type": "enum", "case": "lower", "map": {"A": "audio"}}, "a", "audio"),
        ({"type": "boolean", "map": {"J": "true", "N": "false"}}, "N", False),
        ({"type": "date", "map": {"never": "9999-12-31"}}, "2026-12-24", D),
        ({"type": "integer", "default": "x", "on_error": "default"}, None, ValueError),
        ({"type": "integer", "decimals": ","}, None, ValueError),
        ({"type": "enum"}, None, ValueError),
        ({"default": "x"}, None, ValueError),
    ],
)
def test_each_option_of_a_column_does_what_it_says(read, column, text, value):
    options = {"separator": ";", "columns": {"x": column, "n": "integer"}}
    if value is ValueError:
        with pytest.raises(ValueError, match="columns"):
            read(b"x;n\n", **options)
        return
    rows, rejects = read(f"x;n\n{text};1\n".encode(), **options)
    if value == "reject":
        assert not rows
        assert rejects[0][1] == "x"
    else:
        assert rows == [(value, 1)]
        assert not rejects


def test_fixed_widths_cut_each_line(read):
    columns = {"name": {"width": "4"}, "age": {"type": "integer", "width": "3"}}
    content = b"Ann 042\nBo  7\nlonger than it\nx\n"
    rows, rejects = read(content, format="fixed", encoding="utf-8", columns=columns)
    assert rows == [("Ann", 42), ("Bo", 7)]
    assert [line for line, _, _ in rejects] == [3, 4]


def test_lines_are_numbered_as_an_editor_does(read):
    rows, rejects = read(b"name,age\na,1\n\nb,x\nc,3\n", line_number="line")
    assert [row[0] for row in rows] == [2, 5]
    assert rejects == [(4, "age", "age is not a whole number")]


TEXTS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufffd\r"), max_size=12
)
ROWS = st.lists(
    st.tuples(
        TEXTS,
        st.none() | st.integers(-(10**17), 10**17),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.booleans(),
        st.none() | st.dates(dt.date(1, 1, 1)),
        st.none() | st.datetimes(_utc(1900, 1, 1), _utc(2200, 1, 1)),
    ),
    max_size=8,
)
TYPES = [Type.TEXT, Type.INTEGER, Type.NUMBER, Type.BOOLEAN, Type.DATE, Type.TIMESTAMP]


@given(rows=ROWS, pack=st.sampled_from(["none"]), separator=st.sampled_from(",;\t|"))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_an_extract_writes_a_load_reads(read, tmp_path, rows, pack, separator):
    import pyarrow as pa

    kinds = [pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us")]
    lists = [pa.array([row[n] for row in rows], kinds[n]) for n in range(len(kinds))]
    headers = ("n", "text", "whole", "number", "flag", "day", "at")
    numbers = pa.array(range(len(rows)), pa.int64())
    batch = pa.RecordBatch.from_arrays([numbers, *lists], names=list(headers))
    path = tmp_path / "out.csv"
    path.unlink(missing_ok=True)
    layout = FileLayout("csv", headers, separator=separator, guards=False)
    assert write_file([batch], [Type.INTEGER, *TYPES], path, layout, "out.csv") == len(rows)
    kept = {"type": "text", "trim": "none", "empty": "keep"}
    columns = {"text": kept, "whole": "integer", "number": "number", "flag": "boolean"}
    columns |= {"day": "date", "at": "timestamp"}
    found, rejects = read(
        path.read_bytes(), columns=columns, separator=separator.replace("\t", "tab"),
        encoding="utf-8",
    )  # fmt: skip
    assert not rejects
    blank = [("" if not row[0].strip(" \t\r\n\u00a0\u3000") else row[0], *row[1:]) for row in rows]
    assert found == blank


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+cmd|' /C calc'!A0", "'-2+cmd|' /C calc'!A0"),
        ("+33 6 12 34 56 78", "+33 6 12 34 56 78"),
        ("-5.50", "-5.50"),
        ("a=b", "a=b"),
        ("\t=1", "'\t=1"),
        ("-2\n=1+1", "'-2\n=1+1"),
    ],
)
def test_what_a_spreadsheet_would_run_is_guarded(tmp_path, text, written):
    import csv

    import pyarrow as pa

    batch = pa.RecordBatch.from_arrays([pa.array([text])], names=["x"])
    path = tmp_path / "out.csv"
    write_file([batch], [Type.TEXT], path, FileLayout("csv", ("x",)), "out.csv")
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [["x"], [written]]


@pytest.mark.parametrize("compress", ["gzip", "zip"])
def test_packed_files_hold_the_same_and_repeat(tmp_path, compress):
    import gzip
    import io
    import zipfile

    import pyarrow as pa

    batch = pa.RecordBatch.from_arrays([pa.array(["é", None])], names=["x"])
    contents = []
    for name in ("a", "b"):
        path = tmp_path / name
        layout = FileLayout("csv", ("x",), compress=compress, encoding="cp1252")
        write_file([batch], [Type.TEXT], path, layout, "out.csv.zip")
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    if compress == "gzip":
        plain = gzip.decompress(contents[0])
    else:
        plain = zipfile.ZipFile(io.BytesIO(contents[0])).read("out.csv")
    assert plain.decode("cp1252").splitlines() == ['"x"', '"é"', ""]


def test_a_character_that_the_encoding_lacks_is_refused_without_it(tmp_path):
    import pyarrow as pa

    batch = pa.RecordBatch.from_arrays([pa.array(["日本"])], names=["x"])
    layout = FileLayout("csv", ("x",), encoding="cp1252")
    with pytest.raises(DataError, match="cp1252") as refusal:
        write_file([batch], [Type.TEXT], tmp_path / "out.csv", layout, "out.csv")
    assert "日" not in str(refusal.value)
