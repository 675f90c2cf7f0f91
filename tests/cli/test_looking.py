"""Whoever looks sees exact counts, no personal data, and stable JSON."""

import json

import pytest

from campanile.channels.sink import SinkThread
from campanile.channels.sink_settings import SinkSettings
from campanile.errors import InvalidToken


def test_a_preview_counts_exactly_and_masks_what_is_personal(shop):
    found = shop.json("preview", "spring", "known", "--rows", "3")["transitions"][0]
    assert (found["rows"], len(found["sample"])) == (17, 3)
    row = found["sample"][1]  # by the text of the key: 1, 11, 12
    assert row["customer_id"] == "11"
    assert row["email"] == "p•••"
    assert row["shout"] == "N•••"  # computed from a personal column
    assert row["points"] == 11


def test_a_preview_of_an_execution_shows_what_is_committed(shop, planned):
    key = planned()
    shop.write("in2.csv", "customer_id,first_name,email,points\n55,Eve,p55@a.example,1\n")
    shop("load", "customer", "in2.csv")
    before = shop.json("preview", "spring", "people", "--execution", key)["transitions"][0]
    now = shop.json("preview", "spring", "people")["transitions"][0]
    assert (before["rows"], now["rows"]) == (20, 21)


def test_what_comes_after_a_wait_has_no_preview_yet(shop):
    assert shop("preview", "spring", "silent")[0] == 1
    assert shop("preview", "spring", "silence")[0] == 1
    assert "silent" in shop.err


def test_nothing_printed_holds_an_address(shop, planned):
    planned()
    for words in (
        ("preview", "spring", "known"),
        ("preview", "spring", "known", "--json"),
        ("why", "spring", "p3@a.example"),
        ("why", "spring", "p3@a.example", "--json"),
        ("account", "spring", "--json"),
        ("show", "spring", "--json"),
        ("plan", "--json"),
        ("plan", "--markdown"),
        ("logs", "spring", "--json"),
        ("logs", "spring", "--tasks", "--json"),
        ("audit", "--json"),
        ("campaigns", "--json"),
        ("status", "--json"),
    ):
        _, out = shop(*words)
        assert "a.example" not in out + shop.err, words


def test_why_follows_one_person_through_the_tables(shop, planned):
    planned()
    gold = {s["what"]: s["ok"] for s in shop.json("why", "spring", " P20@A.example ")["steps"]}
    assert (gold["people"], gold["cells.gold"], gold["known"]) == (True, True, False)
    no = shop.json("why", "spring", "p5@a.example")["steps"]
    message = next(step for step in no if step["what"] == "message 'letter'")
    assert message["sentence"].startswith("excluded")
    assert "did not agree" in message["sentence"]
    assert shop("why", "spring", "nobody")[0] == 1


def test_why_names_the_first_thing_in_the_way(shop):
    shop("apply", "campaigns")
    steps = shop.json("why", "spring")["steps"]
    assert [(step["what"], step["ok"]) for step in steps] == [
        ("published", False),
        ("served", False),
        ("sending", True),
        ("execution", False),
    ]


def test_explain_puts_the_rule_beside_its_sql(shop):
    people, *_ = shop.json("explain", "spring", "people")["activities"]
    assert people["rules"] == {"where": "points >= param.least"}
    assert "entity__customer" in people["sql"]["people"]
    everything = shop.json("explain", "spring")["activities"]
    assert [one["activity"] for one in everything][:3] == ["people", "one_each", "cells"]
    assert all(one["sql"] or one["note"] for one in everything)


def test_functions_are_found_by_what_they_do(shop):
    assert {"days_ago"} <= {one["name"] for one in shop.json("functions", "days")}
    assert [one["name"] for one in shop.json("functions", "DaysDiff")] == ["days_between"]
    assert "days_between(a, b)" in shop("functions", "daysdiff")[1]
    assert {"rank", "sum_over"} <= {one["name"] for one in shop.json("functions", "window")}
    assert shop("functions", "xyzzy")[0] == 1


