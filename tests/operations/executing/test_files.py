"""Files in and out of campaigns: each row once, each file whole, nothing outside its root."""

from dataclasses import replace

import pytest
from tests.operations.deaths import Killed

from campanile.campaigns.connections import FolderConnection
from campanile.errors import CampanileError
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.rehearsing.plans import plan_campaigns
from campanile.operations.rehearsing.previews import looking, preview
from campanile.operations.scheduling.housekeeping import keep_house
from campanile.warehouse.places.opening import Places

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


TRANSFER = """\
name: fair
parameters: {{folder: {{type: text, default: outbox}}}}
activities:
  fetch: {{type: transfer_file, source: "{source}", delete_source: true}}
  leads:
    type: load_file
    after: fetch
    columns: {{email: text, age: integer}}
    max_rejects: {rejects}
  nothing: {{type: alert, from: fetch.missing, title: Fair, message: No file came.}}
"""
TWO = {"a-1.csv": "email,age\nx@x.fr,1\n", "a-2.csv": "email,age\ny@x.fr,2\nz@x.fr,3\n"}


def _campaign(source="outbox/a-*.csv", rejects=0):
    return TRANSFER.format(source=source, rejects=rejects)


@pytest.fixture
def outbox(files):
    folder = files / "outbox"
    folder.mkdir()
    for name, text in TWO.items():
        (folder / name).write_text(text)
    return folder


def test_what_a_transfer_brings_is_loaded_and_its_source_deleted(town, outbox):
    town.publish("fair", _campaign().replace("delete_source", "target: in/, delete_source"))
    town.run()
    assert town.rows("fair.fetch") == 2
    assert town.rows("fair.leads") == 3
    assert list(outbox.iterdir()) == []
    assert town.outputs["fair.leads"].details["files"] == 2
    assert not town.outputs["fair.nothing"].reached


def test_no_file_takes_the_other_way(town, files):
    town.publish("fair", _campaign().replace("delete_source: true", "target: in/"))
    town.run()
    assert not town.outputs["fair.leads"].reached
    assert town.rows("fair.fetch.missing") == 1
    assert [alert.title for alert in town.project.store.alerts.newest("fair")] == ["Fair"]


def test_a_parameter_leads_nowhere_else(town, outbox):
    text = _campaign("{{ param.folder }}/a-*.csv").replace("outbox}", '"../../.."}')
    town.publish("fair", text.replace("delete_source", "target: in/, delete_source"))
    with pytest.raises(CampanileError, match="only go down"):
        town.run()


@pytest.mark.parametrize("state", ["planned", "written", "arrived"])
def test_a_transfer_that_is_killed_copies_each_file_once(town, outbox, monkeypatch, state):
    town.publish("fair", _campaign().replace("delete_source", "target: in/, delete_source"))
    moves = town.project.store.file_moves
    advance = type(moves).advance

    def killed(self, move, to, reason=None):
        if state != "planned":
            advance(self, move, to, reason)
        if to == ("written" if state == "planned" else state):
            raise Killed

    (request,) = town.ready()
    with monkeypatch.context() as patched:
        patched.setattr(type(moves), "advance", killed)
        run = town.begin(request)
        with pytest.raises(Killed):
            run_activity(run, "fetch", "all")
    run_activity(run, "fetch", "all")
    inbox = town.project.places.own / "in"
    assert {file.name: file.read_text() for file in inbox.iterdir()} == TWO
    assert list(outbox.iterdir()) == []
    run_activity(run, "fetch", "all")
    assert {file.name for file in inbox.iterdir()} == set(TWO)


def test_a_copy_that_was_taken_away_does_not_come_again(town, outbox, monkeypatch):
    town.publish("fair", _campaign().replace("delete_source", "target: in/, delete_source"))
    (request,) = town.ready()
    run = town.begin(request)
    with monkeypatch.context() as patched:
        patched.setattr(type(town.project.store.manifests), "commit_outputs", _kill)
        with pytest.raises(Killed):
            run_activity(run, "fetch", "all")
    for file in (town.project.places.own / "in").iterdir():
        file.unlink()
    (outbox / "a-3.csv").write_text("email,age\n")
    run_activity(run, "fetch", "all")
    assert list((town.project.places.own / "in").iterdir()) == []
    assert [file.name for file in outbox.iterdir()] == ["a-3.csv"]


def _kill(*_, **__):
    raise Killed


def test_all_attempts_at_a_load_read_the_same_bytes(town, files, monkeypatch):
    (files / "leads-1.csv").write_bytes(LEADS.encode("cp1252"))
    town.publish("fair", LOAD)
    (request,) = town.ready()
    run = town.begin(request)
    with monkeypatch.context() as patched:
        patched.setattr(type(town.project.store.manifests), "commit_outputs", _kill)
        with pytest.raises(Killed):
            run_activity(run, "leads", "all")
    (files / "leads-1.csv").write_text("E-Mail;visited_on;interest\n")
    found = {each.transition: each.rows for each in run_activity(run, "leads", "all")}
    assert found == {"leads": 2, "leads.rejects": 1}
    assert (files / "leads-1.csv").exists(), "a file that is another one now is not deleted"


