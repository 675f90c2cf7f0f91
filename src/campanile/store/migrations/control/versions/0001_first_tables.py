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
        "audience",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("current_version", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_audience")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_object", "audit", ["object", "id"], unique=False)
    op.create_table(
        "campaign",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("latest_version", sa.Integer(), nullable=False),
        sa.Column("warning", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'scheduled', 'live', 'closed', 'stopped', 'completed', 'archived')",  # noqa: E501
            name=op.f("ck_campaign_status"),
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_campaign")),
    )
    op.create_index("ix_campaign_status", "campaign", ["status"], unique=False)
    op.create_table(
        "consumed",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column(
            "execution_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("transition", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "campaign",
            "activity",
            "event_id",
            "person",
            "execution_id",
            "transition",
            name=op.f("pk_consumed"),
        ),
    )
    op.create_index(
        "ix_consumed_execution_id", "consumed", ["execution_id", "transition"], unique=False
    )
    op.create_table(
        "entity_table",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("current_version", sa.Integer(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_entity_table")),
    )
    op.create_table(
        "load",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("counts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("rejects_path", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_load_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load")),
        sa.UniqueConstraint("entity", "digest", "mode", name=op.f("uq_load_entity_digest_mode")),
    )
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("dagster_identity", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_project_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )
    op.create_table(
        "audience_version",
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("paths", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("schema", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "execution_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("committed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["audience"],
            ["audience.name"],
            name=op.f("fk_audience_version_audience"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("audience", "version", name=op.f("pk_audience_version")),
        sa.UniqueConstraint(
            "execution_id",
            "activity",
            "attempt",
            name=op.f("uq_audience_version_execution_id_activity_attempt"),
        ),
    )
    op.create_table(
        "campaign_version",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("compiled", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("language_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign"],
            ["campaign.name"],
            name=op.f("fk_campaign_version_campaign"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign", "version", name=op.f("pk_campaign_version")),
    )
    op.create_table(
        "entity_version",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("paths", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("schema", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("load_key", sa.Text(), nullable=False),
        sa.Column("committed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity"], ["entity_table.name"], name=op.f("fk_entity_version_entity")
        ),
        sa.PrimaryKeyConstraint("entity", "version", name=op.f("pk_entity_version")),
        sa.UniqueConstraint("entity", "load_key", name=op.f("uq_entity_version_entity_load_key")),
    )
    op.create_table(
        "execution",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("parameters", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("slot", Instant(), nullable=True),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("requested_at", Instant(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('scheduled', 'once', 'manual', 'test', 'signal', 'feedback', 'asap', 'order')",  # noqa: E501
            name=op.f("ck_execution_kind"),
        ),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_execution_mode")),
        sa.CheckConstraint(
            "status IN ('requested', 'running', 'waiting', 'paused', 'held', 'finished', 'failed', 'stopped')",  # noqa: E501
            name=op.f("ck_execution_status"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign", "version"],
            ["campaign_version.campaign", "campaign_version.version"],
            name=op.f("fk_execution_campaign_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_execution")),
        sa.UniqueConstraint("campaign", "key", name=op.f("uq_execution_campaign_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_execution_campaign_version", "execution", ["campaign", "version"], unique=False
    )
    op.create_index(
        "ix_execution_open",
        "execution",
        ["campaign", "status"],
        unique=False,
        sqlite_where=sa.text("status NOT IN ('finished', 'failed', 'stopped')"),
        postgresql_where=sa.text("status NOT IN ('finished', 'failed', 'stopped')"),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column(
            "execution_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["execution.id"],
            name=op.f("fk_alert_execution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint(
            "execution_id", "activity", name=op.f("uq_alert_execution_id_activity")
        ),
    )
    op.create_index("ix_alert_at", "alert", ["at"], unique=False)
    op.create_table(
        "gate",
        sa.Column(
            "execution_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("armed_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("released_at", Instant(), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('wait', 'delivery')", name=op.f("ck_gate_kind")),
        sa.CheckConstraint("state IN ('armed', 'released')", name=op.f("ck_gate_state")),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["execution.id"],
            name=op.f("fk_gate_execution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("execution_id", "activity", name=op.f("pk_gate")),
    )
    op.create_index(
        "ix_gate_armed",
        "gate",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'armed'"),
        postgresql_where=sa.text("state = 'armed'"),
    )
    op.create_table(
        "manifest",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "execution_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("transition", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("not_reached_reason", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("schema", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sql", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("committed_at", Instant(), nullable=False),
        sa.Column("superseded_at", Instant(), nullable=True),
        sa.CheckConstraint("reached OR rows = 0", name=op.f("ck_manifest_unreached_is_empty")),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_manifest_rows")),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["execution.id"],
            name=op.f("fk_manifest_execution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manifest")),
    )
    op.create_index(
        "ux_manifest_committed",
        "manifest",
        ["execution_id", "transition"],
        unique=True,
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "occurrence",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("slot", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "execution_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("claimed_by", sa.Text(), nullable=False),
        sa.Column("claimed_at", Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('claimed', 'skipped', 'held', 'missed')", name=op.f("ck_occurrence_state")
        ),
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaign.name"], name=op.f("fk_occurrence_campaign"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["execution.id"],
            name=op.f("fk_occurrence_execution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign", "slot", name=op.f("pk_occurrence")),
    )
    op.create_index("ix_occurrence_execution_id", "occurrence", ["execution_id"], unique=False)
    op.create_table(
        "segment",
        sa.Column(
            "execution_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("pins", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("ready_at", Instant(), nullable=False),
        sa.Column("requested_at", Instant(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "state IN ('ready', 'requested', 'started', 'succeeded', 'failed', 'held', 'superseded')",  # noqa: E501
            name=op.f("ck_segment_state"),
        ),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_segment_attempt")),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["execution.id"],
            name=op.f("fk_segment_execution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("execution_id", "name", name=op.f("pk_segment")),
    )
    op.create_index(
        "ix_segment_unsettled",
        "segment",
        ["state", "due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('ready', 'requested', 'started', 'held')"),
        postgresql_where=sa.text("state IN ('ready', 'requested', 'started', 'held')"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_segment_unsettled",
        table_name="segment",
        sqlite_where=sa.text("state IN ('ready', 'requested', 'started', 'held')"),
        postgresql_where=sa.text("state IN ('ready', 'requested', 'started', 'held')"),
    )
    op.drop_table("segment")
    op.drop_index("ix_occurrence_execution_id", table_name="occurrence")
    op.drop_table("occurrence")
    op.drop_index(
        "ux_manifest_committed",
        table_name="manifest",
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.drop_table("manifest")
    op.drop_index(
        "ix_gate_armed",
        table_name="gate",
        sqlite_where=sa.text("state = 'armed'"),
        postgresql_where=sa.text("state = 'armed'"),
    )
    op.drop_table("gate")
    op.drop_index("ix_alert_at", table_name="alert")
    op.drop_table("alert")
    op.drop_index(
        "ix_execution_open",
        table_name="execution",
        sqlite_where=sa.text("status NOT IN ('finished', 'failed', 'stopped')"),
        postgresql_where=sa.text("status NOT IN ('finished', 'failed', 'stopped')"),
    )
    op.drop_index("ix_execution_campaign_version", table_name="execution")
    op.drop_table("execution")
    op.drop_table("entity_version")
    op.drop_table("campaign_version")
    op.drop_table("audience_version")
    op.drop_table("project")
    op.drop_table("load")
    op.drop_table("entity_table")
    op.drop_index("ix_consumed_execution_id", table_name="consumed")
    op.drop_table("consumed")
    op.drop_index("ix_campaign_status", table_name="campaign")
    op.drop_table("campaign")
    op.drop_index("ix_audit_object", table_name="audit")
    op.drop_index("ix_audit_at", table_name="audit")
    op.drop_table("audit")
    op.drop_table("audience")
