"""Upgrade: the store brought to the revision that this version needs, after a backup of it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from campanile.errors import Refused
from campanile.operations.hosting.heartbeat import ticks
from campanile.operations.hosting.stack import running_stack
from campanile.operations.keeping.backup import back_up
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.ledger_tables import worker
from campanile.store.revisions import fit, require_fit, revisions
from campanile.store.store import Store


@dataclass(frozen=True)
class Upgraded:
    """The revisions before and after, by area; `backup` is None when nothing had to be done."""

    before: dict[str, str | None]
    after: dict[str, str | None]
    backup: Path | None


@requires(Right.ADMINISTER)
def upgrade(project: Project, backup: Path, *, actor: str) -> Upgraded:
    """Migrate all areas, each in one transaction; repeating it does what is left.

    `backup` is a file or folder for the backup that is made first; when it fails, nothing is
    changed. The project is opened with its store as it is (`outdated`). Raises Refused while
    anything works on the store, ConfigurationError for a store of a newer version.
    """
    store = project.store
    before = revisions(store.databases)
    for area, revision in before.items():
        require_fit(area, revision, older=True)
    if all(fit(area, revision) == "current" for area, revision in before.items()):
        return Upgraded(before, before, None)
    _require_quiet(store, project.state, project.clock())
    made = back_up(project, backup, actor=actor)
    store.migrate()
    after = revisions(store.databases)
    store.audit.record(actor, "upgrade", "project", before=before, after=after)
    return Upgraded(before, after, made.path)


def _require_quiet(store: Store, state: Path, now: datetime) -> None:
    """Old code must not meet new tables."""
    stack = running_stack(state)
    if stack is not None:
        raise Refused(
            f"the project is served: {stack.url} (process {stack.pid}); nothing was changed.",
            remedy="End it with Ctrl-C first.",
        )
    if ticks(state, now):
        raise Refused(
            "a clock ticked within the last 90 seconds; nothing was changed.",
            remedy="Stop the services first: systemctl stop campanile.target; wait 90 seconds.",
        )
    query = select(func.count()).select_from(worker).where(worker.c.lease_until > now)
    with store.databases["ledger"].read() as connection:
        sending = int(connection.execute(query).scalar_one())
    if sending:
        raise Refused(
            f"{sending} processes send; nothing was changed.",
            remedy="Say `campanile halt`, wait until they are gone, and say it again.",
        )
