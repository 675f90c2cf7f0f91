"""A whole send run, with processes of its own, on both databases."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from benchmarks.kill_send import rehearse

from campanile.channels.sink import SinkThread
from campanile.channels.sink_settings import SinkSettings
from campanile.operations.sending.send_run import send_delivery
from campanile.store.database import Database
from campanile.store.leases import Leases


@pytest.mark.parametrize("doubt", ["at_least_once", "at_most_once"])
def test_a_crashed_send_run_is_finished_by_the_next(
    doubt: str,
    location: Path | str,
    databases: Mapping[str, Database],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = tmp_path / "sink.jsonl"
    with SinkThread(SinkSettings(record)) as sink:
        case = rehearse(
            tmp_path,
            sink.port,
            record,
            recipients=600,
            doubt=doubt,
            connections=4,
            location=str(location),
        )
        ledger = databases["ledger"]
        monkeypatch.setenv("CAMPANILE_FAILPOINT", "answered:50")
        # The other process may be told to stop before it comes to its own crash.
        assert send_delivery(ledger, case.delivery.id, case.settings).crashed >= 1
        monkeypatch.delenv("CAMPANILE_FAILPOINT")
        report = send_delivery(ledger, case.delivery.id, case.settings)
        copies = Counter(row["rcpt"][0] for row in sink.accepted())
    account = report.account
    assert report.reason == "nothing_due"
    assert account.closes
    assert account.sent + account.uncertain == 600
    assert copies.total() - len(copies) <= (8 if doubt == "at_least_once" else 0)
    assert account.uncertain <= (0 if doubt == "at_least_once" else 8)
    assert Leases(ledger).all() == []
