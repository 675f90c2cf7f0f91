"""A test execution keeps what it was told: how far it goes, and what it takes for granted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("execution", sa.Column("simulation", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("execution", "simulation")
