"""Tables of the events area: what came in from recipients and providers, as it came."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from campanile.store.column_types import Document, Identifier, new_metadata
from campanile.store.database import Instant

metadata = new_metadata()

raw_event = Table(
    "raw_event",
    metadata,
    Column("id", Identifier, primary_key=True),  # rises in the order of commits
    Column("received_at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("delivery", BigInteger),
    Column("ordinal", BigInteger),
    Column("link_number", Integer),
    Column("method", Text),
    Column("user_agent", Text),
    Column("purpose", Text),  # of Sec-Purpose or Purpose: prefetch, preview
    Column("value", Text),
    Column("remote", Text),  # network prefix or hash, never a whole address
    Column("raw", Document),
    Index("ix_raw_event_message", "delivery", "ordinal"),
    Index("ix_raw_event_received_at", "received_at"),
    sqlite_autoincrement=True,  # a purged id is never given again: watermarks only rise
)
