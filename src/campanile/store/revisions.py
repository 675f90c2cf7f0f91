"""Which revision of its tables a store has, and whether this version of the product fits it."""

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import inspect, text

from campanile.errors import ConfigurationError
from campanile.store.database import Database
from campanile.store.migration import known_revisions, migrate_area

Fit = Literal["new", "current", "older", "newer"]


def revisions(databases: Mapping[str, Database]) -> dict[str, str | None]:
    """The revision of each area; None where no table was made yet."""
    return {area: _revision(database) for area, database in databases.items()}


def fit(area: str, revision: str | None) -> Fit:
    """How the tables of an area stand to this version of the product."""
    if revision is None:
        return "new"
    known = known_revisions(area)
    if revision not in known:
        return "newer"
    return "current" if revision == known[-1] else "older"


def prepare(databases: Mapping[str, Database], *, older: bool = False) -> None:
    """Make the tables of a new store; a store with a past is brought up to date by `upgrade`.

    Raises ConfigurationError for one that a newer version made, and for an older one unless `older`
    is welcome.
    """
    for area, database in databases.items():
        revision = _revision(database)
        state = fit(area, revision)
        if state == "new":
            migrate_area(database)
        else:
            require_fit(area, revision, older=older)


def require_fit(area: str, revision: str | None, *, older: bool = False) -> None:
    """Raise ConfigurationError unless this version can work with it (`older`: or upgrade it)."""
    state = fit(area, revision)
    if state == "newer":
        raise ConfigurationError(
            f"the store ({area}) has revision {revision}: a newer version of Campanile made it.",
            remedy="Install that version; nothing was changed.",
        )
    if state == "older" and not older:
        raise ConfigurationError(
            f"the store ({area}) has revision {revision}; this version of Campanile needs "
            f"{known_revisions(area)[-1]}.",
            remedy="Bring it up to date, with a backup first: campanile upgrade.",
        )


def _revision(database: Database) -> str | None:
    table = f"alembic_version_{database.area}"
    with database.read() as connection:
        if not inspect(connection).has_table(table):
            return None
        found = connection.execute(text(f"SELECT version_num FROM {table}"))  # noqa: S608
        return found.scalar_one_or_none()
