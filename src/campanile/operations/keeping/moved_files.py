"""The store names files of the lake by where they are: after a move, it names them anew."""

from pathlib import Path

from sqlalchemy import Table, select, update

from campanile.store.campaign_tables import manifest
from campanile.store.control_tables import audience_version, entity_version
from campanile.store.database import Database

_BATCH = 1_000


def move_paths(control: Database, old: Path, new: Path) -> int:
    """Name every file below `old` as one below `new`; returns the rows that changed."""
    if old == new:
        return 0
    tables = (entity_version, audience_version)
    return sum(_move_lists(control, each, old, new) for each in tables) + _move_tables(
        control, old, new
    )


def _move_lists(control: Database, table: Table, old: Path, new: Path) -> int:
    """Versions: each row has a list of files."""
    keys = list(table.primary_key.columns)
    with control.read() as connection:
        rows = connection.execute(select(*keys, table.c.paths)).all()
    with control.write() as connection:
        for *key, paths in rows:
            mine = [column == value for column, value in zip(keys, key, strict=True)]
            moved = [_moved(path, old, new) for path in paths]
            connection.execute(update(table).where(*mine).values(paths=moved))
    return len(rows)


def _move_tables(control: Database, old: Path, new: Path) -> int:
    """Working tables: each row has one file, and there are many rows."""
    query = select(manifest.c.id, manifest.c.path).where(manifest.c.path.is_not(None))
    with control.read() as connection:
        rows = connection.execute(query).all()
    for start in range(0, len(rows), _BATCH):
        with control.write() as connection:
            for number, path in rows[start : start + _BATCH]:
                moved = update(manifest).where(manifest.c.id == number)
                connection.execute(moved.values(path=_moved(path, old, new)))
    return len(rows)


def _moved(path: str, old: Path, new: Path) -> str:
    given = Path(path)
    return str(new / given.relative_to(old)) if given.is_relative_to(old) else path
