"""Files are checked whole, and applied all or not at all."""

import json
import subprocess
import sys

import pytest

HEAD = "name: bad\nactivities:\n"
SLIPS = {
    "a comma in a flow map": HEAD
    + "  a: {type: build_audience, where: tier in ('gold', 'silver')}\n",
    "a comment sign in a rule": HEAD + "  a: {type: build_audience, where: tier = 'x #1'}\n",
    "a duplicate key": HEAD + "  a: {type: build_audience}\n  a: {type: build_audience}\n",
    "an open quote": HEAD + "  a: {type: build_audience, where: \"tier = 'gold'}\n",
    "an unknown column": HEAD + "  a: {type: build_audience, where: colour = 'red'}\n",
    "a type mismatch": HEAD + "  a: {type: build_audience, where: points = 'many'}\n",
    "an unknown type": HEAD + "  a: {type: build_audiences}\n",
    "a type that is not built": HEAD + "  a: {type: approval}\n",
    "a cycle": HEAD
    + "  a: {type: filter, from: b, where: points > 1}\n"
    + "  b: {type: filter, from: a, where: points > 1}\n",
    "an unknown input": HEAD + "  a: {type: filter, from: nowhere, where: points > 1}\n",
    "an unknown function": HEAD + "  a: {type: build_audience, where: system('rm') = 1}\n",
    "a statement": HEAD + '  a: {type: build_audience, where: "1 = 1; drop table customer"}\n',
    "a subquery": HEAD + "  a: {type: build_audience, where: points in (select 1)}\n",
    "a file function": HEAD
    + "  a:\n    type: build_audience\n    where: read_csv('/etc/passwd') = 1\n",
    "a deep rule": HEAD + f"  a: {{type: build_audience, where: {'(' * 400}1 = 1{')' * 400}}}\n",
    "a missing template": HEAD
    + "  a: {type: build_audience}\n"
    + "  m: {type: email, from: a, template: nowhere, topic: offers}\n",
    "an unknown key": "name: bad\nactivitys: {}\n",
    "an anchor": "name: &x bad\nactivities: {a: {type: build_audience}}\n",
    "two documents": "name: bad\nactivities: {a: {type: build_audience}}\n---\nname: worse\n",
    "nothing": "",
    "only a comment": "# nothing\n",
    "a list": "- a\n- b\n",
    "a bad name": "name: Bad Name\nactivities: {a: {type: build_audience}}\n",
}
BYTES = {
    "binary": bytes(range(256)) * 20,
    "huge": b"name: bad\n# " + b"x" * (3 << 20),
    "another encoding": "name: bad\nlabel: Grüße\nactivities: {}\n".encode("cp1252"),
    "null bytes": b"name: b\x00ad\n",
}


@pytest.mark.parametrize("slip", [*SLIPS, *BYTES])
def test_every_slip_is_a_fault_with_its_place_and_applies_nothing(empty_shop, slip):
    text = SLIPS[slip] if slip in SLIPS else BYTES[slip]
    empty_shop.write("campaigns/bad.yaml", text)
    status, out = empty_shop("validate", "campaigns/bad.yaml")
    assert status == 1
    assert all(line.startswith(("campaigns/bad.yaml", "template", "templates")) for line in
               out.splitlines()), out  # fmt: skip
    assert empty_shop("apply", "campaigns")[0] == 1
    assert empty_shop.json("campaigns") == []


def test_all_faults_come_at_once(empty_shop):
    empty_shop.write(
        "campaigns/bad.yaml",
        HEAD + "  a: {type: build_audience, where: colour = 1}\n"
        "  b: {type: filter, from: a, where: size > 2}\n",
    )
    status, out = empty_shop("validate")
    assert status == 1
    assert "campaigns/bad.yaml:3:" in out
    assert "campaigns/bad.yaml:4:" in out


def test_faults_as_json_have_a_place_and_a_remedy(empty_shop):
    empty_shop.write("campaigns/bad.yaml", SLIPS["an unknown column"])
    status, out = empty_shop("validate", "--json")
    assert status == 1
    fault = json.loads(out)["faults"][0]
    assert set(fault) == {"file", "line", "column", "severity", "code", "message", "remedy"}
    assert (fault["line"], fault["code"]) == (3, "unknown_column")


def test_a_right_project_has_no_fault(empty_shop):
    assert empty_shop("validate") == (0, "1 campaign file checked: no fault.\n")


def test_a_path_that_is_not_there_is_a_fault(empty_shop):
    assert empty_shop("validate", "nowhere.yaml")[0] == 1


def test_apply_saves_versions_and_the_same_file_changes_nothing(empty_shop):
    first = empty_shop.json("apply", "campaigns")
    again = empty_shop.json("apply", "campaigns")
    assert [(one["version"], one["created"]) for one in first] == [(1, True)]
    assert [(one["version"], one["created"]) for one in again] == [(1, False)]


