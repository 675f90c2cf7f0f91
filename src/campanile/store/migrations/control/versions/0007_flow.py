"""Signals with a key, gates that signals open, pauses and errors of activities, and notices."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from campanile.store.database import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_IDENTIFIER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    _widen_gates()
    op.create_table(
        "signal",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("execution_id", _IDENTIFIER, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        _of_execution("signal"),
        sa.PrimaryKeyConstraint("campaign", "key", name=op.f("pk_signal")),
    )
    op.create_index(op.f("ix_signal_execution_id"), "signal", ["execution_id"])
    op.create_table(
        "activity_pause",
        *_of_activity(),
        sa.Column("paused_at", Instant(), nullable=False),
        sa.Column("passed_at", Instant(), nullable=True),
        _of_execution("activity_pause"),
        sa.PrimaryKeyConstraint("execution_id", "activity", name=op.f("pk_activity_pause")),
    )
    op.create_table(
        "activity_error",
        *_of_activity(),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("policy IN ('retry', 'ignore')", name=op.f("ck_activity_error_policy")),
        _of_execution("activity_error"),
        sa.PrimaryKeyConstraint("execution_id", "activity", name=op.f("pk_activity_error")),
    )
    _create_notices()


def _widen_gates() -> None:
    kinds = "kind IN ('wait', 'delivery', 'signal', 'approval', 'task')"
    with op.batch_alter_table("gate") as gate:
        gate.add_column(sa.Column("when_due", sa.Text(), nullable=True))
        gate.add_column(sa.Column("signal", sa.Text(), nullable=True))
        gate.add_column(
            sa.Column("signals", sa.Integer(), server_default=sa.text("'0'"), nullable=False)
        )
        gate.drop_constraint(op.f("ck_gate_kind"), type_="check")
        gate.create_check_constraint(op.f("ck_gate_kind"), kinds)


def _create_notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("execution_id", _IDENTIFIER, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("told", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('alert', 'paused', 'failed', 'held')", name=op.f("ck_notice_kind")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'given_up')", name=op.f("ck_notice_state")
        ),
        _of_execution("notice"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_notice_key")),
    )
    op.create_index(op.f("ix_notice_execution_id"), "notice", ["execution_id"])
    op.create_index(
        "ix_notice_waiting",
        "notice",
        ["not_before"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_table(
        "subscription",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", "campaign", name=op.f("pk_subscription")),
    )


def _of_activity() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("execution_id", _IDENTIFIER, autoincrement=False, nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
    )


def _of_execution(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_execution_id")
    return sa.ForeignKeyConstraint(
        ["execution_id"], ["execution.id"], name=name, ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in ("subscription", "notice", "activity_error", "activity_pause", "signal"):
        op.drop_table(table)
    with op.batch_alter_table("gate") as gate:
        gate.drop_constraint(op.f("ck_gate_kind"), type_="check")
        gate.create_check_constraint(op.f("ck_gate_kind"), "kind IN ('wait', 'delivery')")
        for column in ("signals", "signal", "when_due"):
            gate.drop_column(column)
