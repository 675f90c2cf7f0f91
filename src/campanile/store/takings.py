"""Takings: which executions took people in by a query that remembers, and have not settled them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from campanile.errors import Overtaken
from campanile.store.campaign_tables import FINAL_STATUSES, campaign, execution, manifest
from campanile.store.consumed import Memory
from campanile.store.database import Database


@dataclass(frozen=True)
class Taking:
    """A committed transition of an open execution: its people are spoken for."""

    path: str
    schema: dict[str, str]


@dataclass(frozen=True)
class Takings:
    """What was seen of a query's executions when its memory was read.

    `newest` is the manifest id of the last commit of the query, 0 when there is none; `until` the
    instant up to which the last one read its date; `open` what open executions have in hand.
    """

    memory: Memory
    newest: int = 0
    until: datetime | None = None
    open: Sequence[Taking] = ()


class TakingsOf:
    """The live executions of queries that remember."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(self, memory: Memory, settled_by: Sequence[str], *, besides: int) -> Takings:
        """What executions other than `besides` have committed of a query.

        `settled_by` are the transitions with which an execution settles whom it took in; empty
        where taking in settles.
        """
        query = (
            select(manifest.c.id, manifest.c.details)
            .select_from(manifest.join(execution, manifest.c.execution_id == execution.c.id))
            .where(*_live(memory, besides))
            .order_by(manifest.c.id.desc())
        )
        with self._database.read() as connection:
            newest = connection.execute(query.limit(1)).one_or_none()
            if newest is None:
                return Takings(memory)
            until = newest.details.get("until")
            in_hand = _in_hand(connection, memory, settled_by, besides) if settled_by else ()
        instant = datetime.fromisoformat(until) if until else None
        return Takings(memory, newest.id, instant, in_hand)


def require_unmoved(connection: Connection, seen: Takings, execution_id: int) -> None:
    """Raise Overtaken when another execution has taken people in since `seen`."""
    names = sorted({name for name, _ in seen.memory})
    mine = select(campaign.c.name).where(campaign.c.name.in_(names)).order_by(campaign.c.name)
    connection.execute(mine.with_for_update(key_share=True)).all()
    query = (
        select(func.coalesce(func.max(manifest.c.id), 0))
        .select_from(manifest.join(execution, manifest.c.execution_id == execution.c.id))
        .where(*_live(seen.memory, execution_id))
    )
    if connection.execute(query).scalar_one() != seen.newest:
        raise Overtaken(
            "another execution of the campaign took people in meanwhile.",
            remedy="Repeat; nothing was changed.",
        )


def _live(memory: Memory, besides: int) -> tuple[Any, ...]:
    names = (
        and_(execution.c.campaign == name, manifest.c.transition == activity)
        for name, activity in memory
    )
    return (
        or_(*names),
        execution.c.mode == "live",
        execution.c.id != besides,
        manifest.c.superseded_at.is_(None),
    )


def _in_hand(
    connection: Connection, memory: Memory, settled_by: Sequence[str], besides: int
) -> tuple[Taking, ...]:
    other = manifest.alias()
    settled = (
        select(other.c.id)
        .where(
            other.c.execution_id == manifest.c.execution_id,
            other.c.transition.in_(settled_by),
            other.c.superseded_at.is_(None),
        )
        .exists()
    )
    query = (
        select(manifest.c.path, manifest.c.schema)
        .select_from(manifest.join(execution, manifest.c.execution_id == execution.c.id))
        .where(*_live(memory, besides), execution.c.status.not_in(FINAL_STATUSES), ~settled)
        .where(manifest.c.path.is_not(None), manifest.c.rows > 0)
    )
    return tuple(Taking(row.path, row.schema) for row in connection.execute(query))
