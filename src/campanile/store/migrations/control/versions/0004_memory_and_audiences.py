"""Consumed rows know the attempt they were written by; audiences their identity and policy."""

import sqlalchemy as sa
from alembic import op

from campanile.store.database import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEY = ("campaign", "activity", "event_id", "person", "execution_id", "transition")
_COMMITTED = (
    "SELECT max(m.attempt) FROM manifest AS m WHERE m.execution_id = c.execution_id"
    " AND m.transition = c.transition AND m.superseded_at IS NULL"
)


def upgrade() -> None:
    if _is_sqlite():
        _make_anew("attempt", f"coalesce(({_COMMITTED}), 0)")
    else:
        op.add_column("consumed", sa.Column("attempt", sa.Integer(), nullable=True))
        op.execute(f"UPDATE consumed AS c SET attempt = coalesce(({_COMMITTED}), 0)")  # noqa: S608
        op.alter_column("consumed", "attempt", nullable=False)
        op.drop_constraint("pk_consumed", "consumed")
        op.create_primary_key("pk_consumed", "consumed", [*_KEY, "attempt"])
    policy = sa.Column("merge_policy", sa.Text(), nullable=False, server_default="default")
    op.add_column("audience", policy)
    op.add_column("audience", sa.Column("identity", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("audience", "identity")
    op.drop_column("audience", "merge_policy")
    counting = f"attempt = coalesce(({_COMMITTED}), -1)"
    op.execute(f"DELETE FROM consumed AS c WHERE NOT {counting}")  # noqa: S608
    if _is_sqlite():
        _make_anew("", "")
    else:
        op.drop_constraint("pk_consumed", "consumed")
        op.create_primary_key("pk_consumed", "consumed", list(_KEY))
        op.drop_column("consumed", "attempt")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _make_anew(column: str, value: str) -> None:
    """Make the table of SQLite anew, with `column` in its key where one is named."""
    more = (column,) if column else ()
    op.drop_index("ix_consumed_execution_id", table_name="consumed")
    op.rename_table("consumed", "consumed_old")
    op.create_table(
        "consumed",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("execution_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("transition", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), autoincrement=False, nullable=False) for name in more),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, *more, name=op.f("pk_consumed")),
        sqlite_with_rowid=not more,
    )
    kept = (*_KEY, "at")
    named, values = ", ".join((*kept, *more)), ", ".join((*kept, *([value] if value else [])))
    op.execute(f"INSERT INTO consumed ({named}) SELECT {values} FROM consumed_old AS c")  # noqa: S608
    op.drop_table("consumed_old")
    op.create_index("ix_consumed_execution_id", "consumed", ["execution_id", "transition"])
