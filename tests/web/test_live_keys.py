"""Keys are rotated while the tracking service runs: old links stay good, new ones work at once."""

import asyncio

import pytest

from campanile.errors import InvalidToken
from campanile.operations.keeping.rotation import with_new_key, without_key
from campanile.settings.keys import read_keys, write_keys
from campanile.tracking.tokens import KeyRing
from campanile.web.live_keys import LiveKeys

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def test_links_and_one_click_of_before_and_after_a_rotation_work_without_a_restart(site, tmp_path):
    file = tmp_path / "keys.json"
    old = read_keys(file, {})
    site.keys = LiveKeys(lambda: read_keys(file, {}))

    async def check():
        async with site.client() as client:
            first = await client.post(f"/u/{old.sign('unsub', 7, 3)}", data=ONE_CLICK)
            write_keys(file, with_new_key(old))
            new = read_keys(file, {})
            assert new.current != old.current
            answers = [
                await client.post(f"/u/{old.sign('unsub', 7, 4)}", data=ONE_CLICK),
                await client.post(f"/u/{new.sign('unsub', 7, 5)}", data=ONE_CLICK),
                await client.get(f"/c/{old.sign('track', 7, 6)}/1"),
                await client.get(f"/c/{new.sign('track', 7, 8)}/1"),
            ]
        assert [first.status_code, *(one.status_code for one in answers)] == [
            200, 200, 200, 302, 302,
        ]  # fmt: skip
        assert [hit.ordinal for hit in site.opt_outs] == [3, 4, 5]

    asyncio.run(check())


def test_the_file_is_for_its_owner_only_and_keeps_every_key(tmp_path):
    file = tmp_path / "keys.json"
    first = read_keys(file, {})
    second = with_new_key(with_new_key(first))
    write_keys(file, second)

    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(read_keys(file, {}).to_text()) == [1, 2, 3]
    assert read_keys(file, {}).current == 3
    assert list(tmp_path.iterdir()) == [file]


def test_forged_tokens_do_not_have_the_file_read_again_and_again():
    reads = []
    ring = KeyRing({1: b"k" * 32}, 1)

    def read() -> KeyRing:
        reads.append(1)
        return ring

    live = LiveKeys(read, clock=lambda: 100.0)
    forged = KeyRing({9: b"x" * 32}, 9).sign("track", 1, 1)
    for _ in range(20):
        with pytest.raises(InvalidToken):
            live.verify("track", forged)

    assert len(reads) == 2


def test_a_retired_key_is_unknown(tmp_path):
    keys = with_new_key(KeyRing({1: b"k" * 32}, 1))

    with pytest.raises(InvalidToken):
        without_key(keys, 1).verify("unsub", keys.sign("unsub", 1, 1, kid=1))
