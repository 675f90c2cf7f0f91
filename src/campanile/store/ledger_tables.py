"""The tables of the ledger: deliveries, messages, consent, suppression, control of sending."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from campanile.deliveries.states import MESSAGE_STATES
from campanile.store.column_types import Document, new_metadata, one_of
from campanile.store.database import Instant

metadata = new_metadata()

# Ids are never given out twice (AUTOINCREMENT): tokens in sent mail carry them for ever.
delivery = Table(
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("campaign", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("execution_id", Integer, nullable=False),
    Column("execution_key", String(80), nullable=False),
    Column("activity", String(60), nullable=False),
    Column("mode", String(4), nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", Text),
    Column("content_digest", String(64), nullable=False),
    Column("settings", Document, nullable=False),
    Column("generation", Integer, nullable=False, server_default=text("0")),
    Column("slice", Integer, nullable=False, server_default=text("0")),
    Column("slice_attempt", Integer, nullable=False, server_default=text("0")),
    Column("planned", Integer, nullable=False, server_default=text("0")),
    Column("planned_complete", Boolean, nullable=False, server_default=text("false")),
    Column("counts", Document),
    Column("errors_accepted", Boolean, nullable=False, server_default=text("false")),
    Column("paced_until", Instant),
    Column("content_date", Instant, nullable=False),
    Column("send_after", Instant),
    Column("expires_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("only_retries_since", Instant),
    Column("finished_at", Instant),
    UniqueConstraint("campaign", "execution_id", "activity"),
    Index("ix_delivery_state", "state"),
    sqlite_autoincrement=True,
)

delivery_content = Table(
    "delivery_content",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("content", Text, nullable=False),
)

# `epoch` names the lease under which a message is held; `attempt` counts its claims.
message = Table(
    "message",
    metadata,
    Column("delivery_id", Integer, ForeignKey("delivery.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("state", String(9), nullable=False),
    Column("reason", String(20)),
    Column("person", Text, nullable=False),
    Column("row_key", Text, nullable=False),
    Column("address", Text),
    Column("address_hash", LargeBinary(16)),
    Column("message_key", LargeBinary(16)),
    Column("language", String(35)),
    Column("variant", String(60)),
    Column("fields", Text, nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("doubts", SmallInteger, nullable=False),
    Column("not_before", Instant),
    Column("code", SmallInteger),
    Column("enhanced", String(12)),
    Column("detail", Text),
    Column("epoch", BigInteger),
    Column("first_tried_at", Instant),
    Column("claimed_at", Instant),
    Column("settled_at", Instant),
    one_of("state", MESSAGE_STATES),
    sqlite_with_rowid=False,
)
_WAITING = message.c.state == "waiting"
_HELD = message.c.state == "in_flight"
# Rows that the plan left out have no key. The index must not name the state: every change of state
# would take the key out and put it back in at a random place, two thirds of the cost of a send.
Index("uq_message_key", message.c.message_key, unique=True)
Index(
    "ix_message_waiting",
    message.c.delivery_id,
    message.c.not_before,
    message.c.ordinal,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)
Index(
    "ix_message_held",
    message.c.delivery_id,
    message.c.epoch,
    sqlite_where=_HELD,
    postgresql_where=_HELD,
)
# For the view of one person, and for erasing them.
Index("ix_message_address_hash", message.c.address_hash)

# One row per (channel, topic or '*', address): the latest decision. `generation` grows with
# every change, so that a sending process finds what is new to it.
consent = Table(
    "consent",
    metadata,
    Column("channel", String(20), primary_key=True),
    Column("topic", String(60), primary_key=True),
    Column("address_hash", LargeBinary(16), primary_key=True),
    Column("decision", String(3), nullable=False),
    Column("at", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    one_of("decision", ("in", "out")),
    sqlite_with_rowid=False,
)

suppression = Table(
    "suppression",
    metadata,
    Column("channel", String(20), primary_key=True),
    Column("address_hash", LargeBinary(16), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("generation", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# One row (id 1). `sequence` counts messages ever claimed; `epoch` the leases ever given out.
sending_control = Table(
    "sending_control",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("armed", Boolean, nullable=False),
    Column("halted", Boolean, nullable=False),
    Column("identity", String(80), nullable=False),
    Column("reason", Text),
    Column("generation", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("changed_at", Instant),
)

# The lease of one sending process on one delivery; its row goes when it has given everything back.
worker = Table(
    "worker",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", String(40), nullable=False, unique=True),
    Column("delivery_id", Integer, ForeignKey("delivery.id"), nullable=False, index=True),
    Column("host", String(80), nullable=False),
    Column("boot", String(40), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("heartbeat_at", Instant, nullable=False),
    Column("lease_until", Instant, nullable=False),
)
