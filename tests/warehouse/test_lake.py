"""The lake keeps what the store names and forgets old orphans."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from campanile.errors import EngineError
from campanile.relations.types import Type
from campanile.warehouse.durable import publish_file
from campanile.warehouse.failures import engine_errors
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.sources import MemoryRows

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_old_files_are_those_not_written_to_since(tmp_path):
    lake = DuckDBLake(tmp_path)
    old, young = NOW - timedelta(days=2), NOW - timedelta(hours=2)
    files = {}
    for name, when in {"old": old, "fresh": young, ".part.tmp": old}.items():
        folder = lake.work_directory("spring", "e1", "cells")
        folder.mkdir(parents=True, exist_ok=True)
        files[name] = folder / f"{name}.parquet"
        files[name].write_bytes(b"x")
        os.utime(files[name], (when.timestamp(), when.timestamp()))

    found = lake.files_older_than(NOW - timedelta(days=1))

    assert sorted(found) == sorted([files["old"].resolve(), files[".part.tmp"].resolve()])


def test_each_thing_has_its_folder(tmp_path):
    lake = DuckDBLake(tmp_path)
    assert lake.work_directory("a", "b", "c") == tmp_path / "work/a/b/c"
    assert lake.data_directory("customer", 3) == tmp_path / "data/customer/version=3"
    assert lake.audience_directory("vip", 1) == tmp_path / "audience/vip/version=1"
    assert lake.feedback_directory("events", "17") == tmp_path / "feedback/events/17"


def test_a_session_is_closed_after_an_error(tmp_path):
    lake = DuckDBLake(tmp_path)
    opened = []

    def fail():
        with lake.session() as session:
            session.bind("t", MemoryRows({"n": Type.INTEGER}, [(1,)]))
            opened.append(session)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    session = opened[0]
    with pytest.raises(EngineError):
        session.count(session.relation("t"))


def test_a_file_is_never_overwritten(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("new")
    second.write_text("old")
    with pytest.raises(FileExistsError):
        publish_file(first, second)
    assert second.read_text() == "old"


def test_errors_of_the_file_system_are_sentences():
    with pytest.raises(EngineError, match="the file system refused"), engine_errors("writing"):
        raise PermissionError(13, "Permission denied")
