"""Commands that keep a project, as its operator says them."""

import json
import stat
import tarfile

from campanile.operations.hosting.heartbeat import note_tick
from campanile.operations.sending.sequence_file import SequenceFile
from campanile.store.store import system_clock

MACHINE = ("disk", "packages", "temporary files", "write-ahead log", "file descriptors")


def verdicts(shop, *words: str) -> tuple[int, dict[str, str]]:
    status, out = shop("doctor", *words, "--json")
    found = json.loads(out)
    assert found["healthy"] == (status == 0)
    return status, {one["subject"]: one["verdict"] for one in found["findings"]}


def test_doctor_looks_at_everything_and_is_content_with_a_new_project(shop):
    status, found = verdicts(shop)

    assert status == 0, found
    for subject in (*MACHINE, "time", "keys", "files", "store", "sending", "clock", "tracking"):
        assert found[subject] in ("ok", "warn"), subject


def test_doctor_fails_while_campaigns_wait_for_a_clock_that_does_not_tick(shop, planned):
    planned()
    assert verdicts(shop)[1]["clock"] == "fail"

    note_tick(shop.folder / "dagster_home" / "campanile", system_clock())

    status, found = verdicts(shop)
    assert (status, found["clock"]) == (0, "ok")


def test_doctor_says_what_is_wrong_and_what_to_do(shop):
    state = shop.folder / "dagster_home" / "campanile"
    (state / "keys.json").chmod(0o644)
    spool = state / "tracking" / "spool"
    spool.mkdir(parents=True)
    (spool / "spool.jsonl").write_text("{}\n")
    SequenceFile(state).raise_to(7)

    status, out = shop("doctor")

    assert status == 1
    for words in ("chmod 600", "events wait on disk", "does not know of 7 messages"):
        assert words in out, out


def test_doctor_says_when_the_project_does_not_open(shop):
    shop.write("campanile.yaml", "name: shop\nstore: {location: 'postgresql://127.0.0.1:1/x'}\n")

    status, out = shop("doctor", "--json")

    assert status == 1
    assert json.loads(out)["findings"][0]["verdict"] == "fail"


def test_doctor_greets_mail_servers_only_when_asked(shop):
    settings = (shop.folder / "campanile.yaml").read_text()
    shop.write("campanile.yaml", settings.replace("2525", "1"))  # nobody listens there
    assert "connection mail" not in verdicts(shop)[1]

    status, out = shop("doctor", "--connect", "--json")

    found = {one["subject"]: one for one in json.loads(out)["findings"]}
    assert status == 1
    assert found["connection mail"]["verdict"] == "fail"
    assert found["dagster"]["verdict"] == "ok"


def test_backup_restore_and_arm_as_the_run_book_says(shop, planned, monkeypatch):
    planned()
    target = shop.folder.parent / "safe"
    target.mkdir()

    status, out = shop("backup", str(target))
    assert status == 0, shop.err
    (file,) = target.iterdir()
    assert file.name.startswith("shop-")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "campanile restore" in out

    copy = shop.folder.parent / "copy"
    status, out = shop("restore", str(file), str(copy))
    assert status == 0, shop.err
    assert "nothing is sent until you allow it" in out

    monkeypatch.chdir(copy)
    assert shop("status")[0] == 1, "a copy knows the people, but nobody is signed in there"
    assert shop("tokens", "rescue")[0] == 0
    assert shop.json("status")["sending_refused"]
    assert shop("arm", "--yes")[0] == 0
    assert shop.json("status")["sending_refused"] is None
    assert shop("restore", str(file), str(copy))[0] == 1
    assert "there is a store" in shop.err


def test_a_backup_shows_no_secret_and_says_what_it_holds(shop, tmp_path):
    found = shop.json("backup", str(tmp_path / "one.tar"))

    secret = json.loads((shop.folder / "dagster_home/campanile/keys.json").read_text())["keys"]["1"]
    assert secret not in json.dumps(found)
    assert found["keys"] == [1]
    with tarfile.open(tmp_path / "one.tar") as tar:
        names = tar.getnames()
    assert {"keys.json", "store/ledger.sqlite", "project/campanile.yaml"} <= set(names)
    assert not any("in.csv" in name or ".gitignore" in name for name in names)


def test_what_is_no_backup_is_refused(shop, tmp_path):
    assert shop("restore", "in.csv", str(tmp_path / "copy"))[0] == 1
    assert "not a whole backup" in shop.err


def test_upgrade_of_a_store_that_is_up_to_date_changes_nothing(shop):
    status, out = shop("upgrade")

    assert (status, "nothing was changed" in out) == (0, True)


def test_keys_are_listed_rotated_and_retired_without_showing_them(shop, planned):
    planned()
    (only,) = shop.json("keys", "list")
    assert (only["id"], only["signs"], only["deliveries"]) == (1, True, 1)

    status, out = shop("keys", "rotate")
    assert (status, "Key 2 signs" in out) == (0, True)
    assert [one["signs"] for one in shop.json("keys", "list")] == [False, True]
    assert shop("keys", "retire", "2", "--yes")[0] == 1
    assert "signs what is sent now" in shop.err

    assert shop("keys", "retire", "1", "--yes")[0] == 1
    assert "not finished" in shop.err
    assert shop("stop", "spring")[0] == 0, shop.err

    status, out = shop("keys", "retire", "1", "--yes")
    assert status == 0, shop.err
    assert "1 delivery" in shop.err
    assert [one["id"] for one in shop.json("keys", "list")] == [1, 2]  # its delivery is still told
    assert shop.project().keys.to_text().keys() == {2}


def test_keys_of_the_environment_are_not_changed(shop, monkeypatch):
    monkeypatch.setenv("CAMPANILE_KEYS", json.dumps({"current": 4, "keys": {"4": "ab" * 32}}))

    assert shop("keys", "rotate")[0] == 1
    assert "CAMPANILE_KEYS" in shop.err
