"""Entity versions move by compare-and-swap, and stay as long as somebody may read them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from campanile.errors import NotPinnedAnymore, Refused
from campanile.store.campaign_tables import segment
from campanile.store.entity_versions import NewEntityVersion
from campanile.store.execution_rows import Execution
from campanile.store.store import Store

FIRST = NewEntityVersion(
    entity="customer", expected=0, paths=["data/customer/1.parquet"], rows=10,
    schema={"id": "integer", "email": "text"}, load_key="load:1",
)  # fmt: skip


def _publish(store: Store, number: int, entity: str = "customer") -> None:
    paths = [f"data/{entity}/{number}.parquet"]
    expected = number - 1
    key = f"load:{number}"
    store.entities.publish(
        replace(FIRST, entity=entity, expected=expected, paths=paths, load_key=key)
    )


def test_the_same_load_publishes_once(store: Store):
    first = store.entities.publish(FIRST)

    assert store.entities.publish(replace(FIRST, rows=99)) == first
    assert store.entities.current()["customer"].rows == 10
    assert list(first.schema) == ["id", "email"]


def test_racing_loads_from_one_version_publish_one(store: Store):
    together = Barrier(4)

    def publish(number: int) -> str:
        together.wait()
        try:
            store.entities.publish(replace(FIRST, load_key=f"load:{number}"))
        except Refused as refused:
            return refused.message
        return "published"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(publish, range(4)))

    refusal = "entity 'customer' is at version 1; the new rows were made from version 0."
    assert sorted(outcomes) == [refusal] * 3 + ["published"]
    assert store.entities.pins() == {"customer": 1}


def test_versions_that_a_segment_pinned_are_kept_until_its_execution_is_over(
    live: Store, clock: Any, start: Any
):
    _publish(live, 1)
    pinned = start()
    live.segments.begin(
        pinned.id, "start", attempt=1, version=1, run_id="r",
        make_pins=lambda: {"entities": live.entities.pins() | {"foreign": None}},
    )  # fmt: skip
    _publish(live, 2)
    _publish(live, 3)
    clock.move(hours=2)
    hour_ago = clock.now - timedelta(hours=1)

    assert live.entities.collect(hour_ago) == ("data/customer/2.parquet",)
    assert live.entities.version("customer", 1).rows == 10

    live.executions.stop(pinned.id, by="ana", reason="enough")
    assert live.entities.collect(hour_ago) == ("data/customer/1.parquet",)
    assert live.entities.pins() == {"customer": 3}


def test_a_failed_execution_keeps_what_it_pinned_for_a_month(
    live: Store, begun: Execution, clock: Any
):
    _publish(live, 1)
    _publish(live, 2)
    live.executions.fail(begun.id, by="campanile", reason="nobody left")
    with live.databases["control"].write() as connection:
        pins = segment.update().where(segment.c.execution_id == begun.id)
        connection.execute(pins.values(pins={"entities": {"customer": 1}}))

    clock.move(days=29)
    assert live.entities.collect(clock.now) == ()
    clock.move(days=2)
    assert live.entities.collect(clock.now) == ("data/customer/1.parquet",)


def test_young_versions_are_kept_because_somebody_may_be_about_to_pin_them(
    store: Store, clock: Any
):
    _publish(store, 1)
    _publish(store, 2)

    assert store.entities.collect(clock.now - timedelta(hours=1)) == ()


def test_a_collected_version_is_named_and_its_number_never_comes_again(store: Store, clock: Any):
    _publish(store, 1)
    _publish(store, 2)
    clock.move(hours=2)
    store.entities.collect(clock.now)

    with pytest.raises(NotPinnedAnymore, match="version 1 of entity 'customer'"):
        store.entities.version("customer", 1)
    _publish(store, 3)
    assert store.entities.pins() == {"customer": 3}


def test_only_the_entities_named_are_pinned(store: Store, begun: Execution):
    _publish(store, 1)
    _publish(store, 1, entity="orders")

    assert store.entities.pins(["orders", "unheard_of"]) == {"orders": 1}
