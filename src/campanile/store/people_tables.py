"""Tables of people: accounts, the digests of their tokens, and groups."""

from sqlalchemy import Column, ForeignKeyConstraint, Index, Table, Text, UniqueConstraint

from campanile.people.rights import ROLES
from campanile.store.column_types import Document, Identifier, one_of
from campanile.store.control_tables import metadata
from campanile.store.database import Instant

person = Table(
    "person",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("granted", Document, nullable=False),
    Column("limited_to", Document),
    Column("email", Text),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    one_of("role", ROLES),
)

token = Table(
    "token",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("person", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    ForeignKeyConstraint(["person"], ["person.name"]),
    UniqueConstraint("digest"),
    Index("ix_token_person", "person"),
)

group_member = Table(
    "group_member",
    metadata,
    Column("group_name", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    ForeignKeyConstraint(["person"], ["person.name"]),
)
