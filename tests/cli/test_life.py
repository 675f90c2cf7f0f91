"""A campaign's life by hand: published, confirmed, paused, stopped, taken back."""

from datetime import timedelta

import pytest

from campanile.store.ledger_tables import message
from campanile.store.store import system_clock


def test_publish_says_what_happens_to_how_many_and_the_next_command(shop):
    shop("apply", "campaigns")
    status, out = shop("publish", "spring")
    assert status == 0
    for part in ("live", "version 1", "has begun", "14 people", "campanile serve", "campanile"):
        assert part in out
    assert out.count("\n") == 1


def test_what_is_not_applied_cannot_be_published(shop):
    assert shop("publish", "spring")[0] == 1
    assert "spring" in shop.err


def test_a_delivery_waits_for_confirmation_and_status_says_so(shop, planned):
    key = planned()
    needs = {need["kind"]: need for need in shop.json("status")["needs"]}
    assert needs["confirm"]["command"] == f"campanile confirm spring {key} letter"
    waiting = shop.json("account", "spring", key)["deliveries"][0]["waiting"]
    assert shop("confirm", "spring", key, "--messages", str(waiting + 1))[0] == 1
    assert f"wait for confirmation, not {waiting + 1}." in shop.err
    assert shop("confirm", "spring", key, "letter", "--messages", str(waiting))[0] == 0, shop.err
    assert "confirm" not in {need["kind"] for need in shop.json("status")["needs"]}
    assert shop("confirm", "spring")[0] == 1


def test_a_confirmed_delivery_cannot_be_computed_anew(shop, planned):
    key = planned()
    assert shop("restart", "spring", key, "--from", "people")[0] == 1
    assert "planned messages" in shop.err
    assert shop("restart", "spring", key, "--from", "silent")[0] == 1
    assert "not computed yet" in shop.err


def test_a_restart_computes_the_rest_anew_while_nothing_is_planned(shop):
    file = shop.folder / "campaigns" / "spring.yaml"
    text = file.read_text()
    file.write_text(
        text[: text.index("  letter:")] + "  pause: {type: wait, from: known, for: 1 day}\n"
    )
    shop("apply", "campaigns")
    shop("publish", "spring")
    shop.run_clock()
    key = shop.json("executions", "spring")[0]["key"]
    shop.write("more.csv", "customer_id,first_name,email,points\n77,New,p77@a.example,5\n")
    shop("load", "customer", "more.csv")
    status, out = shop("restart", "spring", key, "--from", "cells")
    assert (status, "computed anew" in out) == (0, True)
    shop.run_clock()
    counts = {
        one["transition"]: one["rows"]
        for one in shop.json("preview", "spring", "--execution", key)["transitions"]
    }
    assert counts["cells.others"] == 17  # a retry sees what its segment pinned


def test_pause_stops_and_resume_goes_on(shop, planned):
    key = planned()
    shop("confirm", "spring")
    assert shop("pause", "spring", key, "--reason", "a typo")[0] == 0
    needs = [need for need in shop.json("status")["needs"] if need["kind"] == "paused"]
    assert needs[0]["sentence"] == "paused: a typo"
    assert shop.json("account", "spring")["deliveries"][0]["state"] == "paused"
    assert shop("resume", "spring", key)[0] == 0
    assert shop.json("account", "spring")["deliveries"][0]["state"] != "paused"
    assert shop("resume", "spring", key)[0] == 1


def test_stop_calls_back_what_has_not_left_and_the_account_closes(shop, planned):
    key = planned()
    status, out = shop("stop", "spring", key)
    assert status == 0
    assert "14 will not be sent" in out
    account = shop.json("account", "spring", key)["deliveries"][0]
    assert account["closes"]
    assert account["excluded"]["by_reason"]["cancelled"] == 14


def test_a_test_plans_and_sends_nothing(shop):
    shop("apply", "campaigns")
    assert shop("test", "spring")[0] == 0
    shop.run_clock()
    assert shop.json("account", "spring")["deliveries"] == []
    steps = {step["what"]: step for step in shop.json("why", "spring")["steps"]}
    assert steps["mode"]["ok"] is False


def test_parameters_are_checked_before_anything_starts(shop, planned):
    planned()
    assert shop("start", "spring", "--param", "least")[0] == 2
    assert shop("start", "spring", "--param", "least=many")[0] == 1
    assert shop("start", "spring", "--param", "most=1")[0] == 1
    assert len(shop.json("executions", "spring")) == 1
    assert shop("start", "spring", "--param", "least=5")[0] == 0


def test_the_account_tells_why_people_are_left_out(shop, planned):
    planned()
    account = shop.json("account", "spring")["deliveries"][0]
    assert account["closes"]
    assert account["excluded"]["by_reason"] == {
        "invalid_address": 1,
        "no_address": 1,
        "no_consent": 1,
    }


def test_halt_and_arm_are_shown_where_one_looks(shop, planned):
    planned()
    shop("confirm", "spring")
    assert shop("halt", "--reason", "wrong price")[0] == 0
    assert "wrong price" in shop.json("status")["sending_refused"]
    assert "wrong price" in shop.json("account", "spring")["deliveries"][0]["waits_for"]
    assert shop("proof", "spring", "letter", "--to", "me@a.example")[0] == 1
    assert shop("arm")[0] == 0
    assert shop.json("status")["sending_refused"] is None
    assert "already" in shop("arm")[1]


def test_uncertain_messages_are_decided_once(shop, planned):
    key = planned()
    project = shop.project()
    with project.store.databases["ledger"].write() as connection:
        mine = message.c.state == "waiting"
        connection.execute(message.update().where(mine).values(state="uncertain", reason="crash"))
    project.store.close()
    assert shop.json("uncertain", "spring")[0]["uncertain"] == 14
    assert {"uncertain"} <= {need["kind"] for need in shop.json("status")["needs"]}
    assert shop("uncertain", "spring", "--leave")[0] == 0
    account = shop.json("account", "spring", key)["deliveries"][0]
    assert account["failed"]["by_reason"] == {"given_up": 14}
    assert shop("uncertain", "spring", "--resend")[0] == 1


@pytest.mark.parametrize("command", ["show", "executions", "account", "why", "export", "report"])
def test_an_unknown_campaign_is_refused(shop, command):
    assert shop(command, "nobody")[0] == 1
    assert "nobody" in shop.err


def test_a_late_execution_is_held_and_can_be_let_go(shop):
    file = shop.folder / "campaigns" / "spring.yaml"
    at = system_clock() - timedelta(hours=13)  # 12 hours before what the clock will show
    daily = f'schedule: {{every: day, at: "{at:%H:%M}", timezone: UTC, overlap: allow}}'
    file.write_text(file.read_text().replace("schedule: asap", daily))
    shop("apply", "campaigns")
    shop("publish", "spring", "--no-count")
    shop.later = timedelta(days=1, hours=23)
    shop.run_clock()
    held = [one for one in shop.json("executions", "spring") if one["status"] == "held"]
    assert held
    assert {"held"} <= {need["kind"] for need in shop.json("status")["needs"]}
    assert shop("resume", "spring", held[0]["key"])[0] == 0
    assert held[0]["key"] not in {
        need["object"].partition("/")[2]
        for need in shop.json("status")["needs"]
        if need["kind"] == "held"
    }