def test_apply_says_that_nothing_runs_until_publish(empty_shop):
    _, out = empty_shop("apply", "campaigns")
    assert "nothing runs until publish" in out
    assert empty_shop.json("executions", "spring") == []


def test_export_gives_back_the_file_with_its_comments_in_its_layout(empty_shop):
    empty_shop("format")
    empty_shop("apply", "campaigns")
    _, out = empty_shop("export", "spring")
    assert "# a comment that export keeps" in out
    assert out == (empty_shop.folder / "campaigns" / "spring.yaml").read_text()


def test_schema_is_json_for_each_kind_of_file(empty_shop):
    for kind in ("campaign", "catalog", "channels", "project"):
        status, out = empty_shop("schema", kind)
        assert status == 0
        assert "properties" in json.loads(out)
    assert empty_shop("schema", "poem")[0] == 2


def test_init_leaves_a_project_that_is_there_alone(empty_shop):
    assert empty_shop("init", ".")[0] == 1
    assert "already" in empty_shop.err


def test_the_scaffold_of_init_is_without_fault(tmp_path, empty_shop):
    assert empty_shop("init", str(tmp_path / "New Shop 2"))[0] == 0
    assert empty_shop("validate", str(tmp_path / "New Shop 2"))[0] == 0
    assert (tmp_path / "New Shop 2" / "dagster_home" / "dagster.yaml").is_file()


def test_a_template_that_loops_for_ever_stops_the_proof_and_not_the_product(shop):
    loop = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"
    shop.write("templates/hello/email.mjml", f"---\nsubject: Hi\n---\n<mjml><mj-body><mj-section>"
               f"<mj-column><mj-text>{loop}{{{{ message.unsubscribe }}}}</mj-text></mj-column>"
               f"</mj-section></mj-body></mjml>\n")  # fmt: skip
    assert shop("proof", "spring", "letter", "--to", "me@a.example")[0] == 1
    assert "rendered" in shop.err or "template" in shop.err


def test_validating_needs_neither_store_nor_engine_nor_dagster(empty_shop):
    code = "import sys; from campanile.cli import main; sys.argv = ['campanile', 'schema'];main()\n"
    check = "import sys, campanile.cli.authoring, campanile.campaigns.loading\n"
    check += "print([m for m in ('dagster', 'pandas', 'sqlalchemy', 'duckdb') if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout


def test_wrong_usage_is_2_and_says_what_was_meant(empty_shop):
    assert empty_shop("plam")[0] == 2
    assert "plan" in empty_shop.err


def test_a_template_that_would_take_all_memory_is_refused_before_it_is_saved(empty_shop):
    doubling = (
        "---\nsubject: s\n---\n<body>{% set n = namespace(a='x') %}{% for i in range(50) %}"
        "{% set n.a = n.a ~ n.a %}{% endfor %}</body>"
    )
    (empty_shop.folder / "templates" / "hello" / "email.mjml").unlink()
    empty_shop.write("templates/hello/email.html", doubling)
    status, out = empty_shop("validate")
    assert status == 1
    assert "templates/hello: a text in it grows until there is no memory left" in out
    assert empty_shop("apply", "campaigns")[0] == 1
    assert empty_shop.json("campaigns") == []


def test_the_tests_beside_campaigns_run_without_a_store_and_say_what_differs(shop):
    file = shop.folder / "tests" / "spring.yaml"
    file.write_text(
        "campaign: spring\n"
        "rows: {customer: [{customer_id: 1, points: 9}, {customer_id: 2, points: 1}]}\n"
        "tests:\n"
        "  enough: {parameters: {least: 5}, expect: {people: [1]}}\n"
    )
    assert shop("validate", "--tests", "tests/spring.yaml", "campaigns/spring.yaml") == (
        0,
        "2 campaign files checked: no fault; 1 test passed.\n",
    )
    assert shop("validate", "tests/spring.yaml") == (0, "1 campaign file checked: no fault.\n")

    file.write_text(file.read_text().replace("[1]", "[2]"))
    status, out = shop("validate", "--tests", "tests/spring.yaml")
    assert status == 1
    assert out == (
        "tests/spring.yaml:4:45: test 'enough': 'people' has 1 rows, expected 1; "
        "missing: customer_id 2; added: customer_id 1\n"
    )
    (one,) = json.loads(shop("validate", "--tests", "tests/spring.yaml", "--json")[1])[
        "differences"
    ]
    assert (one["test"], one["transition"]) == ("enough", "people")
    assert (one["missing"], one["added"]) == ([{"customer_id": "2"}], [{"customer_id": "1"}])
