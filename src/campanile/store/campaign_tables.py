"""Tables of campaigns and their executions: versions, segments, gates, and what is committed."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from campanile.campaigns.life import STATUSES
from campanile.store.column_types import Document, Identifier, new_metadata, one_of
from campanile.store.database import Instant

EXECUTION_KINDS = ("scheduled", "once", "manual", "test", "signal", "feedback", "asap", "order")
EXECUTION_STATUSES = (
    "requested",  # nothing has run yet
    "running",  # a segment is ready, asked for, or under way
    "waiting",  # for gates only, or queued behind an earlier execution
    "paused",  # by a person, or after failures; nothing new starts
    "held",  # late: a person releases or skips it
    "finished",
    "failed",
    "stopped",
)
FINAL_STATUSES = ("finished", "failed", "stopped")
SEGMENT_STATES = (
    "ready",
    "requested",  # Dagster was asked for a run
    "started",
    "succeeded",
    "failed",
    "held",  # the code location cannot run it; the reason says why
    "superseded",  # by a restart further up; becomes ready again with a new attempt
)
GATE_KINDS = ("wait", "delivery", "signal", "approval", "task")

metadata = new_metadata()

campaign = Table(
    "campaign",
    metadata,
    Column("name", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("published_version", Integer),
    Column("latest_version", Integer, nullable=False),
    Column("warning", Text),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    one_of("status", STATUSES),
    Index("ix_campaign_status", "status"),
)

campaign_version = Table(
    "campaign_version",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("compiled", Document, nullable=False),
    Column("language_version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    ForeignKeyConstraint(["campaign"], ["campaign.name"], ondelete="CASCADE"),
)

execution = Table(
    "execution",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("parameters", Document, nullable=False),
    Column("slot", Instant),
    Column("due_at", Instant, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("in_error", Boolean, nullable=False, server_default=false()),
    Column("simulation", Document),  # of a test only
    ForeignKeyConstraint(
        ["campaign", "version"],
        ["campaign_version.campaign", "campaign_version.version"],
        ondelete="CASCADE",
    ),
    UniqueConstraint("campaign", "key"),
    one_of("kind", EXECUTION_KINDS),
    one_of("mode", ("live", "test")),
    one_of("status", EXECUTION_STATUSES),
    sqlite_autoincrement=True,  # an id is never given twice: run keys are made of it
)
_NOT_FINAL = text("status NOT IN ('finished', 'failed', 'stopped')")
Index(
    "ix_execution_open",
    execution.c.campaign,
    execution.c.status,
    sqlite_where=_NOT_FINAL,
    postgresql_where=_NOT_FINAL,
)
Index("ix_execution_campaign_version", execution.c.campaign, execution.c.version)

occurrence = Table(
    "occurrence",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("slot", Instant, primary_key=True),
    Column("state", Text, nullable=False),
    Column("execution_id", Identifier),
    Column("claimed_by", Text, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("reason", Text),
    ForeignKeyConstraint(["campaign"], ["campaign.name"], ondelete="CASCADE"),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    one_of("state", ("claimed", "skipped", "held", "missed")),
    Index("ix_occurrence_execution_id", "execution_id"),
)

segment = Table(
    "segment",
    metadata,
    Column("execution_id", Identifier, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("failures", Integer, nullable=False),  # consecutive, since the last resume
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("run_id", Text),
    Column("due_at", Instant, nullable=False),  # the logical now() of everything in it
    Column("pins", Document),
    Column("ready_at", Instant, nullable=False),
    Column("requested_at", Instant),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    one_of("state", SEGMENT_STATES),
    CheckConstraint("attempt >= 1", name="attempt"),
)
_UNSETTLED = text("state IN ('ready', 'requested', 'started', 'held')")
Index(
    "ix_segment_unsettled",
    segment.c.state,
    segment.c.due_at,
    sqlite_where=_UNSETTLED,
    postgresql_where=_UNSETTLED,
)

manifest = Table(
    "manifest",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("execution_id", Identifier, nullable=False),
    Column("transition", Text, nullable=False),
    Column("activity", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("reached", Boolean, nullable=False),
    Column("not_reached_reason", Text),
    Column("path", Text),
    Column("schema", Document, nullable=False),
    Column("sql", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("details", Document, nullable=False),
    Column("committed_at", Instant, nullable=False),
    Column("superseded_at", Instant),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    CheckConstraint("rows >= 0", name="rows"),
    CheckConstraint("reached OR rows = 0", name="unreached_is_empty"),
)
_CURRENT = text("superseded_at IS NULL")
Index(
    "ux_manifest_committed",
    manifest.c.execution_id,
    manifest.c.transition,
    unique=True,
    sqlite_where=_CURRENT,
    postgresql_where=_CURRENT,
)

gate = Table(
    "gate",
    metadata,
    Column("execution_id", Identifier, primary_key=True, autoincrement=False),
    Column("activity", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("armed_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("released_at", Instant),
    Column("released_by", Text),
    Column("outcome", Text),
    Column("when_due", Text),  # the outcome when the clock opens it
    Column("signal", Text),  # what it waits for
    Column("signals", Integer, nullable=False, server_default="0"),  # that came
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    one_of("kind", GATE_KINDS),
    one_of("state", ("armed", "released")),
)
_ARMED = text("state = 'armed'")
Index("ix_gate_armed", gate.c.due_at, sqlite_where=_ARMED, postgresql_where=_ARMED)

# One of an activity in an execution: what is computed anew (a restart) is judged anew.
check_hold = Table(
    "check_hold",
    metadata,
    Column("execution_id", Identifier, primary_key=True, autoincrement=False),
    Column("activity", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("results", Document, nullable=False),
    Column("held_at", Instant, nullable=False),
    Column("decision", Text),
    Column("decided_at", Instant),
    Column("decided_by", Text),
    Column("decided_why", Text),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    one_of("decision", ("approved", "rejected")),
)
