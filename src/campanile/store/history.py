"""The history of a campaign: what was done and committed, of all or one of its executions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select

from campanile.store.activity_errors import ActivityError
from campanile.store.alerts import Alert
from campanile.store.audit import AuditEntry, about
from campanile.store.campaign_tables import execution, gate, manifest, segment
from campanile.store.control_tables import alert, audit
from campanile.store.database import Database
from campanile.store.execution_rows import Execution
from campanile.store.flow_tables import activity_error
from campanile.store.gates import Gate
from campanile.store.manifest_rows import ManifestRow
from campanile.store.segment_rows import Segment, select_segments


@dataclass(frozen=True)
class History:
    """What the store knows of the past; each sequence has its newest entries, the newest first."""

    executions: Sequence[Execution]
    entries: Sequence[AuditEntry]
    segments: Sequence[Segment]
    manifests: Sequence[ManifestRow]
    gates: Sequence[Gate]
    alerts: Sequence[Alert]
    errors: Sequence[ActivityError]  # those that a later attempt has not made good


class Histories:
    """The histories of all campaigns."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def of_campaign(self, campaign: str, *, since: datetime | None, limit: int) -> History:
        """Return what happened to a campaign and its executions, at most `limit` of each kind."""
        return self._read(execution.c.campaign == campaign, about(campaign), since, limit)

    def of_execution(self, one: Execution, *, since: datetime | None, limit: int) -> History:
        """Return what happened to one execution, at most `limit` of each kind."""
        target = about(f"execution:{one.name}")
        return self._read(execution.c.id == one.id, target, since, limit)

    def _read(
        self,
        mine: ColumnElement[bool],
        target: ColumnElement[bool],
        since: datetime | None,
        limit: int,
    ) -> History:
        def newest(query: Select[Any], at: Any, *order: Any) -> Select[Any]:
            query = query if since is None else query.where(at >= since)
            return query.order_by(at.desc(), *(each.desc() for each in order)).limit(limit)

        with self._database.read() as connection:

            def rows(query: Select[Any]) -> list[dict[str, Any]]:
                return [dict(row) for row in connection.execute(query).mappings()]

            executions = select(execution).where(mine)
            return History(
                [Execution(**row)
                 for row in rows(newest(executions, execution.c.requested_at, execution.c.id))],
                [AuditEntry(**row)
                 for row in rows(newest(select(audit).where(target), audit.c.at, audit.c.id))],
                [Segment(**row)
                 for row in rows(newest(select_segments().where(mine), segment.c.ready_at))],
                [ManifestRow(**row)
                 for row in rows(newest(_of(manifest, mine), manifest.c.committed_at,
                                        manifest.c.id))],
                [Gate(**row) for row in rows(newest(_of(gate, mine), gate.c.armed_at))],
                [Alert(**row)
                 for row in rows(newest(_of(alert, mine), alert.c.at, alert.c.id))],
                [ActivityError(**row)
                 for row in rows(newest(_of(activity_error, mine), activity_error.c.at))],
            )  # fmt: skip


def _of(table: Table, mine: ColumnElement[bool]) -> Select[Any]:
    return select(table).join(execution, execution.c.id == table.c.execution_id).where(mine)
