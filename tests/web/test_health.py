"""Health is honest: it says what would be lost, and nothing else makes it unwell."""

import asyncio
import json
import time
from collections import namedtuple

import pytest
from starlette.requests import Request

from campanile.errors import EngineError
from campanile.web import health as module
from campanile.web.health import Health

Usage = namedtuple("Usage", "total used free")


class Store:
    def __init__(self) -> None:
        self.is_down = False
        self.asked = 0

    def ping(self) -> None:
        self.asked += 1
        if self.is_down:
            raise EngineError("the store is away")


def ask(health: Health, times: int = 1) -> tuple[int, dict[str, object]]:
    async def asked():
        for _ in range(times):
            answer = await health.answer(Request({"type": "http", "headers": []}))
        return answer

    answer = asyncio.run(asked())
    return answer.status_code, json.loads(answer.body)


def test_a_store_that_answers_is_ok(tmp_path):
    status, found = ask(Health(Store(), tmp_path, lambda: False))

    assert (status, found["status"], found["store"]) == (200, "ok", True)
    assert int(str(found["disk_free_bytes"])) > 0


def test_without_the_store_events_are_kept_on_disk_so_it_stays_in_service(tmp_path):
    store = Store()
    store.is_down = True

    status, found = ask(Health(store, tmp_path, lambda: True))

    assert (status, found["status"], found["store"], found["spooling"]) == (
        200, "degraded", False, True,
    )  # fmt: skip


def test_without_the_store_and_without_room_it_is_out_of_service(tmp_path, monkeypatch):
    store = Store()
    store.is_down = True
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 0))

    status, found = ask(Health(store, tmp_path, lambda: False))

    assert (status, found["status"]) == (503, "failing")


def test_a_store_that_hangs_counts_as_away(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.01)

    class Hanging(Store):
        def ping(self) -> None:
            time.sleep(0.2)

    assert ask(Health(Hanging(), tmp_path, lambda: False))[1]["store"] is False


@pytest.mark.parametrize("times", [50])
def test_whoever_asks_often_does_not_reach_the_store_as_often(tmp_path, times):
    store = Store()

    ask(Health(store, tmp_path, lambda: False), times)

    assert store.asked <= 2
