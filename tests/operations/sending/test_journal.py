"""The journal: what was written is read back, and its lock says whether its process lives."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.deliveries.messages import Reply
from campanile.operations.sending.journal import (
    Journal,
    Record,
    journal_path,
    locked_if_dead,
    read_journal,
)

REPLIES = st.builds(
    Reply,
    ordinal=st.integers(0, 2**32 - 1),
    attempt=st.integers(1, 2**15),
    status=st.sampled_from(["accepted", "deferred", "rejected", "unknown", "cancelled"]),
    code=st.sampled_from([0, 250, 421, 451, 550]),
    enhanced=st.sampled_from(["", "2.0.0", "4.3.0", "5.1.10", "5.7.509"]),
    text=st.just(""),  # the ledger's detail, which a crash may cost
    suppress=st.booleans(),
    pause=st.booleans(),
)


@given(replies=st.lists(st.one_of(REPLIES, st.tuples(st.integers(0, 9), st.integers(1, 9)))))
def test_records_are_read_back_in_order(
    replies: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("journals")
    journal = Journal(folder, "one")
    for reply in replies:
        if not isinstance(reply, Reply):
            journal.intend(*reply)
        else:
            journal.answer(reply)
    journal.close(remove=False)
    assert list(read_journal(journal.path)) == [
        Record(*reply, None)
        if not isinstance(reply, Reply)
        else Record(reply.ordinal, reply.attempt, reply)
        for reply in replies
    ]


def test_a_torn_record_ends_the_reading_and_loses_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "one")
    for ordinal in range(3):
        journal.answer(Reply(ordinal, 1, "accepted", 250))
    journal.close(remove=False)
    whole = journal.path.read_bytes()
    for cut in range(1, 19):
        journal.path.write_bytes(whole[:-cut])
        assert [record.ordinal for record in read_journal(journal.path)] == [0, 1]
    damaged = bytearray(whole)
    damaged[-3] ^= 1
    journal.path.write_bytes(damaged)
    assert [record.ordinal for record in read_journal(journal.path)] == [0, 1]


def test_the_lock_tells_the_living_from_the_dead(tmp_path: Path) -> None:
    path = journal_path(tmp_path, "one")
    with locked_if_dead(path) as dead:
        assert dead is None
    journal = Journal(tmp_path, "one")
    with locked_if_dead(path) as dead:
        assert dead is False
    journal.close(remove=False)
    with locked_if_dead(path) as dead:
        assert dead is True
        with locked_if_dead(path) as other:
            assert other is False  # only one may take over
