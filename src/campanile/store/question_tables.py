"""Tables of questions to people, and of their answers."""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, Table, Text

from campanile.campaigns.questions import KINDS
from campanile.store import campaign_tables
from campanile.store.column_types import Document, Identifier, one_of
from campanile.store.database import Instant

metadata = campaign_tables.metadata  # one area in several modules

# Of an activity, one in an execution: its gate says whether it is open, and how it was decided.
# The last five columns are of publications, which have no gate.
question = Table(
    "question",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("execution_id", Identifier),
    Column("subject", Text, nullable=False),  # the activity, or the policy that asks
    Column("text", Text, nullable=False),
    Column("rows", BigInteger),  # that were counted when it was asked
    Column("asked", Document, nullable=False),
    Column("answers", Document, nullable=False),
    Column("needs", Text, nullable=False),
    Column("reviewer", Text),
    Column("priority", Text, nullable=False),
    Column("barred", Document, nullable=False),
    Column("reminders", Document, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("due_at", Instant),
    Column("outcome", Text),
    Column("closed_at", Instant),
    Column("closed_by", Text),
    Column("reason", Text),
    ForeignKeyConstraint(["campaign"], ["campaign.name"], ondelete="CASCADE"),
    ForeignKeyConstraint(["execution_id"], ["execution.id"], ondelete="CASCADE"),
    one_of("kind", KINDS),
    one_of("needs", ("first", "all")),
    one_of("priority", ("low", "normal", "high")),
    Index("ux_question_activity", "execution_id", "subject", unique=True),
    Index("ix_question_campaign", "campaign", "version"),
)

answer = Table(
    "answer",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("question_id", Identifier, nullable=False),
    Column("person", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("counts_for", Document, nullable=False),
    Column("at", Instant, nullable=False),
    ForeignKeyConstraint(["question_id"], ["question.id"], ondelete="CASCADE"),
    Index("ix_answer_question_id", "question_id"),
)
