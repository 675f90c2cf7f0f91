"""Drafts that are run: the table of what they did, and what they would have done."""

import json


def account(shop, *words):
    status, out = shop("test", *words, "--json")
    return status, json.loads(out) if out else None


def rows(found):
    return {one["transition"]: one["rows"] for one in found["transitions"]}


def test_a_draft_runs_to_its_end_and_nobody_receives_anything(shop):
    shop("apply", "campaigns")
    status, out = shop("test", "spring")
    assert status == 0, shop.err
    for part in ("TEST test-", "nothing was sent", "would be sent: 14", "Finished", "preview"):
        assert part in out
    assert shop.json("account", "spring")["deliveries"] == []
    assert shop.json("show", "spring")["status"] == "draft"


def test_a_file_is_applied_and_tested_at_once(shop):
    status, found = account(shop, "campaigns/spring.yaml")
    assert (status, found["status"], found["version"]) == (0, "finished", 1)
    assert found["result"] == "TEST, nothing was sent"


def test_reactions_are_assumed_on_request_only(shop):
    shop("apply", "campaigns")
    _, nobody = account(shop, "spring")
    _, half = account(shop, "spring", "--assume", "letter.clicked 50%")
    _, all_of_them = account(shop, "spring", "--assume", "clicked 100%")
    assert rows(nobody)["silent"] == 14
    assert 0 < rows(half)["silent"] < 14
    assert rows(all_of_them)["silent"] == 0


def test_it_stops_where_it_is_told(shop):
    shop("apply", "campaigns")
    status, found = account(shop, "spring", "--until", "one_each")
    reasons = {one["transition"]: one["reason"] for one in found["transitions"]}
    assert (status, reasons["letter"]) == (0, "the test ends with 'one_each'")
    assert rows(found)["one_each"] == 19


def test_it_waits_when_it_is_told_and_goes_on_where_it_was(shop):
    shop("apply", "campaigns")
    status, out = shop("test", "spring", "--real-waits")
    assert (status, "waits for wait 'a_while'" in out) == (0, True)
    assert "campanile test spring --resume" in out
    status, found = account(shop, "spring", "--resume")
    assert (status, found["status"]) == (0, "waiting")


def test_again_ends_the_last_one_and_runs_the_file_as_it_is_now(shop):
    shop("apply", "campaigns")
    shop("test", "spring", "--real-waits", "--param", "least=10")
    file = shop.folder / "campaigns" / "spring.yaml"
    file.write_text(file.read_text().replace("for: 2 days", "for: 9 days"))
    status, found = account(shop, str(file), "--again")
    assert (status, found["version"], rows(found)["people"]) == (0, 2, 11)
    states = [one["status"] for one in shop.json("executions", "spring")]
    assert states == ["waiting", "stopped"]


def test_a_test_that_fails_ends_with_status_1(shop):
    file = shop.folder / "campaigns" / "spring.yaml"
    file.write_text(
        file.read_text().replace("where: points >=", "when_empty: fail, where: points >=")
    )
    shop("apply", "campaigns")
    status, found = account(shop, "spring", "--param", "least=1000")
    assert (status, found["status"]) == (1, "failed")


def test_wrong_words_are_refused_with_what_there_is(shop):
    shop("apply", "campaigns")
    assert shop("test", "spring", "--assume", "loved 30%")[0] == 1
    assert "opened" in shop.err
    assert shop("test", "spring", "--until", "leter")[0] == 1
    assert "letter" in shop.err
    assert shop("test", "spring", "--again", "--until", "letter")[0] == 2
    assert shop("test", "spring", "--resume")[0] == 1
    assert "never tested" in shop.err
