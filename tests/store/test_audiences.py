"""Saved audiences have versions, belong to one dimension, and are saved once by an activity."""

from dataclasses import replace

import pytest

from campanile.errors import NotPinnedAnymore, Refused
from campanile.store.audiences import NewAudienceVersion
from campanile.store.store import Store

VIPS = NewAudienceVersion(
    audience="vips", dimension="customer", expected=0, paths=["a1"], rows=3,
    schema={"id": "integer"}, execution_id=1, activity="save", attempt=1,
)  # fmt: skip


def test_an_activity_saves_once_and_another_execution_anew(store: Store):
    first = store.audiences.save(VIPS)

    assert store.audiences.save(replace(VIPS, rows=9)) == first
    second = store.audiences.save(replace(VIPS, execution_id=2, expected=1, paths=["a2"]))
    assert (second.version, store.audiences.current(["vips"])["vips"]) == (2, second)
    assert store.audiences.version("vips", 1) == first


def test_whoever_read_an_older_version_must_read_again(store: Store):
    store.audiences.save(VIPS)

    with pytest.raises(Refused, match="is at version 1; the new rows were made from version 0"):
        store.audiences.save(replace(VIPS, execution_id=2))


def test_an_audience_keeps_its_dimension(store: Store):
    store.audiences.save(VIPS)

    with pytest.raises(Refused, match="holds customer rows, not contract"):
        store.audiences.save(replace(VIPS, execution_id=2, expected=1, dimension="contract"))


def test_a_deleted_audience_gives_back_the_paths_of_its_files(store: Store):
    store.audiences.save(VIPS)
    store.audiences.save(replace(VIPS, execution_id=2, expected=1, paths=["a2", "a3"]))

    assert sorted(store.audiences.delete("vips", by="ana")) == ["a1", "a2", "a3"]
    assert store.audiences.current() == {}
    with pytest.raises(NotPinnedAnymore, match="version 1 of audience 'vips'"):
        store.audiences.version("vips", 1)
