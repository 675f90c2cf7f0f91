"""The audit log as people search it."""

from collections.abc import Sequence
from datetime import datetime

from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.audit import AuditEntry


@requires(Right.VIEW)
def audit_entries(
    project: Project,
    *,
    target: str | None = None,
    actor: str | None = None,
    actions: Sequence[str] = (),
    since: datetime | None = None,
    limit: int = 50,
) -> tuple[AuditEntry, ...]:
    """The newest entries first; a `target` without a kind is a campaign with its executions."""
    return project.store.audit.search(
        target=target, actor=actor, actions=actions, since=since, limit=limit
    )
