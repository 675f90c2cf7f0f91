"""A backup is whole or absent; what is restored from it is disarmed; nothing is written over."""

import errno
import json
import os
import resource
import tarfile
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from campanile.errors import EngineError, Refused
from campanile.operations.keeping import archive as archives
from campanile.operations.keeping.archive import read_archive
from campanile.operations.keeping.backup import back_up
from campanile.operations.keeping.restore import restore
from campanile.operations.sending.armings import look, rearm
from campanile.operations.sending.sequence_file import SequenceFile
from campanile.store.campaign_tables import manifest


def sent_to(town):
    return sorted(row["rcpt"][0] for row in town.sink.acceptances())


def delivery_of(project):
    return project.store.deliveries.unfinished()[0].id


def put_back(town, source, folder, locate):
    return restore(source, folder, locate=locate, actor="test", now=town.clock())


def test_a_restored_copy_has_everything_and_sends_nothing(planned, tmp_path, reopen, locate):
    made = back_up(planned.project, tmp_path / "one.tar", actor="test")
    assert made.path.stat().st_mode & 0o777 == 0o600

    done = put_back(planned, made.path, tmp_path / "copy", locate)
    copy = reopen(tmp_path / "copy", planned.project)

    assert done.gap is None
    assert copy.keys.to_text() == planned.project.keys.to_text()
    account = copy.store.deliveries.account(delivery_of(copy))
    assert (account.planned, account.waiting) == (10, 10)
    refusal = copy.store.sending.state().refusal(copy.identity)
    assert refusal is not None
    assert "restored from a backup" in (copy.store.sending.state().reason or "")
    with copy.store.databases["control"].read() as connection:
        paths = [Path(p) for p in connection.scalars(select(manifest.c.path)) if p]
    assert paths
    assert all(path.exists() and path.is_relative_to(tmp_path / "copy") for path in paths)
    identity = copy.store.project.identity()
    assert identity is not None
    assert identity.dagster_identity is None


def test_what_was_sent_after_the_backup_is_shown_as_the_gap_before_arming(
    planned, tmp_path, reopen, locate
):
    made = back_up(planned.project, tmp_path / "before.tar", actor="test")
    planned.send(delivery_of(planned.project))
    state, folder = planned.project.state, planned.project.folder
    known = SequenceFile(state).read()
    assert known == 10
    planned.project.store.close()
    (state / "store").rename(state / "store.lost")

    done = put_back(planned, made.path, folder, locate)
    again = reopen(folder, planned.project)
    found = look(again)

    assert (done.gap, found.gap, found.waiting) == (10, 10, 10)
    assert found.refusal is not None
    assert SequenceFile(state).read() == known  # the folder still knows what it sent
    rearm(again, actor="test", gap=found.gap)
    assert look(again).refusal is None


def test_a_backup_made_while_messages_leave_opens_and_its_account_closes(
    planned, tmp_path, reopen, locate
):
    number = delivery_of(planned.project)
    sending = threading.Thread(target=planned.send, args=(number,))
    sending.start()
    made = [back_up(planned.project, tmp_path / f"{n}.tar", actor="test") for n in range(3)]
    sending.join()

    for n, one in enumerate(made):
        put_back(planned, one.path, tmp_path / f"copy{n}", locate)
        copy = reopen(tmp_path / f"copy{n}", planned.project)
        account = copy.store.deliveries.account(number)
        assert account.closes
        assert account.planned == 10


def test_events_that_wait_for_the_store_are_in_the_backup(planned, tmp_path, locate):
    spool = planned.project.state / "tracking" / "spool"
    spool.mkdir(parents=True)
    (spool / "spool.jsonl").write_text('{"kind": "unsubscribed"}\n')

    made = back_up(planned.project, tmp_path / "one.tar", actor="test")
    put_back(planned, made.path, tmp_path / "copy", locate)

    copy = tmp_path / "copy" / "dagster_home" / "campanile" / "tracking" / "spool" / "spool.jsonl"
    assert copy.read_text() == '{"kind": "unsubscribed"}\n'


def test_nothing_is_written_over(planned, tmp_path, locate):
    made = back_up(planned.project, tmp_path / "one.tar", actor="test")
    before = made.path.read_bytes()

    with pytest.raises(Refused, match="exists"):
        back_up(planned.project, made.path, actor="test")
    with pytest.raises(Refused, match="there is a store"):
        put_back(planned, made.path, planned.project.folder, locate)

    assert made.path.read_bytes() == before
    assert planned.project.store.sending.state().armed


def test_project_files_and_newer_keys_that_are_there_stay(planned, tmp_path, locate):
    made = back_up(planned.project, tmp_path / "one.tar", actor="test")
    folder = tmp_path / "checkout"
    (folder / "templates" / "hello").mkdir(parents=True)
    (folder / "templates" / "hello" / "email.html").write_text("newer")
    state = folder / "dagster_home" / "campanile"
    state.mkdir(parents=True)
    there = {"current": 2, "keys": {**planned.project.keys.to_text(), 2: "ab" * 32}}
    (state / "keys.json").write_text(json.dumps(there))

    done = put_back(planned, made.path, folder, locate)

    assert [Path(path).name for path in done.kept] == ["email.html"]
    assert (folder / "templates" / "hello" / "email.html").read_text() == "newer"
    kept = json.loads((state / "keys.json").read_text())
    assert (kept["current"], sorted(kept["keys"])) == (2, ["1", "2"])
    assert (state / "keys.json").stat().st_mode & 0o777 == 0o600


def damaged(path: Path, how: str, target: Path) -> Path:
    content = path.read_bytes()
    if how == "cut off":
        target.write_bytes(content[: len(content) // 2])
    elif how == "changed":
        place = content.index(b"name: hello")
        target.write_bytes(content[:place] + b"name: jello" + content[place + 11 :])
    elif how == "empty":
        target.write_bytes(b"")
    elif how == "no archive":
        target.write_text("hello")
    else:
        with tarfile.open(target, "w") as tar:
            tar.add(path, "some/file")
    return target


@pytest.mark.parametrize("how", ["cut off", "changed", "empty", "no archive", "foreign"])
def test_what_is_no_whole_backup_is_refused_with_a_sentence(planned, tmp_path, locate, how):
    made = back_up(planned.project, tmp_path / "one.tar", actor="test")
    bad = damaged(made.path, how, tmp_path / "bad.tar")

    with pytest.raises(Refused, match="not a whole backup"):
        put_back(planned, bad, tmp_path / "copy", locate)

    assert not (tmp_path / "copy").exists()


def test_an_archive_cannot_write_outside_its_folder(tmp_path):
    bad = tmp_path / "bad.tar"
    with tarfile.open(bad, "w") as tar:
        tar.add(__file__, "../../escaped")

    with pytest.raises(Refused):
        read_archive(bad)


def test_a_full_disk_leaves_nothing_behind(planned, tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))  # as a disk that has no more room
    try:
        with pytest.raises(EngineError):
            back_up(planned.project, place / "one.tar", actor="test")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert list(place.iterdir()) == []


def test_a_backup_that_was_interrupted_is_not_there(planned, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives.os, "link", full)
    with pytest.raises(EngineError, match="No space left"):
        back_up(planned.project, tmp_path / "one.tar", actor="test")

    assert not [path for path in tmp_path.iterdir() if path.name.endswith((".tar", ".partial"))]
    assert os.access(tmp_path, os.W_OK)
