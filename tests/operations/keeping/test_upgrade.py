"""A store of an older version is refused until `upgrade` has made a backup and migrated it."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect

from campanile.errors import ConfigurationError, EngineError, Refused
from campanile.operations.hosting.heartbeat import note_tick
from campanile.operations.keeping.archive import read_archive
from campanile.operations.keeping.upgrade import upgrade
from campanile.store import migration
from campanile.store.revisions import revisions

NEXT = '''"""One more column."""
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{last}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("raw_event", sa.Column("colour", sa.Text()))
'''


@pytest.fixture
def newer(town, tmp_path, monkeypatch):
    """The product one revision on; the store of `town` is the older one now."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migration.__file__).parent / "migrations", folder)
    last = migration.known_revisions("events")[-1]
    (folder / "events" / "versions" / "9999_colour.py").write_text(NEXT.format(last=last))
    monkeypatch.setattr(migration, "_FOLDER", folder)
    return town


def columns(project):
    with project.store.databases["events"].read() as connection:
        return {column["name"] for column in inspect(connection).get_columns("raw_event")}


def test_an_older_store_is_refused_with_the_command_that_helps(newer, reopen):
    with pytest.raises(ConfigurationError, match="campanile upgrade"):
        reopen(newer.project.folder, newer.project)

    assert "colour" not in columns(newer.project)


def test_upgrade_makes_a_backup_of_the_store_as_it_was_and_migrates(newer, reopen, tmp_path):
    project = reopen(newer.project.folder, newer.project, outdated=True)
    before = revisions(project.store.databases)

    done = upgrade(project, tmp_path / "backup.tar", actor="test")

    assert done.backup == tmp_path / "backup.tar"
    assert read_archive(done.backup).facts["revisions"] == before
    assert "colour" in columns(project)
    assert reopen(newer.project.folder, newer.project).store.entities.current()


def test_upgrading_again_changes_nothing_and_makes_no_backup(newer, reopen, tmp_path):
    project = reopen(newer.project.folder, newer.project, outdated=True)
    upgrade(project, tmp_path / "one.tar", actor="test")

    again = upgrade(project, tmp_path / "two.tar", actor="test")

    assert again.backup is None
    assert not (tmp_path / "two.tar").exists()


def test_nothing_is_upgraded_without_its_backup(newer, reopen, tmp_path):
    project = reopen(newer.project.folder, newer.project, outdated=True)

    with pytest.raises((EngineError, Refused)):
        upgrade(project, tmp_path / "nowhere" / "one.tar", actor="test")

    assert "colour" not in columns(project)


def test_upgrade_waits_until_clock_and_send_runs_are_gone(planned, newer, reopen, tmp_path):
    project = reopen(newer.project.folder, newer.project, outdated=True)
    note_tick(project.state, newer.clock() - timedelta(seconds=30))
    with pytest.raises(Refused, match="clock ticked"):
        upgrade(project, tmp_path / "one.tar", actor="test")
    newer.clock.forward(minutes=10)
    delivery = project.store.deliveries.unfinished()[0]
    project.store.leases.register("w", delivery.id, "host", "boot", newer.clock())

    with pytest.raises(Refused, match="1 processes send"):
        upgrade(project, tmp_path / "one.tar", actor="test")

    assert "colour" not in columns(project)


def test_a_store_of_a_newer_version_is_left_alone(newer, reopen, tmp_path, monkeypatch):
    project = reopen(newer.project.folder, newer.project, outdated=True)
    upgrade(project, tmp_path / "one.tar", actor="test")
    monkeypatch.setattr(
        migration, "_FOLDER", Path(migration.__file__).parent / "migrations"
    )  # the older product again

    with pytest.raises(ConfigurationError, match="newer version"):
        reopen(newer.project.folder, newer.project)
