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
        "raw_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("delivery", sa.BigInteger(), nullable=True),
        sa.Column("ordinal", sa.BigInteger(), nullable=True),
        sa.Column("link_number", sa.Integer(), nullable=True),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("remote", sa.Text(), nullable=True),
        sa.Column("raw", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_event")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_raw_event_message", "raw_event", ["delivery", "ordinal"], unique=False)
    op.create_index("ix_raw_event_received_at", "raw_event", ["received_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_raw_event_received_at", table_name="raw_event")
    op.drop_index("ix_raw_event_message", table_name="raw_event")
    op.drop_table("raw_event")
