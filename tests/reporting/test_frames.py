import sys

import pytest

from campanile.errors import ConfigurationError
from campanile.reporting.frames import report_frame, table_frame
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.sources import MemoryRows


def test_a_report_is_one_row_per_activity_and_execution(build, message_row):
    messages = [message_row(0), message_row(0, execution="e2", delivery=2)]

    frame = report_frame(build(messages))
    one = report_frame(build(messages, execution="e2"))

    assert list(frame["execution"]) == ["e1", "e2"]
    assert list(one["sent"]) == [1]


def test_a_working_table_is_its_rows(tmp_path):
    from campanile.relations.types import Type

    schema = {"customer_id": Type.TEXT, "spent": Type.NUMBER}
    with DuckDBLake(tmp_path, threads=1).session() as session:
        session.bind("people", MemoryRows(schema, [["a", 1.5], ["b", None]]))
        written = session.write(session.relation("people"), tmp_path / "work")

    frame = table_frame([written.path], list(schema))

    assert list(frame["customer_id"]) == ["a", "b"]
    assert list(table_frame([], list(schema)).columns) == ["customer_id", "spent"]


def test_without_pandas_the_remedy_is_quoted(build, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'campanile\[analysis\]'"):
        report_frame(build([]))
