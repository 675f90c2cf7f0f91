"""Notices that tell of a question to people."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_IDENTIFIER: sa.types.TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BEFORE = "kind IN ('alert', 'paused', 'failed', 'held')"
_KINDS = "kind IN ('alert', 'paused', 'failed', 'held', 'asked', 'reminder', 'decided')"


def upgrade() -> None:
    with op.batch_alter_table("notice") as notice:
        notice.add_column(sa.Column("question_id", _IDENTIFIER, nullable=True))
        notice.alter_column("execution_id", existing_type=_IDENTIFIER, nullable=True)
        notice.drop_constraint(op.f("ck_notice_kind"), type_="check")
        notice.create_check_constraint(op.f("ck_notice_kind"), _KINDS)
        notice.create_foreign_key(
            op.f("fk_notice_question_id"), "question", ["question_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index(op.f("ix_notice_question_id"), "notice", ["question_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_notice_question_id"), table_name="notice")
    op.execute("DELETE FROM notice WHERE question_id IS NOT NULL")
    with op.batch_alter_table("notice") as notice:
        notice.drop_constraint(op.f("fk_notice_question_id"), type_="foreignkey")
        notice.drop_constraint(op.f("ck_notice_kind"), type_="check")
        notice.create_check_constraint(op.f("ck_notice_kind"), _BEFORE)
        notice.alter_column("execution_id", existing_type=_IDENTIFIER, nullable=False)
        notice.drop_column("question_id")
