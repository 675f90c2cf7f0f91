"""Rows of a plan: what becomes of a recipient before anything is written."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from campanile.deliveries.addresses import Address, address_hash, read_address
from campanile.deliveries.delivery import Delivery, NewDelivery
from campanile.deliveries.keys import MessageKeys
from campanile.deliveries.messages import Recipient
from campanile.deliveries.settings import DeliverySettings
from campanile.store.consents import refusals


class RowMaker:
    """Turns recipients into rows of the message table, with everything that needs no database."""

    def __init__(
        self, found: Delivery | NewDelivery, now: datetime, *, delivery_id: int, earliest: datetime
    ) -> None:
        self._settings = found.settings
        self._keys = MessageKeys(found.campaign, found.execution_id, found.activity)
        self._delivery_id = delivery_id
        self._earliest = earliest
        self._now = now

    def rows(self, batch: Sequence[Recipient], first: int) -> list[dict[str, Any]]:
        """The rows of a batch; `first` is the ordinal of the first of them."""
        return [self._row(one, ordinal) for ordinal, one in enumerate(batch, first)]

    def _row(self, one: Recipient, ordinal: int) -> dict[str, Any]:
        address = read_address(self._settings.channel, one.address)
        known = isinstance(address, Address)
        reason = one.excluded or (None if known else address)
        key = hashed = None
        if isinstance(address, Address):
            hashed = address_hash(address.normalised)
            row_key = one.row_key if self._settings.per == "row" else None
            key = self._keys.key(address.normalised, row_key) if reason is None else None
        return {
            "delivery_id": self._delivery_id,
            "ordinal": ordinal,
            "state": "waiting" if reason is None else "excluded",
            "reason": reason,
            "person": one.person,
            "row_key": one.row_key,
            "address": address.deliver_to if isinstance(address, Address) else None,
            "address_hash": hashed,
            "message_key": key,
            "language": one.language,
            "variant": one.variant,
            "fields": json.dumps(one.fields, ensure_ascii=False, separators=(",", ":")),
            "attempt": 0,
            "tries": 0,
            "doubts": 0,
            "not_before": self._not_before(one) if reason is None else None,
            "settled_at": None if reason is None else self._now,
        }

    def _not_before(self, one: Recipient) -> datetime:
        return self._earliest if one.not_before is None else max(self._earliest, one.not_before)


def waiting(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that nothing excludes yet."""
    return [row for row in rows if row["state"] == "waiting"]


def exclude_refused(
    connection: Connection,
    settings: DeliverySettings,
    rows: Sequence[dict[str, Any]],
    now: datetime,
) -> None:
    """Exclude who must not be written to: suppressed, or without consent."""
    asked = waiting(rows)
    refused: Mapping[bytes, str] = refusals(
        connection, settings, [row["address_hash"] for row in asked]
    )
    for row in asked:
        if reason := refused.get(row["address_hash"]):
            _exclude(row, reason, now)


def exclude_taken(rows: Sequence[dict[str, Any]], taken: set[bytes], now: datetime) -> None:
    """Exclude who has a message already; adds to `taken` the keys of the others."""
    for row in waiting(rows):
        key = row["message_key"]
        if key in taken:
            _exclude(row, "duplicate", now)
        taken.add(key)


def _exclude(row: dict[str, Any], reason: str, now: datetime) -> None:
    row.update(state="excluded", reason=reason, message_key=None, not_before=None, settled_at=now)
