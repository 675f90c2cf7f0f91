"""Campaign versions are immutable, and statuses follow each other as the product says."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from campanile.campaigns.life import STATUSES, TRANSITIONS, CampaignStatus, Step
from campanile.errors import Refused
from campanile.store.execution_rows import Execution
from campanile.store.new_executions import NewExecution
from campanile.store.store import Store

Save = Callable[..., int]
Start = Callable[..., Execution]
STEPS: tuple[Step, ...] = ("unpublish", "close", "stop", "complete", "archive", "delete", "purge")


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
        store.campaigns.publish("welcome", 2, by="ana")

    assert store.campaigns.get("welcome").status == "draft"


def test_publishing_again_while_live_stays_live(live: Store, save_campaign: Save):
    save_campaign("welcome", "d2")

    published = live.campaigns.publish("welcome", 2, by="ana")

    assert (published.status, published.published_version) == ("live", 2)


@pytest.mark.parametrize("status", STATUSES)
def test_every_step_leads_where_the_table_says_or_is_refused_with_what_is_possible(
    store: Store, save_campaign: Save, status: CampaignStatus
):
    save_campaign("welcome")
    _bring_to(store, status)
    may_be = store.lives.possible("welcome")

    for step in STEPS:
        if status in TRANSITIONS[step].moves:
            continue
        shown = f"is {status.replace('_', ' ')}: .*Possible now: `campanile"
        with pytest.raises(Refused, match=shown) as refused:
            store.lives.take("welcome", step, by="ana")
        assert all(f"campanile {other} welcome" in str(refused.value)
                   for other in may_be if other not in ("apply", "resume"))  # fmt: skip

    assert store.campaigns.get("welcome").status == status


def test_a_stopped_campaign_gets_no_further_version(live: Store, save_campaign: Save):
    live.lives.take("welcome", "stop", by="ana", reason="wrong offer")

    with pytest.raises(Refused, match="campanile duplicate welcome"):
        save_campaign("welcome", "d2")
    assert save_campaign("welcome", "d1") == 1


def test_going_back_to_draft_takes_the_version_out_of_service(store: Store, save_campaign: Save):
    save_campaign("welcome")
    store.campaigns.publish("welcome", 1, by="ana")
    store.lives.take("welcome", "unpublish", by="ana")

    assert store.campaigns.get("welcome").published_version is None
    assert store.campaigns.live_versions() == ()


def test_versions_that_open_executions_need_stay_in_service(
    live: Store, save_campaign: Save, start: Start
):
    needed = start(version=1)
    for version, digest in ((2, "d2"), (3, "d3")):
        save_campaign("welcome", digest)
        live.campaigns.publish("welcome", version, by="ana")

    assert live.campaigns.live_versions() == (("welcome", 1), ("welcome", 3))
    live.executions.stop(needed.id, by="ana", reason="enough")
    assert live.campaigns.live_versions() == (("welcome", 3),)


def test_every_step_is_in_the_audit_log_with_actor_time_and_reason(live: Store, clock: Any):
    live.lives.take("welcome", "stop", by="bo", reason="wrong offer")

    newest = live.audit.entries("campaign:welcome")[0]

    assert (newest.actor, newest.action, newest.reason) == ("bo", "stop", "wrong offer")
    assert newest.details == {"from": "live", "to": "stopped"}
    assert newest.at <= clock.now


def _bring_to(store: Store, status: CampaignStatus) -> None:
    ways: dict[str, tuple[Step, ...]] = {
        "draft": (),
        "closed": ("close",),
        "stopped": ("stop",),
        "completed": ("complete",),
        "archived": ("stop", "archive"),
    }
    if status == "in_review":
        store.reviews.submit("welcome", 1, [], by="ana")
    elif status != "draft":
        store.campaigns.publish("welcome", 1, by="ana")
    if status == "live":
        wanted = NewExecution("welcome", 1, "manual", "live", "ana", store.clock())
        begun = store.executions.create(wanted)
        store.executions.stop(begun.id, by="ana", reason="enough")
    for step in ways.get(status, ()):
        store.lives.take("welcome", step, by="ana")
