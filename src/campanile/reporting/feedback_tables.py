"""The feedback tables: their columns, and how raw events become events of people and machines."""

import sqlglot
from sqlglot import exp

from campanile.relations.feedback_schema import EVENTS, MESSAGES
from campanile.relations.relation import Relation
from campanile.relations.types import Schema, Type

__all__ = [
    "EVENTS",
    "EVENTS_TABLE",
    "LINKS",
    "LINKS_TABLE",
    "MESSAGES",
    "MESSAGES_TABLE",
    "RAW",
    "RAW_TABLE",
    "STORED_MESSAGES",
]

MESSAGES_TABLE = "feedback__messages"
EVENTS_TABLE = "feedback__events"
RAW_TABLE = "raw__events"
LINKS_TABLE = "raw__links"

STORED_MESSAGES: Schema = {**MESSAGES, "content": Type.INTEGER}  # which of a delivery's contents
RAW: Schema = {
    "event_id": Type.INTEGER,
    "at": Type.TIMESTAMP,
    "kind": Type.TEXT,
    "delivery": Type.INTEGER,
    "ordinal": Type.INTEGER,
    "link_number": Type.INTEGER,
    "method": Type.TEXT,
    "user_agent": Type.TEXT,
    "purpose": Type.TEXT,
    "remote": Type.TEXT,
    "reason": Type.TEXT,
}
LINKS: Schema = {
    "delivery": Type.INTEGER,
    "content": Type.INTEGER,
    "number": Type.INTEGER,
    "name": Type.TEXT,
    "url": Type.TEXT,
}


def query(sql: str, schema: Schema, key: tuple[str, ...] = ()) -> Relation:
    """A relation from a SELECT of ours in DuckDB's SQL; nothing a user wrote goes in here."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Select)
    return Relation(tree, dict(schema), key)
