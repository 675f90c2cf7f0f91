"""Mistakes in the flow are found in the file, at their place."""

import pytest

from campanile.campaigns.loading import load_campaign, load_definitions
from campanile.campaigns.receivers import receivers_of
from campanile.catalog.yaml_source import read_yaml
from campanile.errors import FaultsFound

NEXT = """\
name: next
schedule: {signal: true}
parameters:
  size: {type: integer, max: 10}
  note: {type: text, default: ""}
activities:
  who: {type: build_audience}
"""
OTHER = "name: other\nactivities:\n  who: {type: build_audience}\n"


@pytest.fixture
def known(project):
    from dataclasses import replace

    found = {}
    for text in (NEXT, OTHER):
        found |= receivers_of(read_yaml(text, "x.yaml"))
    return replace(project, receivers=found)


def faults(known, *lines, head=""):
    text = f"name: a\n{head}activities:\n  who: {{type: build_audience}}\n" + "\n".join(lines)
    try:
        load_campaign(text, "a.yaml", known)
    except FaultsFound as error:
        return [(f.place.line, f.place.column, f.message) for f in error.faults
                if f.severity == "error"]  # fmt: skip
    return []


def end(signal):
    return f"  over: {{type: end, from: who, signal: {signal}}}\n"


def test_an_end_signals_a_campaign_that_there_is_with_what_it_wants(known):
    assert faults(known, end("{campaign: next, with: {size: 7}}")) == []
    assert faults(known, end('{campaign: next, with: {size: "{{ param.x }}", more: a}}')) == []


@pytest.mark.parametrize(
    ("signal", "column", "message"),
    [
        ("{campaign: nxt}", 51, "there is no campaign `nxt`."),
        ("{campaign: other}", 51, "`other` starts on no signal."),
        ("{campaign: next}", 32, "`next` must be given `size`."),
        ("{campaign: next, with: {size: ten}}", 70, "`ten` is not a value of type integer."),
        ("{campaign: next, with: {size: 11}}", 70, "`11` is more than 10."),
    ],
)
def test_a_signal_that_cannot_work_is_a_fault_at_its_place(known, signal, column, message):
    assert faults(known, end(signal)) == [(4, column, message)]


def test_tables_are_kept_no_shorter_than_the_longest_wait(known):
    wait = "  rest: {type: wait, from: who, for: 40 days}"
    found = faults(known, wait, head="keep: {tables: 30 days}\n")
    assert [message for *_, message in found] == [
        "`rest` waits 40 days: tables are kept no shorter than that."
    ]
    assert faults(known, wait) == faults(known, wait, head="keep: {tables: 40 days}\n") == []


@pytest.mark.parametrize(
    "activity",
    [
        "{type: wait, from: who, for: 1 day, between: 09:00-18:00}",
        "{type: wait, from: who, for: 1 day, within: 2 days}",
        "{type: wait, from: who, until: 09:00, days: mon}",
        "{type: wait, from: who, between: 18:00-09:00}",
        "{type: await_signal, from: who, signal: x, first: false}",
        "{type: await_signal, from: who}",
        "{type: filter, from: who, where: true, on_error: retry}",
        "{type: filter, from: who, where: true, pause: perhaps}",
    ],
)
def test_options_that_do_not_go_together_are_refused(known, activity):
    assert len(faults(known, f"  x: {activity}")) == 1


def test_the_expired_are_an_output_where_there_is_a_limit_only(known):
    late = "  late: {type: end, from: x.expired}"
    limited = "  x: {type: wait, from: who, between: 09:00-18:00, within: 2 days}"
    assert faults(known, limited, late) == []
    (found,) = faults(known, limited.replace(", within: 2 days", ""), late)
    assert "has no output `expired`" in found[2]


def test_campaigns_of_a_project_know_each_other(tmp_path, project):
    import shutil

    shutil.copytree(project.folder, tmp_path / "shop")
    folder = tmp_path / "shop" / "campaigns"
    folder.mkdir(exist_ok=True)
    (folder / "next.yaml").write_text(NEXT)
    over = end("{campaign: next, with: {size: 3}}")
    (folder / "a.yaml").write_text(f"name: a\nactivities:\n  who: {{type: build_audience}}\n{over}")
    loaded = load_definitions(tmp_path / "shop")
    assert {"a", "next"} <= set(loaded.campaigns)
