"""Campaign versions are immutable, and statuses follow each other as the product says."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from campanile.errors import Refused
from campanile.store.campaign_tables import CAMPAIGN_STATUSES, execution, segment
from campanile.store.execution_rows import Execution
from campanile.store.statuses import CAMPAIGN_MOVES, EXECUTION_MOVES
from campanile.store.store import Store

Save = Callable[..., int]
Start = Callable[..., Execution]


def test_applying_the_same_definition_again_changes_nothing(store: Store, save_campaign: Save):
    save_campaign("welcome", "d1")
    before = store.campaigns.get("welcome")

    again = store.campaigns.save_version(
        "welcome", label="Other", source="other", compiled={}, language_version=9, digest="d1",
        by="bo",
    )  # fmt: skip

    assert (again.version, again.created) == (1, False)
    assert store.campaigns.get("welcome") == before
    assert len(store.audit.entries("campaign:welcome")) == 1


def test_a_version_never_changes_when_others_are_saved(store: Store, save_campaign: Save):
    save_campaign("welcome", "d1")
    first = store.campaigns.version("welcome", 1)

    assert [save_campaign("welcome", digest) for digest in ("d2", "d1", "d1")] == [2, 3, 3]

    assert store.campaigns.version("welcome", 1) == first
    assert store.campaigns.version("welcome", 3).digest == "d1"


def test_compiled_definitions_keep_their_order(store: Store):
    compiled = {"zebra": 1, "ant": {"z": [1], "a": None}, "é": "ü"}
    store.campaigns.save_version(
        "c", label="C", source="", compiled=compiled, language_version=1, digest="d", by="ana"
    )

    read = store.campaigns.version("c", 1).compiled

    assert list(read) == ["zebra", "ant", "é"]
    assert read == compiled


def test_two_who_apply_at_once_make_versions_one_after_another(store: Store, save_campaign: Save):
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda n: save_campaign("welcome", f"d{n}"), range(8)))

    assert sorted(numbers) == list(range(1, 9))
    assert store.campaigns.get("welcome").latest_version == 8


def test_a_campaign_that_is_unknown_is_named_with_the_way_on(store: Store):
    with pytest.raises(Refused, match=r"no campaign 'nobody'.*campanile campaigns"):
        store.campaigns.get("nobody")


def test_a_version_that_does_not_exist_cannot_be_published(store: Store, save_campaign: Save):
    save_campaign("welcome")

    with pytest.raises(Refused, match="no version 2; it has versions 1 to 1"):
        store.campaigns.publish("welcome", 2, by="ana", status="live")

    assert store.campaigns.get("welcome").status == "draft"


def test_publishing_again_while_live_stays_live(live: Store, save_campaign: Save):
    save_campaign("welcome", "d2")

    published = live.campaigns.publish("welcome", 2, by="ana", status="scheduled")

    assert (published.status, published.published_version) == ("live", 2)


@pytest.mark.parametrize("current", CAMPAIGN_STATUSES)
def test_illegal_status_changes_are_refused_with_those_that_are_legal(
    store: Store, save_campaign: Save, current: str
):
    save_campaign("welcome")
    _bring_to(store, current)

    for wanted in set(CAMPAIGN_STATUSES) - {current} - set(CAMPAIGN_MOVES[current]):
        with pytest.raises(Refused, match=f"is {current} and cannot become {wanted}"):
            store.campaigns.set_status("welcome", wanted, by="ana")

    assert store.campaigns.get("welcome").status == current


def test_a_stopped_campaign_gets_no_further_version(live: Store, save_campaign: Save):
    live.campaigns.set_status("welcome", "stopped", by="ana", reason="wrong offer")

    with pytest.raises(Refused, match="campanile duplicate welcome"):
        save_campaign("welcome", "d2")
    assert save_campaign("welcome", "d1") == 1


def test_unpublishing_takes_the_version_out_of_service(live: Store):
    live.campaigns.set_status("welcome", "draft", by="ana")

    assert live.campaigns.get("welcome").published_version is None
    assert live.campaigns.live_versions() == ()


def test_versions_that_open_executions_need_stay_in_service(
    live: Store, save_campaign: Save, start: Start
):
    needed = start(version=1)
    for version, digest in ((2, "d2"), (3, "d3")):
        save_campaign("welcome", digest)
        live.campaigns.publish("welcome", version, by="ana", status="live")

    assert live.campaigns.live_versions() == (("welcome", 1), ("welcome", 3))
    live.executions.stop(needed.id, by="ana", reason="enough")
    assert live.campaigns.live_versions() == (("welcome", 3),)


def test_every_change_is_in_the_audit_log_with_actor_time_and_reason(live: Store, clock: Any):
    live.campaigns.set_status("welcome", "stopped", by="bo", reason="wrong offer")

    newest = live.audit.entries("campaign:welcome")[0]

    assert (newest.actor, newest.action, newest.reason) == ("bo", "status", "wrong offer")
    assert newest.details == {"from": "live", "to": "stopped"}
    assert newest.at <= clock.now


def test_a_campaign_with_open_executions_is_not_archived(live: Store, start: Start):
    opened = start()
    live.campaigns.set_status("welcome", "stopped", by="ana")

    with pytest.raises(Refused, match="1 execution"):
        live.campaigns.set_status("welcome", "archived", by="ana")

    live.executions.stop(opened.id, by="ana", reason="stopped")
    assert live.campaigns.set_status("welcome", "archived", by="ana").status == "archived"


def test_only_drafts_and_archived_campaigns_are_deleted_with_all_they_had(
    live: Store, begun: Execution
):
    with pytest.raises(Refused, match="is live; only drafts"):
        live.campaigns.delete("welcome", by="ana")

    live.executions.stop(begun.id, by="ana", reason="stopped")
    for status in ("stopped", "archived"):
        live.campaigns.set_status("welcome", status, by="ana")
    live.campaigns.delete("welcome", by="ana")

    assert live.campaigns.inventory() == ()
    with live.databases["control"].read() as connection:
        assert connection.execute(select(execution.c.id)).all() == []
        assert connection.execute(select(segment.c.name)).all() == []


def test_the_tables_of_moves_name_only_statuses_that_exist():
    for moves in (CAMPAIGN_MOVES, EXECUTION_MOVES):
        assert {status for allowed in moves.values() for status in allowed} <= set(moves)


def _bring_to(store: Store, status: str) -> None:
    ways = {
        "draft": (),
        "scheduled": ("scheduled",),
        "archived": ("live", "stopped", "archived"),
        "live": ("live",),
    }
    for step in ways.get(status, ("live", status)):
        store.campaigns.set_status("welcome", step, by="ana")
