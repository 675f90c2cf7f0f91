"""First tables."""

import sqlalchemy as sa
from alembic import op

from campanile.store.database import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("decision", sa.String(length=3), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("decision IN ('in', 'out')", name=op.f("ck_consent_decision")),
        sa.PrimaryKeyConstraint("channel", "topic", "address_hash", name=op.f("pk_consent")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("execution_id", sa.Integer(), nullable=False),
        sa.Column("execution_key", sa.String(length=80), nullable=False),
        sa.Column("activity", sa.String(length=60), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("settings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("generation", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("slice", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("slice_attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("planned", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "planned_complete", sa.Boolean(), server_default=sa.text("(false)"), nullable=False
        ),
        sa.Column("counts", sa.JSON(none_as_null=True), nullable=True),
        sa.Column(
            "errors_accepted", sa.Boolean(), server_default=sa.text("(false)"), nullable=False
        ),
        sa.Column("paced_until", Instant(), nullable=True),
        sa.Column("content_date", Instant(), nullable=False),
        sa.Column("send_after", Instant(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("only_retries_since", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "campaign",
            "execution_id",
            "activity",
            name=op.f("uq_delivery_campaign_execution_id_activity"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_state", "delivery", ["state"], unique=False)
    op.create_table(
        "delivery_content",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_delivery_content")),
    )
    op.create_table(
        "sending_control",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("armed", sa.Boolean(), nullable=False),
        sa.Column("halted", sa.Boolean(), nullable=False),
        sa.Column("identity", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sending_control")),
    )
    op.create_table(
        "suppression",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address_hash", name=op.f("pk_suppression")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "message",
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("address_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("message_key", sa.LargeBinary(length=16), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("variant", sa.String(length=60), nullable=True),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("doubts", sa.SmallInteger(), nullable=False),
        sa.Column("not_before", Instant(), nullable=True),
        sa.Column("code", sa.SmallInteger(), nullable=True),
        sa.Column("enhanced", sa.String(length=12), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("first_tried_at", Instant(), nullable=True),
        sa.Column("claimed_at", Instant(), nullable=True),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'in_flight', 'sent', 'failed', 'excluded', 'uncertain')",
            name=op.f("ck_message_state"),
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_message_delivery_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", "ordinal", name=op.f("pk_message")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_message_address_hash", "message", ["address_hash"], unique=False)
    op.create_index(
        "ix_message_held",
        "message",
        ["delivery_id", "epoch"],
        unique=False,
        sqlite_where=sa.text("state = 'in_flight'"),
        postgresql_where=sa.text("state = 'in_flight'"),
    )
    op.create_index(
        "ix_message_waiting",
        "message",
        ["delivery_id", "not_before", "ordinal"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_message_key",
        "message",
        ["message_key"],
        unique=True,
        sqlite_where=sa.text("state != 'excluded'"),
        postgresql_where=sa.text("state != 'excluded'"),
    )
    op.create_table(
        "worker",
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=80), nullable=False),
        sa.Column("boot", sa.String(length=40), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("heartbeat_at", Instant(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_worker_delivery_id")
        ),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_worker")),
        sa.UniqueConstraint("owner", name=op.f("uq_worker_owner")),
    )
    op.create_index(op.f("ix_worker_delivery_id"), "worker", ["delivery_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_worker_delivery_id"), table_name="worker")
    op.drop_table("worker")
    op.drop_index(
        "uq_message_key",
        table_name="message",
        sqlite_where=sa.text("state != 'excluded'"),
        postgresql_where=sa.text("state != 'excluded'"),
    )
    op.drop_index(
        "ix_message_waiting",
        table_name="message",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index(
        "ix_message_held",
        table_name="message",
        sqlite_where=sa.text("state = 'in_flight'"),
        postgresql_where=sa.text("state = 'in_flight'"),
    )
    op.drop_index("ix_message_address_hash", table_name="message")
    op.drop_table("message")
    op.drop_table("suppression")
    op.drop_table("sending_control")
    op.drop_table("delivery_content")
    op.drop_index("ix_delivery_state", table_name="delivery")
    op.drop_table("delivery")
    op.drop_table("consent")
