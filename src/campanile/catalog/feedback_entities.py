"""Feedback as entities: every project has its messages and their events, linked to its people."""

from dataclasses import replace

from campanile.catalog.entities import (
    Catalog,
    Column,
    Dimension,
    Entity,
    EntityLink,
    SourceDefinition,
)
from campanile.relations.feedback_schema import EVENTS, MESSAGES
from campanile.relations.types import Schema, Type

MESSAGE_FEEDBACK = "message_feedback"  # one row per planned message
MESSAGE_TRACKING = "message_tracking"  # one row per event, machines included
_KEYS = {MESSAGE_FEEDBACK: ("delivery", "ordinal"), MESSAGE_TRACKING: ("event_id",)}
_SCHEMAS = {MESSAGE_FEEDBACK: MESSAGES, MESSAGE_TRACKING: EVENTS}


def with_feedback(catalog: Catalog) -> Catalog:
    """Add the two entities, linked to the entity of people; the project's own names win.

    People are the default dimension's entity, or the one its `recipient` leads to. Where their key
    has several parts, or there is no default dimension, nothing is added.
    """
    people = _people(catalog)
    if people is None or len(people.key) != 1 or people.key[0] not in people.columns:
        return catalog
    entities = dict(catalog.entities)
    links = dict(people.links)
    key = people.key[0]
    for name, schema in _SCHEMAS.items():
        if name in entities or name in links:
            continue
        back = EntityLink("who", people.name, (("person", key),), many=False, back=name)
        entities[name] = Entity(
            name=name,
            source=SourceDefinition("feedback"),
            key=_KEYS[name],
            columns=_columns(schema, people.columns[key].type),
            links={back.name: back},
            label=name.replace("_", " "),
        )
        links[name] = EntityLink(name, name, ((key, "person"),), many=True, back=back.name)
    entities[people.name] = replace(people, links=links)
    return Catalog(entities, catalog.dimensions)


def _people(catalog: Catalog) -> Entity | None:
    default = catalog.default_dimension
    entity = catalog.entities.get(default.entity) if default else None
    for step in _recipient(default):
        link = entity.links.get(step) if entity else None
        entity = catalog.entities.get(link.target) if link else None
    return entity


def _recipient(dimension: Dimension | None) -> list[str]:
    return dimension.recipient.split(".") if dimension and dimension.recipient else []


def _columns(schema: Schema, person: Type) -> dict[str, Column]:
    """The person is of the type of the people's key, so that the link joins."""
    types = {**schema, "person": person}
    return {name: Column(name, type_) for name, type_ in types.items()}
