"""What waits on a batch is told the truth about it, whatever the store does."""

import asyncio
import threading

from campanile.web.group_commit import GroupCommit


def collect(commit, spool, items, patience=30.0):
    async def check():
        group = GroupCommit(commit, spool, patience=patience)
        await group.start()
        kept = [await group.add(item) for item in items]
        await group.stop()
        return kept

    return asyncio.run(check())


def refuse(_batch):
    raise OSError("no")


def test_a_committed_item_is_kept_and_not_spooled():
    committed, spooled = [], []

    assert collect(committed.extend, spooled.extend, [1, 2]) == [True, True]
    assert (committed, spooled) == ([1, 2], [])


def test_a_refused_item_is_spooled():
    spooled = []

    assert collect(refuse, spooled.extend, [1]) == [True]
    assert spooled == [1]


def test_an_item_that_nobody_keeps_is_said_to_be_lost():
    assert collect(refuse, refuse, [1]) == [False]


def test_a_store_that_hangs_delays_nobody_for_long_and_is_used_again_later():
    release, committed, spooled = threading.Event(), [], []

    def hang_once(batch):
        if not committed and not release.is_set():
            release.wait()
        committed.extend(batch)

    async def check():
        group = GroupCommit(hang_once, spooled.extend, patience=0.01)
        await group.start()
        kept = [await group.add(1), await group.add(2)]
        release.set()
        while not committed:
            await asyncio.sleep(0)
        kept.append(await group.add(3))
        await group.stop()
        return kept

    assert asyncio.run(check()) == [True, True, True]
    assert spooled[:2] == [1, 2]
    assert 3 in committed or 3 in spooled


def test_stopping_writes_what_still_waits():
    committed = []

    async def check():
        group = GroupCommit(committed.extend, refuse)
        await group.start()
        group.add(1)
        await group.stop()

    asyncio.run(check())
    assert committed == [1]


def test_it_can_be_started_again():
    committed = []

    async def check(group, item):
        await group.start()
        await group.add(item)
        await group.stop()

    group = GroupCommit(committed.extend, refuse)
    asyncio.run(check(group, 1))
    asyncio.run(check(group, 2))
    assert committed == [1, 2]
