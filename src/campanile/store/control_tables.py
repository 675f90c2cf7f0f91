"""Tables of the control area that outlive an execution: entities, audiences, memory, audit."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from campanile.store import campaign_tables
from campanile.store.column_types import Document, Identifier, one_of
from campanile.store.database import Instant

metadata = campaign_tables.metadata  # one area in two modules

project = Table(
    "project",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("identity", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("dagster_identity", Text),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("id = 1", name="only_one"),
)

entity_table = Table(
    "entity_table",
    metadata,
    Column("name", Text, primary_key=True),
    Column("current_version", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

entity_version = Table(
    "entity_version",
    metadata,
    Column("entity", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("paths", Document, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("schema", Document, nullable=False),
    Column("load_key", Text, nullable=False),
    Column("committed_at", Instant, nullable=False),
    ForeignKeyConstraint(["entity"], ["entity_table.name"]),
    UniqueConstraint("entity", "load_key"),
)

load = Table(
    "load",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("entity", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("counts", Document, nullable=False),
    Column("version", Integer),
    Column("rejects_path", Text),
    Column("reason", Text),
    UniqueConstraint("entity", "digest", "mode"),
    one_of("state", ("running", "done", "failed")),
)

audience = Table(
    "audience",
    metadata,
    Column("name", Text, primary_key=True),
    Column("current_version", Integer, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    # Who may read it; and the attributes by which a row is known (none: the dimension's key).
    Column("merge_policy", Text, nullable=False, server_default="default"),
    Column("identity", Document),
)

audience_version = Table(
    "audience_version",
    metadata,
    Column("audience", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("paths", Document, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("schema", Document, nullable=False),
    # No foreign key: a saved audience outlives the campaign that saved it.
    Column("execution_id", Identifier, nullable=False),
    Column("activity", Text, nullable=False),
    Column("attempt", Integer, nullable=False),  # of the segment: a restart saves anew
    Column("committed_at", Instant, nullable=False),
    ForeignKeyConstraint(["audience"], ["audience.name"], ondelete="CASCADE"),
    UniqueConstraint("execution_id", "activity", "attempt"),
)

consumed = Table(
    "consumed",
    metadata,
    # Execution and transition are in the key: rows of a transition that never committed must not
    # stand in the way of the rows of one that did.
    Column("campaign", Text, primary_key=True),
    Column("activity", Text, primary_key=True),
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person", Text, primary_key=True),
    Column("execution_id", Identifier, primary_key=True, autoincrement=False),
    Column("transition", Text, primary_key=True),
    # Of the segment: an attempt that died, or was superseded, may have found other people.
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Index("ix_consumed_execution_id", "execution_id", "transition"),
    sqlite_with_rowid=False,
)

alert = Table(
    "alert",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("execution_id", Identifier, nullable=False),
    Column("activity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("message", Text, nullable=False),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    UniqueConstraint("execution_id", "activity"),
    Index("ix_alert_at", "at"),
)

file_move = Table(
    "file_move",
    metadata,
    Column("execution_id", Identifier, primary_key=True, autoincrement=False),
    Column("activity", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("target", Text),
    Column("local", Text),
    Column("size", BigInteger, nullable=False),
    Column("modified_at", Instant),
    Column("deletes", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("at", Instant, nullable=False),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    one_of("state", ("planned", "written", "arrived", "failed", "settled")),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),  # "campaign:<name>", "execution:<campaign>/<key>" ...
    Column("reason", Text),
    Column("details", Document, nullable=False),
    Index("ix_audit_object", "object", "id"),
    Index("ix_audit_at", "at"),
    sqlite_autoincrement=True,
)
