"""What a rule may speak about: the catalog's entities and links, the rows, and the moment."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from campanile.catalog.entities import Catalog, Dimension, Entity, EntityLink
from campanile.errors import DefinitionError
from campanile.relations.scope import (
    EntityTable,
    Link,
    MessageSource,
    NamedFilter,
    SavedAudience,
    Scope,
)
from campanile.relations.types import Schema, Type


@dataclass(frozen=True)
class Moment:
    """What all rules of one segment share, whatever their rows; all instants are aware UTC.

    `now` is the instant the segment was due. `messages` resolves a message reference; `ages` holds
    the instant each entity was loaded.
    """

    now: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    started_at: datetime | None = None
    previous_start: datetime | None = None
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    parameters: Mapping[str, tuple[Type, object]] = field(default_factory=dict)
    messages: Callable[[str], MessageSource] | None = None
    audiences: Mapping[str, SavedAudience] = field(default_factory=dict)
    filters: Mapping[str, NamedFilter] = field(default_factory=dict)
    ages: Mapping[str, datetime] = field(default_factory=dict)


def entity_table_name(entity: str) -> str:
    """The name under which a session binds the rows of an entity."""
    return f"entity__{entity}"


def audience_table_name(audience: str) -> str:
    """The name under which a session binds the rows of a saved audience."""
    return f"audience__{audience}"


def build_entity_tables(
    catalog: Catalog, bound: Mapping[str, Schema] | None = None
) -> dict[str, EntityTable]:
    """Every entity of the catalog as rules see it.

    `bound` gives the columns found in a source, for entities whose catalog file names none; columns
    that the file does name keep their written type. Raises DefinitionError when a key or link names
    a column that neither knows.
    """
    schemas = {
        name: {**(bound or {}).get(name, {}), **_written_schema(entity)}
        for name, entity in catalog.entities.items()
    }
    return {name: _build_entity_table(entity, schemas) for name, entity in catalog.entities.items()}


def build_scope(
    tables: Mapping[str, EntityTable],
    dimension: Dimension | None,
    moment: Moment,
    columns: Schema | None = None,
) -> Scope:
    """The scope of rules over rows with `columns` (a working table of `dimension`).

    Without `columns` the rows are the entity's own. Without a dimension the rows stand for nothing
    yet, such as those of a file, and only their columns can be named.
    """
    entity = require_entity(tables, dimension.entity) if dimension else None
    scope = Scope(
        entity=entity,
        entities=tables,
        row_key=entity.key if entity else (),
        parameters=moment.parameters,
        now=moment.now,
        started_at=moment.started_at,
        previous_start=moment.previous_start,
        timezone=moment.timezone,
        messages=moment.messages,
        audiences=moment.audiences,
        filters=moment.filters,
        recipient=recipient_path(dimension),
        ages=moment.ages,
    )
    if columns is None and entity is not None:
        return scope.over(entity.schema, entity.table)
    return scope.over(columns or {}, None)


def build_saved_audience(
    catalog: Catalog, name: str, dimension: str, identity: Sequence[str] = ()
) -> SavedAudience:
    """A saved audience of a dimension: its rows hold the entity's key, or its identity, by name."""
    entity = catalog.entities[require_dimension(catalog, dimension).entity]
    known = tuple(identity) or entity.key
    return SavedAudience(audience_table_name(name), entity.name, known)


def recipient_path(dimension: Dimension | None) -> tuple[str, ...]:
    """The one-links from a row of `dimension` to the person; empty where the row is the person."""
    if dimension is None or not dimension.recipient:
        return ()
    return tuple(dimension.recipient.split("."))


def require_dimension(catalog: Catalog, name: str | None) -> Dimension:
    """The named dimension, or the default one; raises DefinitionError when there is none."""
    found = catalog.dimensions.get(name) if name else catalog.default_dimension
    if found is None:
        known = ", ".join(sorted(catalog.dimensions)) or "none"
        wanted = f"There is no dimension '{name}'." if name else "No dimension is the default one."
        raise DefinitionError(
            wanted, remedy=f"Known dimensions: {known}.", code="unknown_dimension"
        )
    return found


def require_entity(tables: Mapping[str, EntityTable], name: str) -> EntityTable:
    """The named entity; raises DefinitionError that lists those there are."""
    if name not in tables:
        known = ", ".join(sorted(tables)) or "none"
        raise DefinitionError(
            f"There is no entity '{name}'.",
            remedy=f"Known entities: {known}.",
            code="unknown_entity",
        )
    return tables[name]


def _written_schema(entity: Entity) -> dict[str, Type]:
    return {name: column.type for name, column in entity.columns.items()}


def _build_entity_table(entity: Entity, schemas: Mapping[str, Schema]) -> EntityTable:
    schema = schemas[entity.name]
    _require_columns(entity.key, schema, f"The key of entity '{entity.name}'")
    return EntityTable(
        name=entity.name,
        table=entity_table_name(entity.name),
        schema=schema,
        key=entity.key,
        links={name: _build_link(entity, link, schemas) for name, link in entity.links.items()},
        enums={name: column.values for name, column in entity.columns.items() if column.values},
    )


def _build_link(entity: Entity, link: EntityLink, schemas: Mapping[str, Schema]) -> Link:
    where = f"Link '{link.name}' of entity '{entity.name}'"
    if link.target not in schemas:
        raise DefinitionError(
            f"{where} leads to '{link.target}', which is no entity.",
            remedy=f"Known entities: {', '.join(sorted(schemas))}.",
            code="unknown_entity",
        )
    _require_columns((left for left, _ in link.match), schemas[entity.name], where)
    _require_columns((right for _, right in link.match), schemas[link.target], where)
    return Link(link.name, link.target, link.match, link.many)


def _require_columns(names: Iterable[str], schema: Schema, where: str) -> None:
    for name in names:
        if name not in schema:
            raise DefinitionError(
                f"{where} names column '{name}', which there is not.",
                remedy=f"Known columns: {', '.join(schema) or 'none'}.",
                code="unknown_column",
            )
