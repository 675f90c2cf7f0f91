"""The inventory, histories and what is named are the same on both databases."""

from datetime import timedelta
from typing import Any

from campanile.store.audit import about
from campanile.store.inventory import Selection
from campanile.store.manifest_rows import OutputRow
from campanile.store.store import Store

COMPILED: dict[str, Any] = {
    "campaign": {"name": "x", "tags": ["vip", "früh"], "schedule": {"asap": True}},
    "graph": [
        {"name": "a", "type": "build_audience", "channel": False, "dimension": "customer"},
        {"name": "m", "type": "email", "channel": True, "dimension": "customer"},
    ],
}
CHECKED = {"checks": [{"kind": "warn", "passed": False, "sentence": "few"}]}


def save(store: Store, name: str, compiled: dict[str, Any]) -> None:
    store.campaigns.save_version(
        name, label=name, source="", compiled=compiled, language_version=1, digest=name, by="ana"
    )


def commit(store: Store, execution: Any, **details: Any) -> None:
    row = OutputRow("a", "a", 3, {"id": "integer"}, path="/lake/work/a.parquet", details=details)
    store.manifests.commit_outputs(execution.id, "start", 1, [row])


def test_a_campaign_is_listed_with_what_its_shown_version_says(store: Store):
    save(store, "x", COMPILED)
    save(store, "bare", {})

    bare, x = store.inventory.campaigns()

    assert x.said == {"tags": ["vip", "früh"], "schedule": {"asap": True}}
    assert (x.channels, x.dimensions) == (("email",), ("customer",))
    assert (bare.said, bare.channels, bare.open, bare.newest) == ({}, (), (), None)


def test_a_selection_names_statuses_and_spans_of_time(store: Store, clock: Any):
    save(store, "old", COMPILED)
    clock.move(days=3)
    save(store, "new", COMPILED)
    day = clock.now - timedelta(days=1)

    def names(**wanted: Any) -> list[str]:
        return [one.row.name for one in store.inventory.campaigns(Selection(**wanted))]

    assert names(created=(day, None)) == names(changed=(day, None)) == ["new"]
    assert names(created=(None, day)) == ["old"]
    assert names(statuses=["live"]) == []
    assert names(name="old") == ["old"]


def test_what_is_under_way_is_told_as_each_execution_tells_it(live: Store, start: Any, begun: Any):
    second = start()
    commit(live, begun, **CHECKED)
    live.gates.arm(begun.id, "wait", "wait", live.clock())
    live.segments.fail(second.id, "start", 1, reason="broken")

    (listed,) = live.inventory.campaigns()

    assert [one.execution.id for one in listed.open] == [begun.id, second.id]
    for one in live.inventory.open_executions():
        assert one == live.executions.waits_for(one.execution.id)
    assert listed.newest == live.executions.get(second.id)
    assert listed.failure is not None
    assert (listed.failure.key, listed.failure.reason) == (second.key, "broken")
    (checked,) = live.inventory.checked()
    assert (checked.key, checked.checks) == (begun.key, CHECKED["checks"])


def test_a_history_has_the_newest_of_each_kind(live: Store, begun: Any, clock: Any):
    commit(live, begun)
    clock.move(hours=1)
    live.executions.pause(begun.id, by="ana", reason="lunch")

    whole = live.histories.of_campaign("welcome", since=None, limit=100)
    late = live.histories.of_campaign("welcome", since=clock.now - timedelta(minutes=1), limit=9)

    assert [row.transition for row in whole.manifests] == ["a"]
    assert whole.entries[0].action == late.entries[0].action == "paused"
    assert {entry.object for entry in whole.entries} == {
        "campaign:welcome", f"execution:welcome/{begun.key}"
    }  # fmt: skip
    assert late.manifests == []
    one = live.histories.of_execution(begun, since=None, limit=1)
    assert [entry.action for entry in one.entries] == ["paused"]
    assert live.audit.search(target="welcome", actor="ana")[0].reason == "lunch"
    assert live.audit.search(target="welcom") == ()  # no beginning of a name
    assert str(about("project")) == str(about("campaign:x"))


def test_named_paths_and_running_segments_are_known(live: Store, begun: Any):
    commit(live, begun)
    assert live.retention.named_paths() == {"/lake/work/a.parquet"}
    assert live.retention.under_way() == (("welcome", begun.key),)
    live.segments.succeed(begun.id, "start", 1)
    assert live.retention.under_way() == ()
