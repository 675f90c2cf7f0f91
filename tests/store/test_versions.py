"""What the clock asks of all campaigns at once is what it would hear of each."""

from datetime import datetime, timedelta
from typing import Any

from campanile.store.store import Store
from campanile.store.versions import PublishedCampaign

CONTENT: dict[str, Any] = {"label": "L", "source": "name: x", "language_version": 1, "by": "ana"}


def save(store: Store, name: str, digest: str, *, publish: bool = True) -> None:
    saved = store.campaigns.save_version(name, compiled={"is": digest}, digest=digest, **CONTENT)
    if publish:
        store.campaigns.publish(name, saved.version, by="ana")


def of(store: Store, name: str) -> PublishedCampaign:
    return next(each for each in store.versions.published() if each.row.name == name)


def test_drafts_and_what_was_unpublished_are_not_among_the_published(store: Store):
    save(store, "a", "one", publish=False)
    save(store, "b", "two")
    save(store, "c", "three")
    store.lives.take("c", "unpublish", by="ana")

    (found,) = store.versions.published()

    assert found.row == store.campaigns.get("b")
    assert found.version == 1


def test_a_campaign_is_looked_at_from_its_last_publish_and_its_last_slot_on(
    store: Store, clock: Any
):
    save(store, "a", "one")
    began: datetime = store.campaigns.get("a").changed_at
    assert of(store, "a").last_slot is None
    store.occurrences.miss("a", began + timedelta(minutes=5), claimed_by="c", reason="r")
    store.occurrences.miss("a", began - timedelta(minutes=5), claimed_by="c", reason="r")
    clock.move(hours=1)
    save(store, "a", "two", publish=False)
    assert of(store, "a").published_at == began
    store.campaigns.publish("a", 2, by="ana")

    found = of(store, "a")

    assert found.published_at == store.campaigns.published_at("a") > began + timedelta(minutes=59)
    assert found.last_slot == began + timedelta(minutes=5)


def test_digests_and_rows_are_those_of_the_versions_asked_for(store: Store):
    names = [f"c{number}" for number in range(300)]  # more than one statement holds
    for name in names:
        save(store, name, f"digest of {name}", publish=False)
    asked = [*((name, 1) for name in names[1:]), ("c0", 2), ("nobody", 1)]

    digests = store.versions.digests(asked)

    assert digests == {(name, 1): f"digest of {name}" for name in names[1:]}
    rows = {(row.campaign, row.version): row for row in store.versions.rows(asked)}
    assert rows == {(name, 1): store.campaigns.version(name, 1) for name in names[1:]}
