"""Raw events are durable in the order of their ids, so that a watermark misses none."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from campanile.store.events import Event, NewEvent
from campanile.store.events_tables import raw_event
from campanile.store.store import Store

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CLICK = NewEvent(
    received_at=AT, kind="click", delivery=7, ordinal=3, link_number=2, method="GET",
    user_agent="Mozilla/5.0", purpose="prefetch", value="sku-1", remote="192.0.2.0/24",
    raw={"b": 1, "a": [None, "ü"]},
)  # fmt: skip


def test_an_event_comes_back_as_it_came(store: Store):
    highest = store.events.append([CLICK])

    (read,) = store.events.read_events(0, highest)

    assert NewEvent(**{each.name: getattr(read, each.name) for each in fields(NewEvent)}) == CLICK
    assert read.id == highest
    assert store.events.of_message(7, 3) == (read,)


def test_ids_rise_in_the_order_of_commits_whoever_writes(store: Store):
    start = store.events.watermark()
    seen: list[int] = []

    def follow(_round: int) -> None:
        after = seen[-1] if seen else start
        seen.extend(each.id for each in store.events.read_events(after, store.events.watermark()))

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(store.events.append, [CLICK] * (n % 3 + 1)) for n in range(30)]
        for n in range(10):
            follow(n)
        for writer in writers:
            writer.result()
    follow(0)

    every = store.events.read_events(start, store.events.watermark())
    assert seen == [each.id for each in every]
    assert len(every) == sum(n % 3 + 1 for n in range(30))


def test_a_part_is_read_in_order_up_to_the_watermark(store: Store):
    first = store.events.append([replace(CLICK, value=str(n)) for n in range(5)]) - 4

    part = store.events.read_events(first, first + 3, limit=2)

    assert [each.value for each in part] == ["1", "2"]
    assert all(isinstance(each, Event) for each in part)


def test_the_id_of_a_deleted_event_is_never_given_again(store: Store):
    highest = store.events.append([CLICK, CLICK])
    with store.databases["events"].write() as connection:
        connection.execute(raw_event.delete())

    assert store.events.append([CLICK]) > highest


def test_writing_nothing_changes_nothing(store: Store):
    assert store.events.append([]) == store.events.watermark()


def test_old_events_of_a_kind_are_forgotten_and_the_watermark_stays(store: Store):
    old, now = AT - timedelta(days=3), AT
    highest = store.events.append(
        [replace(CLICK, received_at=old) for _ in range(5)]
        + [replace(CLICK, received_at=old, kind="unsubscribed"), replace(CLICK, received_at=now)]
    )
    assert store.events.first_since(AT - timedelta(days=1)) == highest

    assert store.events.forget(["click"], AT - timedelta(days=1), at_once=2) == 5
    assert store.events.forget(["click"], AT + timedelta(days=1)) == 0  # the newest one

    left = store.events.read_events(0, highest)
    assert [each.kind for each in left] == ["unsubscribed", "click"]
    assert store.events.watermark() == highest
