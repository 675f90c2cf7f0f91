"""Sending processes and the cores they keep to."""

import os

import pytest

from campanile.operations.sending.cores import one_core

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system has no affinity"
)


def test_a_sender_keeps_to_one_core_and_gives_it_back(tmp_path):
    before = os.sched_getaffinity(0)

    with one_core(tmp_path) as core:
        assert os.sched_getaffinity(0) == {core}

    assert os.sched_getaffinity(0) == before


def test_two_senders_never_share_a_core(tmp_path):
    before = os.sched_getaffinity(0)

    with one_core(tmp_path) as core:
        os.sched_setaffinity(0, before)  # as another process of the same machine
        with one_core(tmp_path) as other:
            assert other is None or other != core


def test_without_a_free_core_a_sender_goes_where_it_may(tmp_path):
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        with one_core(tmp_path) as core, one_core(tmp_path) as other:
            assert (core, other) == (min(before), None)
    finally:
        os.sched_setaffinity(0, before)
