"""Files that activities copy, write or delete."""

import sqlalchemy as sa
from alembic import op

from campanile.store.database import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_move",
        sa.Column(
            "execution_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text()),
        sa.Column("local", sa.Text()),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", Instant()),
        sa.Column("deletes", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint(
            "state IN ('planned', 'written', 'arrived', 'failed', 'settled')",
            name=op.f("ck_file_move_state"),
        ),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["execution.id"],
            name=op.f("fk_file_move_execution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("execution_id", "activity", "number", name=op.f("pk_file_move")),
    )


def downgrade() -> None:
    op.drop_table("file_move")
