"""The kill proof at a small scale: kill -9 of the whole process group, the sink as the judge."""

import pytest
from benchmarks.kill_send import is_kept, prove


@pytest.mark.parametrize("doubt", ["at_least_once", "at_most_once"])
def test_promises_hold_under_kill_9(doubt: str) -> None:
    result = prove(recipients=600, kills=2, processes=2, connections=4, doubt=doubt, seed=7)
    assert result["kills"] == 2
    assert is_kept(result, in_flight=8), result
