"""Simulated plans: the rows that a plan would write now, for tests; nothing is written."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from campanile.deliveries.delivery import NewDelivery
from campanile.deliveries.messages import Recipient
from campanile.store.database import Database
from campanile.store.planned_rows import RowMaker, exclude_refused, exclude_taken

_ROWS = 1_000


def simulate_plan(
    ledger: Database, wanted: NewDelivery, recipients: Iterable[Recipient], now: datetime
) -> Iterator[list[dict[str, Any]]]:
    """Pages of message rows, waiting or excluded as consent, suppression and addresses are now."""
    maker = RowMaker(wanted, now, delivery_id=0, earliest=wanted.send_after or now)
    rest, at = iter(recipients), 0
    taken: set[bytes] = set()
    while batch := list(islice(rest, _ROWS)):
        rows = maker.rows(batch, at)
        with ledger.read() as connection:
            exclude_refused(connection, wanted.settings, rows, now)
        exclude_taken(rows, taken, now)
        yield rows
        at += len(rows)
