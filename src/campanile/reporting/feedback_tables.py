"""The feedback tables: their columns, and how raw events become events of people and machines."""

import sqlglot
from sqlglot import exp

from campanile.relations.relation import Relation
from campanile.relations.types import Schema, Type

MESSAGES_TABLE = "feedback__messages"
EVENTS_TABLE = "feedback__events"
RAW_TABLE = "raw__events"
LINKS_TABLE = "raw__links"

MESSAGES: Schema = {
    "campaign": Type.TEXT,
    "version": Type.INTEGER,
    "execution": Type.TEXT,
    "activity": Type.TEXT,
    "delivery": Type.INTEGER,
    "ordinal": Type.INTEGER,
    "person": Type.TEXT,
    "row_key": Type.TEXT,
    "state": Type.TEXT,
    "reason": Type.TEXT,
    "code": Type.INTEGER,
    "variant": Type.TEXT,
    "planned_at": Type.TIMESTAMP,
    "settled_at": Type.TIMESTAMP,
}
STORED_MESSAGES: Schema = {**MESSAGES, "content": Type.INTEGER}  # which of a delivery's contents
EVENTS: Schema = {
    "event_id": Type.INTEGER,
    "delivery": Type.INTEGER,
    "ordinal": Type.INTEGER,
    "campaign": Type.TEXT,
    "execution": Type.TEXT,
    "activity": Type.TEXT,
    "person": Type.TEXT,
    "row_key": Type.TEXT,
    "kind": Type.TEXT,
    "at": Type.TIMESTAMP,
    "link": Type.TEXT,
    "url": Type.TEXT,
    "device": Type.TEXT,
    "human": Type.BOOLEAN,
    "reason": Type.TEXT,
}
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
