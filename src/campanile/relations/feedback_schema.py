"""The columns of feedback as rules see it: what became of messages, and what happened to them."""

from campanile.relations.types import Schema, Type

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
