"""Effects: written with the outputs of their activity, once, whoever else is at it."""

from dataclasses import replace

import pytest

from campanile.operations.authoring.versions import start_execution
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import finish_segment
from campanile.operations.scheduling.clock import tick
from campanile.store.audiences import NewAudienceVersion
from campanile.warehouse.session import DuckDBSession

KEEP = """
name: keep
schedule: asap
parameters: {city: {type: text, default: Nice}}
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  saved: {type: save_audience, from: gold, audience: gold}
  told:
    type: alert
    from: saved
    title: "{{ campaign.name }} in {{ param.city }}"
"""


def test_an_activity_that_is_run_twice_saves_and_tells_once(town):
    town.publish("keep", KEEP)
    (request,) = tick(town.project, town.clock()).segments
    run = town.begin(request)
    for activity in ("gold", "saved", "told", "saved", "told"):
        run_activity(run, activity, "all")

    (alert,) = town.project.store.alerts.newest()
    assert alert.title == "keep in Nice"
    assert town.project.store.audiences.current()["gold"].version == 1


def test_activities_share_a_session_until_one_fails(town, monkeypatch):
    town.publish("keep", KEEP)
    (request,) = tick(town.project, town.clock()).segments
    opened = []

    def open_session():
        opened.append(town.clock())
        return town.project.warehouse.session()

    run = replace(town.begin(request), open_session=open_session)
    run_activity(run, "gold", "all")
    monkeypatch.setattr(DuckDBSession, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_activity(run, "saved", "all")
    monkeypatch.undo()
    run_activity(run, "saved", "all")
    run_activity(run, "told", "all")
    finish_segment(run)

    assert len(opened) == 2
    assert town.project.store.audiences.current()["gold"].rows == 3


def test_an_audience_that_somebody_else_saved_meanwhile_is_computed_anew(town, monkeypatch):
    town.publish("keep", KEEP)
    (first,) = tick(town.project, town.clock()).segments
    run = town.begin(first)
    run_activity(run, "gold", "all")
    other = start_execution(town.project, "keep", kind="manual", actor="ana")
    store = town.project.store
    real = type(store.manifests).commit_outputs

    def overtaken(self, *given, effects=(), **named):
        monkeypatch.undo()
        for effect in effects:
            assert isinstance(effect, NewAudienceVersion)
            mine = {"execution_id": other.id, "activity": "elsewhere", "attempt": 1}
            store.audiences.save(NewAudienceVersion(**{**vars(effect), **mine}))
        return real(self, *given, effects=effects, **named)

    monkeypatch.setattr(type(store.manifests), "commit_outputs", overtaken)
    run_activity(run, "saved", "all")
    run_activity(run, "told", "all")
    finish_segment(run)

    assert store.executions.get(first.execution_id).status == "finished"
    assert store.audiences.current()["gold"].version == 2
    assert store.audiences.current()["gold"].execution_id == first.execution_id


def test_a_load_between_two_activities_of_a_segment_changes_nothing_for_it(town):
    text = KEEP.replace("activities:", "activities:\n  all: {type: build_audience}")
    town.publish("keep", text)
    (request,) = tick(town.project, town.clock()).segments
    run = town.begin(request)
    run_activity(run, "all", "all")
    town.load(
        "customer", "customer_id,email,email_ok,tier,store_id\n50,z@example.com,true,gold,n\n"
    )

    (gold,) = run_activity(run, "gold", "all")

    assert gold.rows == 3
