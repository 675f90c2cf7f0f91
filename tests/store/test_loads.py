"""A file is loaded once, however often it is brought and wherever a load was cut off."""

import pytest

from campanile.errors import Refused
from campanile.store.entity_versions import NewEntityVersion
from campanile.store.store import Store

ROWS = NewEntityVersion(
    entity="customer", expected=0, paths=["p"], rows=3, schema={"id": "integer"}, load_key=""
)


def test_the_same_file_again_is_known_as_done(store: Store):
    first = store.loads.begin("customer", "sha256:1", "upsert")
    store.loads.commit(first.id, ROWS, counts={"read": 4, "rejected": 1}, by="ana")

    again = store.loads.begin("customer", "sha256:1", "upsert")

    assert (again.id, again.state, again.version) == (first.id, "done", 1)
    assert again.counts == {"read": 4, "rejected": 1}
    assert store.loads.begin("customer", "sha256:1", "delete").id != first.id


def test_a_load_that_was_cut_off_goes_on_and_publishes_once(store: Store):
    first = store.loads.begin("customer", "sha256:1", "upsert")
    again = store.loads.begin("customer", "sha256:1", "upsert")
    assert again == first

    for _ in range(2):
        store.loads.commit(first.id, ROWS, counts={}, by="ana")

    assert store.entities.pins() == {"customer": 1}
    assert len(store.audit.entries("entity:customer")) == 1


def test_a_load_that_another_overtook_changes_nothing_and_can_be_repeated(store: Store):
    slow = store.loads.begin("customer", "sha256:1", "upsert")
    quick = store.loads.begin("customer", "sha256:2", "upsert")
    store.loads.commit(quick.id, ROWS, counts={}, by="ana")

    with pytest.raises(Refused, match="Another load came first"):
        store.loads.commit(slow.id, ROWS, counts={}, by="ana")

    assert store.loads.begin("customer", "sha256:1", "upsert").state == "running"


def test_a_failed_load_can_be_begun_again(store: Store):
    first = store.loads.begin("customer", "sha256:1", "upsert")
    store.loads.fail(first.id, reason="line 7 has 3 fields, the header 4")
    assert store.loads.of_entity("customer")[0].reason == "line 7 has 3 fields, the header 4"

    again = store.loads.begin("customer", "sha256:1", "upsert")

    assert (again.id, again.state, again.reason) == (first.id, "running", None)


def test_a_load_that_is_done_does_not_fail_any_more(store: Store):
    first = store.loads.begin("customer", "sha256:1", "upsert")
    store.loads.commit(first.id, ROWS, counts={}, by="ana")

    store.loads.fail(first.id, reason="late news")

    assert store.loads.of_entity("customer")[0].state == "done"
