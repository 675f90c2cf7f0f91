"""Manifest rows: a working table exists when its row is committed and not superseded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from campanile.store.campaign_tables import manifest


@dataclass(frozen=True)
class OutputRow:
    """One output of an activity, written and ready to be committed.

    `transition` is "activity" or "activity.output"; `schema` maps columns to types, in order;
    `sql` holds no literals of persons; `details` is JSON (counts, exclusions by reason, links).
    """

    transition: str
    activity: str
    rows: int
    schema: Mapping[str, str]
    path: str | None = None
    reached: bool = True
    not_reached_reason: str | None = None
    sql: str = ""
    bytes: int = 0
    seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ManifestRow:
    """A committed transition."""

    id: int
    execution_id: int
    transition: str
    activity: str
    segment: str
    attempt: int
    rows: int
    reached: bool
    not_reached_reason: str | None
    path: str | None
    schema: Mapping[str, str]
    sql: str
    bytes: int
    seconds: float
    details: Mapping[str, Any]
    committed_at: datetime
    superseded_at: datetime | None


def read_committed(
    connection: Connection, execution_id: int, transitions: Sequence[str] | None = None
) -> dict[str, ManifestRow]:
    """Return the committed transitions of an execution by name, in the order of their commits."""
    query = select(manifest).where(
        manifest.c.execution_id == execution_id, manifest.c.superseded_at.is_(None)
    )
    if transitions is not None:
        query = query.where(manifest.c.transition.in_(transitions))
    rows = connection.execute(query.order_by(manifest.c.id)).mappings()
    return {row["transition"]: ManifestRow(**row) for row in rows}
