"""Waterfalls: of those a message is meant for, who is left out, for what, and who receives it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import select

from campanile.deliveries.delivery import Delivery
from campanile.operations.rehearsing.empty_names import EmptyNames
from campanile.store.consents import refusals
from campanile.store.database import Database
from campanile.store.ledger_tables import message

OPEN_REASONS = ("duplicate", "no_consent", "suppressed")
"""What a ledger without consents says of rows that the real one may let through."""

_BATCH = 1_000


@dataclass(frozen=True)
class Waterfall:
    """The way of a message's recipients: whom it was meant for, who is left out, who receives."""

    targeted: int
    excluded: Mapping[str, int]
    receives: int
    confirm: bool
    empty: Mapping[str, int] = field(default_factory=dict)  # template name: rows without a value

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "targeted": self.targeted,
            "excluded": dict(self.excluded),
            "receives": self.receives,
            "waits_for_confirmation": self.confirm,
            "empty_template_names": dict(self.empty),
        }


def count_waterfall(one: Delivery, here: Database, real: Database, empty: EmptyNames) -> Waterfall:
    """Count a delivery that was planned `here`, a ledger without consents, by those of `real`."""
    reasons: Counter[str] = Counter()
    for reason, fields in _judged(one, here, real):
        reasons[reason] += 1
        if not reason:
            empty.look_at(fields)
    receives = reasons.pop("", 0)
    return Waterfall(
        targeted=receives + reasons.total(),
        excluded=dict(reasons),
        receives=receives,
        confirm=one.settings.confirm,
        empty=empty.counts,
    )


def _judged(one: Delivery, here: Database, real: Database) -> Iterator[tuple[str, str]]:
    """(reason or nothing, fields) of each planned row, judged as the planner would."""
    taken: set[tuple[bytes, str]] = set()
    rows = _rows(here, one.id)
    while batch := list(islice(rows, _BATCH)):
        hashes = [row.address_hash for row in batch if _is_open(row.reason)]
        with real.read() as connection:
            refused = refusals(connection, one.settings, hashes)
        for row in batch:
            reason = row.reason or ""
            if _is_open(row.reason):
                reason = refused.get(row.address_hash, "")
            if not reason:
                key = (row.address_hash, row.row_key if one.settings.per == "row" else "")
                reason = "duplicate" if key in taken else ""
                taken.add(key)
            yield reason, row.fields


def _rows(ledger: Database, delivery_id: int) -> Iterator[Any]:
    columns = message.c
    query = select(columns.reason, columns.address_hash, columns.row_key, columns.fields)
    query = query.where(columns.delivery_id == delivery_id).order_by(columns.ordinal)
    with ledger.read() as connection:
        yield from connection.execute(query)


def _is_open(reason: str | None) -> bool:
    """Whether only the real ledger can say if the row is written to: it knows the consents."""
    return reason is None or reason in OPEN_REASONS
