"""Tables of what happens on the way of an execution: signals, pauses, errors, and who is told."""

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, Table, Text, text

from campanile.store import campaign_tables
from campanile.store.column_types import Document, Identifier, one_of
from campanile.store.database import Instant

metadata = campaign_tables.metadata  # one area in several modules

# A signal that came with a key of its sender: the same key again starts nothing anew.
signal = Table(
    "signal",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("execution_id", Identifier, nullable=False),
    Column("at", Instant, nullable=False),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    Index("ix_signal_execution_id", "execution_id"),
)

# Where an execution stands still because its author said so; passed when it is resumed.
activity_pause = Table(
    "activity_pause",
    metadata,
    Column("execution_id", Identifier, primary_key=True, autoincrement=False),
    Column("activity", Text, primary_key=True),
    Column("paused_at", Instant, nullable=False),
    Column("passed_at", Instant),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
)

# The last error of an activity; it goes when the activity commits, but for one that was ignored.
activity_error = Table(
    "activity_error",
    metadata,
    Column("execution_id", Identifier, primary_key=True, autoincrement=False),
    Column("activity", Text, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("at", Instant, nullable=False),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    one_of("policy", ("retry", "ignore")),
)

# What people are told by mail; written with what it tells of, sent by the clock.
notice = Table(
    "notice",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("execution_id", Identifier),  # it tells of, or of a question
    Column("question_id", Identifier),
    Column("title", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("told", Document, nullable=False),  # digests of the addresses that have it
    Column("attempts", Integer, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("reason", Text),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["question_id"], ["question.id"], ondelete="CASCADE"),
    one_of("kind", ("alert", "paused", "failed", "held", "asked", "reminder", "decided")),
    one_of("state", ("waiting", "sent", "given_up")),
    Index("ix_notice_execution_id", "execution_id"),
    Index("ix_notice_question_id", "question_id"),
)
_WAITING = text("state = 'waiting'")
Index(
    "ix_notice_waiting",
    notice.c.not_before,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)

# Who is told of alerts beside the supervisors; of all campaigns where none is named.
subscription = Table(
    "subscription",
    metadata,
    Column("address", Text, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
)