def test_too_many_rejects_fail_and_the_corrected_file_is_read(town, files):
    path = files / "leads-1.csv"
    path.write_bytes(LEADS.replace("24/12", "24-12").encode("cp1252"))
    town.publish("fair", LOAD)
    (request,) = town.ready()
    run = town.begin(request)
    with pytest.raises(CampanileError, match="2 rows cannot be read, 1 are allowed") as refusal:
        run_activity(run, "leads", "all")
    assert "x.fr" not in str(refusal.value)
    (kept,) = (town.project.quarantine / "fair").iterdir()
    assert "ZOË@x.fr" in kept.read_text(encoding="utf-8")
    path.write_bytes(LEADS.encode("cp1252"))
    assert run_activity(run, "leads", "all")[0].rows == 2


@pytest.mark.parametrize("point", ["before", "written"])
def test_an_extract_that_is_killed_arrives_whole_and_once(town, files, monkeypatch, point):
    (files / "leads-1.csv").write_bytes(LEADS.encode("cp1252"))
    town.publish("fair", LOAD)
    (request,) = town.ready()
    run = town.begin(request)
    for name in ("leads", "recent"):
        run_activity(run, name, "all")
    moves = type(town.project.store.file_moves)
    advance = moves.advance

    def killed(self, move, to, reason=None):
        if point == "written":
            advance(self, move, to, reason)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(moves, "advance", killed)
        with pytest.raises(Killed):
            run_activity(run, "out", "all")
    assert [f for f in (files / "out").iterdir() if not f.name.startswith(".")] == []
    run_activity(run, "out", "all")
    (out,) = (files / "out").iterdir()
    assert out.read_text().count("\n") == 2
    out.unlink()
    run_activity(run, "out", "all")
    assert list((files / "out").iterdir()) == []


def test_a_test_writes_and_deletes_nothing(town, files, outbox):
    (files / "leads-1.csv").write_bytes(LEADS.encode("cp1252"))
    town.write("fair", LOAD)
    (planned,) = plan_campaigns(town.project, ["fair"])
    assert not planned.trouble
    assert sorted(file.name for file in files.iterdir()) == ["leads-1.csv", "outbox"]


GROUPS = """\
name: stores
activities:
  everybody: {type: build_audience}
  by_store:
    type: extract_file
    from: everybody
    file: stores.parquet
    format: parquet
    group_by: [store.city]
    columns: {Town: store.city, "How many": count(), Share: count() / 10}
    having: count() > 1
    order: [count() desc, store.city]
"""


def test_groups_are_written_in_order_with_their_figures(town, files):
    import pyarrow.parquet as pq

    town.publish("stores", GROUPS)
    town.run()
    rows = pq.read_table(files / "stores.parquet").to_pylist()
    assert list(rows[0]) == ["Town", "How many", "Share"]
    counts = [row["How many"] for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert min(counts) > 1


@pytest.fixture
def share(town, tmp_path):
    """A connection `share` to a folder of somebody else."""
    folder = tmp_path / "share"
    folder.mkdir()
    settings = town.project.folder / "campanile.yaml"
    written = settings.read_text()
    connection = f"connections: {{share: {{type: folder, path: {folder}}}, "
    settings.write_text(written.replace("connections: {", connection, 1))
    found = FolderConnection(type="folder", path=str(folder))
    own = town.project.places.own
    places = Places(own, town.project.folder, {"share": found})
    town.project = replace(town.project, places=places)
    return folder


def test_what_was_received_goes_with_the_working_tables(town, share):
    for name, text in TWO.items():
        (share / name).write_text(text)
    town.publish("fair", _campaign("share://a-*.csv"))
    town.run()
    assert town.rows("fair.leads") == 3
    received = town.project.places.own / "received"
    assert {file.name for file in received.rglob("*.csv")} == set(TWO)
    assert list(share.iterdir()) == []
    town.clock.forward(days=40)
    keep_house(town.project, town.clock())
    assert list(received.rglob("*.csv")) == []


def test_a_preview_shows_no_text_of_a_file(town, files):
    (files / "leads-1.csv").write_bytes(LEADS.encode("cp1252"))
    town.write("fair", LOAD)
    with looking(town.project, "fair", None) as look:
        shown = preview(town.project, look, "leads") + preview(town.project, look, "leads.rejects")
    rows = str([each.sample for each in shown])
    assert "x.fr" not in rows
    assert "audio" in rows
