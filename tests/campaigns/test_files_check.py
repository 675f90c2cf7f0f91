"""Every wrong word about files is found by `validate`, at its place."""

import pytest

from campanile.campaigns.loading import load_definitions, read_campaign
from campanile.catalog.yaml_source import read_yaml
from campanile.operations.authoring.sample_faults import sample_faults

LOAD = "type: load_file, file: a.csv, columns: {email: text}"
GOOD = f"  leads: {{{LOAD}}}\n"


def _faults(definitions, activities):
    text = f"name: fair\nactivities:\n{activities}"
    return read_campaign(read_yaml(text.encode(), "campaigns/fair.yaml"), definitions)[1]


@pytest.mark.parametrize(
    ("options", "marked", "says"),
    [
        ("type: load_file, file: ../a.csv, columns: {a: text}", "../a.csv", "paths only go down"),
        ("type: load_file, file: /etc/passwd, columns: {a: text}", "/etc", "begins with a stroke"),
        ("type: load_file, file: 'http://x/a.csv', columns: {a: text}", "'http", "no connection"),
        ("type: load_file, file: a*/b.csv, columns: {a: text}", "a*/b", "last part only"),
        ("type: load_file, columns: {a: text}", "x:", "names no `file`"),
        ("type: load_file, file: a.csv, columns: {a: words}", "words", "words"),
        (f"{LOAD}, sample: ../x.csv", "../x.csv", "project's folder"),
        (f"{LOAD}, sample: none.csv", "none.csv", "no sample"),
        (f"{LOAD}, separator: ab", "ab", "one sign"),
        (f"{LOAD}, encoding: utf-9", "utf-9", "no encoding"),
        (f"{LOAD}, timezone: Mars", "Mars", "time zone"),
        (f"{LOAD}, max_rejects: few", "few", "whole number"),
        (f"{LOAD}, line_number: email", "email}", "column already"),
        ("type: load_file, file: a, format: fixed, columns: {a: text}", "text", "no `width`"),
        ("type: load_file, file: a, columns: {a: {width: '3'}}", "'3'", "format: fixed"),
        (
            "type: load_file, file: a, columns: {a: {type: date, format: DD/MM}}",
            "DD/MM",
            "one of: YY, YYYY",
        ),
        ("type: extract_file, from: leads, file: 'a-*.csv'", "'a-*", "one file is written"),
        ("type: extract_file, from: leads, file: a.csv, group_by: [email]", "[email]", "columns"),
        ("type: extract_file, from: leads, file: a.csv, having: count() > 1", "count", "group_by"),
        (
            "type: extract_file, from: leads, file: a.csv, columns: {A: tier}",
            "tier",
            "tier",
        ),
        (
            "type: extract_file, from: leads, file: a.csv, group_by: [email], columns: {A: sum(b)}",
            "b)",
            "'b'",
        ),
        (
            "type: extract_file, from: leads, file: a.pq, format: parquet, compress: zip",
            "zip",
            "no",
        ),
        ("type: transfer_file, source: 'nowhere://a.csv'", "'nowhere", "no connection"),
        ("type: transfer_file, source: a.csv", "a.csv", "needs a `target`"),
        ("type: transfer_file, action: put, source: a.csv", "x:", "needs a `target`"),
        ("type: transfer_file, source: a-*, target: b.csv", "b.csv", "need a folder"),
        ("type: transfer_file, action: list, source: a/, target: b/", "b/", "copies nothing"),
        ("type: transfer_file, action: list, source: a/, delete_source: true", "true", "deletes"),
    ],
)
def test_a_wrong_option_is_found_at_its_place(project, options, marked, says):
    line = f"  x: {{{options}}}"
    (fault,) = [f for f in _faults(project, f"{GOOD}{line}\n") if f.severity == "error"]
    assert says in fault.message
    assert fault.place.line == 4
    at, key = line.index(marked), line.rfind(" ", 0, line.index(marked) - 1)
    assert fault.place.column in {at + 1, line.rindex(marked) + 1, key + 2, len("  x")}


def test_columns_of_a_file_are_known_below(project):
    below = "  x: {type: filter, from: leads, where: age > 1}\n"
    (fault,) = _faults(project, f"{GOOD}{below}")
    assert "age" in fault.message
    good = "  x: {type: filter, from: leads, where: lower(email) like 'a%'}\n"
    assert not _faults(project, f"{GOOD}{good}")


SAMPLE = """\
name: sampled
activities:
  leads:
    type: load_file
    file: a.csv
    sample: samples/leads.csv
    columns:
      email: {header: E-Mail, empty: error}
      day: {type: date, format: DD/MM/YYYY}
"""


@pytest.mark.parametrize(
    ("sample", "says", "line"),
    [
        ("E-Mail,day\nx@x.fr,24/12/2026\n", None, 0),
        ("E-Mail,date\nx@x.fr,24/12/2026\n", "no column 'day'", 6),
        ("E-Mail,day\nx@x.fr,2026-12-24\n", "line 2 of samples/leads.csv does not fit", 9),
        ("", "empty", 6),
    ],
)
def test_a_sample_shows_what_does_not_fit(folder, sample, says, line):
    (folder / "samples").mkdir(exist_ok=True)
    (folder / "samples" / "leads.csv").write_text(sample)
    (folder / "campaigns" / "sampled.yaml").write_text(SAMPLE)
    try:
        faults = sample_faults(load_definitions(folder), "sampled")
    finally:
        (folder / "campaigns" / "sampled.yaml").unlink()
    if says is None:
        assert not faults
    else:
        assert says in faults[0].message
        assert str(folder) not in faults[0].message
        assert faults[0].place.line == line