LINE = {
    "name", "label", "status", "channels", "tags", "owner", "dimension", "created_at", "changed_at",
    "published_version", "latest_version", "open_executions", "last_launch", "next_launch",
    "last_error", "waits_for", "warning",
}  # fmt: skip
JSON_KEYS = {
    ("campaigns",): LINE,
    ("executions", "spring"): {
        "key", "kind", "mode", "status", "version", "waits_for", "requested_at", "started_at",
        "finished_at",
    },
    ("show", "spring"): LINE | {
        "description", "starts", "launches", "versions", "activities",
        "executions", "timezone", "possible",
    },
    ("status",): {
        "project", "environment", "served_at", "sending_refused", "open_executions", "needs",
    },
    ("account", "spring"): {"campaign", "execution", "mode", "deliveries"},
    ("why", "spring"): {"campaign", "steps"},
    ("plan",): {"changes", "campaigns"},
    ("preview", "spring"): {"campaign", "execution", "version", "transitions", "trouble"},
    ("entities",): {
        "name", "source", "pinned", "key", "columns", "personal_columns", "links", "dimensions",
        "rows", "version", "fresh_at", "trouble",
    },
    ("functions",): {
        "name", "kind", "signature", "description", "example", "aliases", "also_for",
    },
    ("report", "spring"): {
        "campaign", "execution", "mode", "at", "activities", "executions", "notes",
    },
    ("validate",): {"files", "faults"},
    ("count", "true"): {
        "rule", "tree", "dimension", "rows", "of", "sql", "by", "sample", "row",
    },
    ("explain", "spring"): {"campaign", "version", "activities"},
}  # fmt: skip


def test_reading_commands_keep_their_json_keys(shop, planned):
    planned()
    for words, keys in JSON_KEYS.items():
        found = shop.json(*words)
        value = found[0] if isinstance(found, list) else found
        assert set(value) == keys, words


def test_the_report_is_also_a_page(shop, planned):
    planned()
    status, out = shop("report", "spring", "--html", "report.html")
    assert status == 0
    assert "targeted" in out
    assert (shop.folder / "report.html").read_text().startswith("<!doctype html>")


def test_a_proof_is_marked_and_goes_to_the_test_address_only(shop, tmp_path):
    store = tmp_path / "mails"
    with SinkThread(SinkSettings(record=tmp_path / "sink.log", store=store)) as sink:
        settings = shop.folder / "campanile.yaml"
        settings.write_text(settings.read_text().replace("2525", str(sink.port)))
        status, _ = shop("proof", "spring", "letter", "--to", "me@test.example", "--row", "7")
        assert status == 0, shop.err
        accepted = sink.accepted()
    assert [one["rcpt"] for one in accepted] == [["me@test.example"]]
    mail = (store / accepted[0]["file"]).read_text()
    assert "Subject: [PROOF] Hello Name7" in mail
    assert "p7@a.example" not in mail
    token = mail.split("/u/")[1].split(">")[0]
    project = shop.project()
    with pytest.raises(InvalidToken):
        project.keys.verify("unsub", token)
    project.store.close()
    assert shop("proof", "spring", "letter", "--to", "me@test.example", "--row", "999")[0] == 1


def test_a_proof_says_why_it_cannot_be_sent(shop):
    assert shop("proof", "spring", "letter", "--to", "nobody")[0] == 1
    assert shop("proof", "spring", "people", "--to", "me@a.example")[0] == 1


def test_entities_say_rows_freshness_and_links(shop):
    customer = shop.json("entities", "customer")[0]
    assert (customer["rows"], customer["version"], customer["pinned"]) == (20, 1, True)
    assert json.dumps(customer)
    assert shop("entities", "nobody")[0] == 1


def test_logs_tasks_and_audit_tell_what_happened(shop, planned):
    key = planned()
    lines = shop.json("logs", "spring", key, "--activity", "people")
    assert lines[0]["sentence"].startswith("committed rows 20")
    tasks = shop.json("logs", "spring", "--tasks")
    assert (tasks["execution"], tasks["parameters"]) == (key, {"least": "0"})
    assert {one["activity"]: one["rows_in"] for one in tasks["tasks"]}["one_each"] == 20
    (entry,) = shop.json("audit", "--object", "spring", "--action", "publish")
    assert (entry["actor"], entry["object"]) == ("tester", "campaign:spring")
    assert "tester" in shop("logs", "spring")[1]


def test_campaigns_are_shown_with_the_columns_one_asks_for(shop, planned):
    planned()
    _, out = shop("campaigns", "--columns", "campaign,dimension,channels", "--tag", "none")
    assert out == ""
    _, out = shop("campaigns", "--columns", "channels,campaign", "--channel", "email")
    assert [line.split() for line in out.splitlines()] == [
        ["channels", "campaign"],
        ["email", "spring"],
    ]
    assert shop("campaigns", "--columns", "weight")[0] == 2
    assert "there are: campaign, label" in shop.err
