"""Files in and out of campaigns: each row once, each file whole, nothing outside its root."""

import pytest

from campanile.errors import CampanileError

LOAD = """\
name: fair
activities:
  leads:
    type: load_file
    file: leads-*.csv
    separator: ";"
    encoding: cp1252
    max_rejects: 1
    delete_after: true
    columns:
      email: {type: text, header: E-Mail, case: lower, empty: error}
      visited_on: {type: date, format: DD/MM/YYYY}
      interest: {type: enum, map: {A: audio, V: video}, unmapped: default, default: other}
  recent: {type: filter, from: leads, where: interest != 'other'}
  out:
    type: extract_file
    from: recent
    file: "out/leads-{{ execution.date }}.csv"
    columns: {MAIL: email, DAY: visited_on, WHAT: upper(interest)}
    order: [email]
"""
LEADS = "E-Mail;visited_on;interest\r\nZOË@x.fr;24/12/2026;A\nb@x.fr;01/02/2026;Q\n;1/1/2026;V\n"


@pytest.fixture
def files(town):
    folder = town.project.places.own
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_rows_go_in_and_out_once(town, files):
    (files / "leads-1.csv").write_bytes(LEADS.encode("cp1252"))
    town.publish("fair", LOAD)
    town.run()
    assert town.rows("fair.leads") == 2
    assert town.rows("fair.leads.rejects") == 1
    (out,) = (files / "out").iterdir()
    assert out.read_text() == '"MAIL","DAY","WHAT"\n"zoë@x.fr",2026-12-24,"AUDIO"\n'
    assert not (files / "leads-1.csv").exists()
