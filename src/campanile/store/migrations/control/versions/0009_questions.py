"""Questions to people with their answers; campaigns that are in review."""

import sqlalchemy as sa
from alembic import op

from campanile.store.database import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_IDENTIFIER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DOCUMENT = sa.JSON(none_as_null=True)
_REVIEWED = "'draft', 'in_review', 'scheduled'"
_BEFORE = "'draft', 'scheduled'"
_REST = ", 'live', 'closed', 'stopped', 'completed', 'archived'"


def upgrade() -> None:
    _change_statuses(_BEFORE, _REVIEWED)
    op.create_table(
        "question",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("execution_id", _IDENTIFIER, nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("asked", _DOCUMENT, nullable=False),
        sa.Column("answers", _DOCUMENT, nullable=False),
        sa.Column("needs", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("barred", _DOCUMENT, nullable=False),
        sa.Column("reminders", _DOCUMENT, nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('approval', 'task', 'publication')", name=op.f("ck_question_kind")
        ),
        sa.CheckConstraint("needs IN ('first', 'all')", name=op.f("ck_question_needs")),
        sa.CheckConstraint(
            "priority IN ('low', 'normal', 'high')", name=op.f("ck_question_priority")
        ),
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaign.name"], name=op.f("fk_question_campaign"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["execution.id"],
            name=op.f("fk_question_execution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    op.create_index("ux_question_activity", "question", ["execution_id", "subject"], unique=True)
    op.create_index("ix_question_campaign", "question", ["campaign", "version"])
    op.create_table(
        "answer",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("question_id", _IDENTIFIER, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("counts_for", _DOCUMENT, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["question.id"],
            name=op.f("fk_answer_question_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
    )
    op.create_index("ix_answer_question_id", "answer", ["question_id"])


def downgrade() -> None:
    op.drop_table("answer")
    op.drop_table("question")
    op.execute("UPDATE campaign SET status = 'draft' WHERE status = 'in_review'")
    _change_statuses(_REVIEWED, _BEFORE)


def _change_statuses(old: str, new: str) -> None:
    """Change what the check of a status allows.

    SQLite changes no check, and a table that is made anew takes its executions with it (their
    foreign keys cascade): so the text of the check is changed in the schema, as SQLite's page on
    ALTER TABLE describes. What is created next makes other connections read the schema again.
    """
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA writable_schema = ON")
        op.execute(
            sa.text(
                "UPDATE sqlite_master SET sql = replace(sql, :old, :new)"
                " WHERE type = 'table' AND name = 'campaign'"
            ).bindparams(old=f"status IN ({old}{_REST})", new=f"status IN ({new}{_REST})")
        )
        op.execute("PRAGMA writable_schema = RESET")
        return
    name = op.f("ck_campaign_status")
    op.drop_constraint(name, "campaign", type_="check")
    op.create_check_constraint(name, "campaign", f"status IN ({new}{_REST})")
