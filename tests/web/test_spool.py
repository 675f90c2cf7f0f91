import pytest

from campanile.errors import EngineError
from campanile.web.spool import Spool


def replayed(spool):
    lines = []
    spool.replay(lines.extend)
    return lines


def test_lines_come_back_once_in_order(tmp_path):
    spool = Spool(tmp_path / "spool")
    spool.append(["1", "2"])
    Spool(tmp_path / "spool").append(["3"])

    assert replayed(spool) == ["1", "2", "3"]
    assert spool.is_empty()
    assert replayed(spool) == []


def test_lines_stay_when_the_store_is_still_away(tmp_path):
    spool = Spool(tmp_path)
    spool.append(["1"])

    def refuse(_lines):
        raise EngineError("away")

    with pytest.raises(EngineError):
        spool.replay(refuse)
    spool.append(["2"])

    assert sorted(replayed(spool)) == ["1", "2"]


def test_lines_added_during_a_replay_are_kept_for_the_next(tmp_path):
    spool = Spool(tmp_path)
    spool.append(["1"])
    seen = []

    def take(lines):
        seen.extend(lines)
        if "1" in lines:
            spool.append(["2"])

    spool.replay(take)

    assert seen == ["1"]
    assert replayed(spool) == ["2"]


def test_a_line_cut_off_by_a_crash_is_dropped_and_the_others_live(tmp_path):
    spool = Spool(tmp_path)
    spool.append(["1", "2"])
    path = tmp_path / "spool.jsonl"
    path.write_bytes(path.read_bytes() + b'{"half')

    assert replayed(spool) == ["1", "2"]


def test_two_processes_do_not_replay_one_file_at_once(tmp_path):
    one, other = Spool(tmp_path), Spool(tmp_path)
    one.append(["1"])
    inner = []

    one.replay(lambda _lines: other.replay(inner.extend))

    assert inner == []
