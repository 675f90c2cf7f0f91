"""Feedback tables written down by hand, bound in a session."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from campanile.reporting import feedback_tables as tables
from campanile.reporting.report import CampaignReport, build_report
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.sources import MemoryRows

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_MESSAGE = {
    "campaign": "spring", "version": 1, "execution": "e1", "activity": "offer", "delivery": 1,
    "ordinal": 0, "person": "ana", "row_key": "ana", "state": "sent", "reason": None, "code": 250,
    "variant": None, "planned_at": "2026-11-22 09:00:00", "settled_at": "2026-11-22 09:05:00",
}  # fmt: skip
_EVENT = {
    "event_id": 1, "delivery": 1, "ordinal": 0, "campaign": "spring", "execution": "e1",
    "activity": "offer", "person": "ana", "row_key": "ana", "kind": "opened",
    "at": "2026-11-22 10:15:00", "link": None, "url": None, "device": "mobile", "human": True,
    "reason": None,
}  # fmt: skip


def sent(ordinal: int, **changes: object) -> dict[str, object]:
    person = f"p{ordinal}"
    return {**_MESSAGE, "ordinal": ordinal, "person": person, "row_key": person, **changes}


def event(kind: str, ordinal: int, **changes: object) -> dict[str, object]:
    person = f"p{ordinal}"
    return {**_EVENT, "kind": kind, "ordinal": ordinal, "person": person, **changes}


@pytest.fixture
def build(tmp_path) -> Callable[..., CampaignReport]:
    def run(messages, events=(), execution=None, mode="live") -> CampaignReport:
        with DuckDBLake(tmp_path, threads=1).session() as session:
            for name, schema, rows in (
                (tables.MESSAGES_TABLE, tables.MESSAGES, messages),
                (tables.EVENTS_TABLE, tables.EVENTS, events),
            ):
                cells = [[row[column] for column in schema] for row in rows]
                session.bind(name, MemoryRows(schema, cells), schema)
            return build_report(session.rows, "spring", AT, execution=execution, mode=mode)

    return run


@pytest.fixture
def message_row():
    return sent


@pytest.fixture
def event_row():
    return event
