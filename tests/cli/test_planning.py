"""Plans tell what would change, with people, and change nothing."""

from sqlalchemy import func, select

from campanile.store.campaign_tables import campaign, execution
from campanile.store.ledger_tables import delivery, message


def transitions(plan):
    return {one["transition"]: one for one in plan["campaigns"][0]["transitions"]}


def test_a_plan_counts_the_people_of_the_first_segment(shop):
    found = shop.json("plan", "campaigns/spring.yaml")
    counts = {name: one["rows"] for name, one in transitions(found).items()}
    # rows 3 and 4 have one address; row 1 has none, and nobody's duplicate is nobody
    assert counts == {
        "people": 20,
        "one_each": 19,
        "one_each.doubles": 1,
        "cells.gold": 2,
        "cells.others": 17,
        "known": 17,
    }


def test_the_waterfall_leads_from_targeted_to_receives(shop):
    letter = shop.json("plan")["campaigns"][0]["messages"]["letter"]
    assert letter == {
        "targeted": 17,
        "excluded": {"no_address": 1, "invalid_address": 1, "no_consent": 1},
        "receives": 14,
        "waits_for_confirmation": True,
        "empty_template_names": {},
    }


def test_a_plan_tells_what_the_live_plan_then_does(shop, planned):
    foreseen = shop.json("plan")["campaigns"][0]["messages"]["letter"]
    key = planned()
    account = shop.json("account", "spring", key)["deliveries"][0]
    assert account["planned"] == foreseen["targeted"]
    assert account["waiting"] == foreseen["receives"]
    assert account["excluded"]["by_reason"] == foreseen["excluded"]


def test_a_plan_writes_nothing(shop):
    shop("plan")
    project = shop.project()
    counts = [
        project.store.databases[area].read for area in ("control", "control", "ledger", "ledger")
    ]
    for read, table in zip(counts, (campaign, execution, delivery, message), strict=True):
        with read() as connection:
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
    assert list((project.state / "tmp").glob("rehearsal-*")) == []
    assert not (project.warehouse.root / "work").exists()
    project.store.close()


def test_the_exit_code_says_whether_something_would_change(shop, planned):
    assert shop("plan", "--exit-code")[0] == 3
    assert shop("plan")[0] == 0
    planned()
    status, out = shop("plan", "--exit-code")
    assert status == 0
    assert out.splitlines()[-1] == "Nothing would change."


def test_a_change_is_counted_against_the_published_version(shop, planned):
    planned()
    file = shop.folder / "campaigns" / "spring.yaml"
    file.write_text(file.read_text().replace("tier = 'gold'", "points > 15"))
    found = shop.json("plan")
    gold, others = (transitions(found)[f"cells.{name}"] for name in ("gold", "others"))
    # 20 stays; 16, 17, 18, 19 come from the other branch; 10 goes to it
    assert (gold["published_rows"], gold["rows"]) == (2, 5)
    assert (gold["entered"], gold["moved"], gold["left"]) == (0, 4, 1)
    assert (others["entered"], others["moved"], others["left"]) == (0, 1, 4)
    assert found["campaigns"][0]["changes"] == ["activity 'cells': subsets changed"]
    assert len(found["campaigns"][0]["executions_that_keep_their_version"]) == 1


def test_an_empty_column_of_the_template_is_named_with_the_people(shop):
    shop.write("templates/hello/email.mjml", "---\nsubject: Hi {{ tier }}\n---\n<mjml><mj-body>"
               "<mj-section><mj-column><mj-text>{{ tier }} {{ message.unsubscribe }}</mj-text>"
               "</mj-column></mj-section></mj-body></mjml>\n")  # fmt: skip
    shop.write("more.csv", "customer_id,email,email_ok,points\n99,p99@a.example,true,9\n")
    shop("load", "customer", "more.csv")
    letter = shop.json("plan")["campaigns"][0]["messages"]["letter"]
    assert letter["empty_template_names"] == {"tier": 1}


def test_a_path_without_campaigns_is_refused_with_where_they_are(shop):
    assert shop("plan", "templates")[0] == 1
    assert "campaigns" in shop.err


def test_a_plan_shows_who_moves_by_masked_keys_and_from_which_branch(shop, planned):
    planned()
    file = shop.folder / "campaigns" / "spring.yaml"
    file.write_text(file.read_text().replace("tier = 'gold'", "points > 15"))
    gold = transitions(shop.json("plan"))["cells.gold"]
    assert gold["moved_from"] == {"cells.others": 4}
    assert gold["samples"] == {"moved": ["16", "17", "18"], "left": ["10"]}


def test_a_message_that_reads_differently_is_shown_before_and_after_without_persons(shop, planned):
    planned()
    page = shop.folder / "templates" / "hello" / "email.mjml"
    text = page.read_text()
    page.write_text(
        text.replace("<mj-text>", "<mj-text>Dear {{ first_name }}, spring is here. ", 1)
    )
    found = shop.json("plan")["campaigns"][0]
    assert found["changes"] == ["a template has changed"]
    (change,) = [one for one in found["content_changes"] if one["part"] == "text"]
    assert any(line.startswith("+") and "Dear N•••, spring" in line for line in change["diff"])
    assert "Name" not in shop("plan")[1]


def test_a_plan_is_a_comment_of_a_pull_request(shop, planned):
    planned()
    assert "**spring**: no change." in shop("plan", "--markdown")[1]
    file = shop.folder / "campaigns" / "spring.yaml"
    file.write_text(file.read_text().replace("tier = 'gold'", "points > 15"))
    status, out = shop("plan", "--markdown", "--exit-code")
    assert status == 3
    assert "| `cells.gold` | 5 | 2 | 0 | 4 | 1 |" in out.splitlines()
    assert "* activity 'cells': subsets changed" in out
