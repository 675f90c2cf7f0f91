"""The unique key of a message no longer depends on its state: what is left out has no key."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("uq_message_key", table_name="message")
    op.execute("UPDATE message SET message_key = NULL WHERE state = 'excluded'")
    op.create_index("uq_message_key", "message", ["message_key"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_message_key", table_name="message")
    op.create_index(
        "uq_message_key",
        "message",
        ["message_key"],
        unique=True,
        sqlite_where=sa.text("state != 'excluded'"),
        postgresql_where=sa.text("state != 'excluded'"),
    )
