"""Tests as they are run without a clock: cut off, two at once, and beside a live execution."""

from pathlib import Path

import pytest

from campanile.operations.authoring.versions import apply_campaign, publish, start_execution
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import begin_segment
from campanile.operations.rehearsing.draft_accounts import account_of_test
from campanile.operations.rehearsing.draft_runs import go_on, run_here
from campanile.operations.rehearsing.draft_runs import test_again as run_again

CAMPAIGN = """
name: spring
schedule: asap
parameters: {most: {type: integer, default: 3, test: 5}}
activities:
  some: {type: build_audience, where: customer_id <= param.most}
  offer: {type: email, from: some, template: hello, topic: offers, confirm: false}
  rest: {type: wait, from: offer, for: 3 days}
  keen: {type: filter, from: rest, where: clicked(offer), complement: others}
"""


@pytest.fixture
def draft(town):
    town.write("spring", CAMPAIGN)
    apply_campaign(town.project, "spring", actor="ana")
    return town


def begin(town, **told):
    return start_execution(town.project, "spring", kind="test", mode="test", actor="ana", **told)


def counts(town, execution):
    rows = town.project.store.manifests.committed(execution.id)
    return {name: row.rows for name, row in rows.items()}


def test_a_run_that_was_killed_is_gone_on_with_and_nothing_is_done_twice(draft):
    execution = begin(draft)
    run = begin_segment(draft.project, "spring", 1, execution.key, "start", "killed", 1)
    run_activity(run, "some", "all")  # and here its process dies

    ended = run_here(draft.project, go_on(draft.project, "spring", actor="ana"))

    assert ended.status == "finished"
    rows = draft.project.store.manifests.committed(execution.id)
    assert (rows["some"].attempt, rows["offer"].rows) == (1, 5)
    assert draft.project.store.segments.get(execution.id, "start").attempt == 2
    assert all(one.reused for one in run_activity(run, "offer", "plan"))  # if it was alive


def test_two_tests_of_one_campaign_keep_out_of_each_others_way(draft):
    few, many = begin(draft, parameters={"most": "2"}), begin(draft, parameters={"most": "9"})
    run_here(draft.project, many)
    run_here(draft.project, few)
    assert (counts(draft, few)["offer"], counts(draft, many)["offer"]) == (2, 9)
    assert few.key != many.key


def test_a_new_version_is_tested_while_the_published_one_waits(draft):
    publish(draft.project, "spring", actor="ana")
    draft.run()
    (live,) = draft.project.store.executions.open_executions("spring")
    sent, before = draft.sink.accepted(), draft.project.store.campaigns.get("spring")
    draft.write("spring", CAMPAIGN.replace("<= param.most", "<= 8"))
    apply_campaign(draft.project, "spring", actor="ana")

    tested = run_here(draft.project, begin(draft))

    assert (tested.version, counts(draft, tested)["offer"]) == (2, 8)
    assert draft.project.store.executions.get(live.id) == live
    assert draft.sink.accepted() == sent
    after = draft.project.store.campaigns.get("spring")
    assert (after.status, after.published_version) == (before.status, 1)
    assert draft.project.store.manifests.past_counts(10**6, "offer") == ()


def test_again_takes_what_the_last_test_was_told(draft):
    first = begin(draft, parameters={"most": "4"})
    again = run_again(draft.project, "spring", actor="ana")
    assert draft.project.store.executions.get(first.id).status == "stopped"
    assert again.parameters == {"most": "4"}
    assert run_here(draft.project, again).status == "finished"


def test_an_error_pauses_it_with_the_reason_and_it_goes_on_once_that_is_mended(draft):
    execution = begin(draft)
    (data, *_) = draft.project.store.entities.version("customer", 1).paths
    away = Path(data).rename(f"{data}.away")
    ended = run_here(draft.project, execution)
    assert (ended.status, account_of_test(draft.project, ended).status) == ("paused", "paused")
    away.rename(data)
    ended = run_here(draft.project, go_on(draft.project, "spring", actor="ana"))
    assert ended.status == "finished"
