"""Catalog files to the catalog: links in both directions, and every fault with its place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from campanile.catalog.catalog_file import (
    CatalogFile,
    ColumnEntry,
    DimensionEntry,
    EntityEntry,
    SourceEntry,
)
from campanile.catalog.entities import (
    Catalog,
    Column,
    Dimension,
    Entity,
    EntityLink,
    SourceDefinition,
)
from campanile.catalog.feedback_entities import with_feedback
from campanile.catalog.model_faults import empty_values, model_faults
from campanile.catalog.scopes import Moment, build_entity_tables, build_scope
from campanile.catalog.yaml_document import Document, plain
from campanile.errors import DefinitionError, Fault
from campanile.relations.parse import did_you_mean
from campanile.relations.rules import compile_value
from campanile.relations.types import Type


@dataclass
class _Builder:
    """What was read so far; `homes` says which file an entity or dimension stands in."""

    entities: dict[str, Entity] = field(default_factory=dict)
    dimensions: dict[str, Dimension] = field(default_factory=dict)
    homes: dict[tuple[str, str], Document] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(
        self, path: Sequence[str], message: str, remedy: str = "", *, key: bool = False
    ) -> None:
        document = self.homes[(path[0], path[1])]
        self.faults.append(Fault(document.place_of(path, key=key), message, remedy, "catalog"))


def load_catalog(documents: Iterable[Document]) -> tuple[Catalog, list[Fault]]:
    """Build the catalog of all `documents`, and list what is wrong with them."""
    builder = _Builder()
    for document in documents:
        _read(builder, document)
    written = dict(builder.entities)
    for entity in written.values():
        _check_columns(builder, entity)
        for link in entity.links.values():
            _tie_link(builder, entity, link)
    for dimension in builder.dimensions.values():
        _check_dimension(builder, dimension)
    _check_one_default(builder)
    catalog = Catalog(builder.entities, builder.dimensions)
    if not builder.faults:
        _check_expressions(builder, catalog)
    return with_feedback(catalog), builder.faults


def _read(builder: _Builder, document: Document) -> None:
    builder.faults += document.faults
    if document.root is None:
        return
    builder.faults += empty_values(document)
    try:
        file = CatalogFile.model_validate(plain(document.root))
    except ValidationError as error:
        builder.faults += model_faults(error, document, (), CatalogFile)
        return
    for name, entry in file.entities.items():
        if _is_new(builder, document, ("entities", name)):
            builder.entities[name] = _entity(name, entry)
    for name, dimension in file.dimensions.items():
        if _is_new(builder, document, ("dimensions", name)):
            builder.dimensions[name] = _dimension(name, dimension)


def _is_new(builder: _Builder, document: Document, path: tuple[str, str]) -> bool:
    if path in builder.homes:
        where = builder.homes[path].place_of(path, key=True)
        message = f"`{path[1]}` is defined a second time (first in {where})."
        builder.faults.append(Fault(document.place_of(path, key=True), message, "", "catalog"))
        return False
    builder.homes[path] = document
    return True


def _entity(name: str, entry: EntityEntry) -> Entity:
    return Entity(
        name=name,
        source=_source(entry.source),
        key=entry.key,
        columns={column: _column(column, e) for column, e in entry.columns.items()},
        links={
            link: EntityLink(link, e.to, tuple(e.match.items()), many=False, back=e.back)
            for link, e in entry.links.items()
        },
        version=entry.version,
        label=entry.label,
        asset_key=entry.asset_key,
    )


def _source(entry: SourceEntry) -> SourceDefinition:
    if entry.files:
        return SourceDefinition("files", files=entry.files)
    if entry.duckdb:
        return SourceDefinition("duckdb", database=entry.duckdb, table=entry.table)
    if entry.table:
        return SourceDefinition("table", database=entry.database, table=entry.table)
    return SourceDefinition("loaded")


def _column(name: str, entry: ColumnEntry) -> Column:
    type_ = Type.TEXT if entry.type == "enum" else Type(entry.type)
    return Column(name, type_, entry.label, entry.personal, entry.values, entry.as_)


def _dimension(name: str, entry: DimensionEntry) -> Dimension:
    return Dimension(
        name=name,
        entity=entry.entity or name,
        default=entry.default,
        addresses={str(k): v for k, v in entry.addresses.items()},
        consent={str(k): v for k, v in entry.consent.items()},
        language=entry.language,
        timezone=entry.timezone,
        recipient=entry.recipient,
    )


def _check_columns(builder: _Builder, entity: Entity) -> None:
    """Key and version are columns; a name with a meaning of its own gets another."""
    path = ("entities", entity.name)
    for name in entity.columns:
        if name in ("from", "desc"):
            message = f"a column cannot be named `{name}` in rules."
            remedy = f"Give it another name, with `as: {name}`."
            builder.fault((*path, "columns", name), message, remedy, key=True)
    if not entity.columns:
        return
    for option, names in (("key", entity.key), ("version", (entity.version,))):
        for column in names:
            if column is not None and column not in entity.columns:
                message = f"`{entity.name}` has no column `{column}`."
                builder.fault((*path, option), message, did_you_mean(column, entity.columns))


def _tie_link(builder: _Builder, entity: Entity, link: EntityLink) -> None:
    """Check a written link and add the way back to its target."""
    path = ("entities", entity.name, "links", link.name)
    target = builder.entities.get(link.target)
    if link.name in entity.columns:
        builder.fault(path, f"`{link.name}` is a column of `{entity.name}` already.", key=True)
    if target is None:
        message = f"there is no entity `{link.target}`."
        builder.fault((*path, "to"), message, did_you_mean(link.target, builder.entities))
        return
    for left, right in link.match:
        for owner, column in ((entity, left), (target, right)):
            if owner.columns and column not in owner.columns:
                message = f"`{owner.name}` has no column `{column}`."
                builder.fault((*path, "match", left), message, did_you_mean(column, owner.columns))
    if link.back:
        _tie_back(builder, entity, link, path)


def _tie_back(builder: _Builder, entity: Entity, link: EntityLink, path: tuple[str, ...]) -> None:
    target, back = builder.entities[link.target], link.back or ""
    if back in target.links or back in target.columns:
        message = f"`{target.name}` has a link or column `{back}` already."
        builder.fault((*path, "back"), message, "Choose another name for the way back.")
        return
    inverse = tuple((right, left) for left, right in link.match)
    unique = _is_unique(builder, path)
    way = EntityLink(back, entity.name, inverse, many=not unique, back=link.name)
    builder.entities[target.name] = replace(target, links={**target.links, back: way})


def _is_unique(builder: _Builder, path: tuple[str, ...]) -> bool:
    document = builder.homes[(path[0], path[1])]
    written = plain(document.find((*path, "unique"))[1])
    return isinstance(written, str) and written.lower() in ("true", "yes", "on", "1")


def _check_dimension(builder: _Builder, dimension: Dimension) -> None:
    path = ("dimensions", dimension.name)
    if dimension.entity not in builder.entities:
        message = f"there is no entity `{dimension.entity}`."
        remedy = did_you_mean(dimension.entity, builder.entities)
        builder.fault((*path, "entity"), message, remedy)
        return
    entity: Entity | None = builder.entities[dimension.entity]
    for step in dimension.recipient.split(".") if dimension.recipient else ():
        links: Mapping[str, EntityLink] = entity.links if entity else {}
        found = links.get(step)
        if found is None or found.many:
            ways = [name for name, link in links.items() if not link.many]
            message = f"`{step}` is not a link to one row."
            builder.fault((*path, "recipient"), message, did_you_mean(step, ways))
            return
        entity = builder.entities.get(found.target)


def _check_one_default(builder: _Builder) -> None:
    marked = [dimension.name for dimension in builder.dimensions.values() if dimension.default]
    for name in marked[1:]:
        message = f"`{marked[0]}` is the default dimension already."
        builder.fault(("dimensions", name, "default"), message)


def _check_expressions(builder: _Builder, catalog: Catalog) -> None:
    """Type-check addresses and the like, where all columns are written down."""
    if not all(entity.columns for entity in catalog.entities.values()):
        return
    tables = build_entity_tables(catalog)
    for dimension in catalog.dimensions.values():
        scope = build_scope(tables, dimension, Moment())
        for path, text in _expressions(dimension):
            try:
                compile_value(text, scope)
            except DefinitionError as error:
                document = builder.homes[(path[0], path[1])]
                place = document.place_of(path, offset=error.offset or 0)
                builder.faults.append(Fault(place, error.message, error.remedy, error.code))


def _expressions(dimension: Dimension) -> list[tuple[tuple[str, ...], str]]:
    home = ("dimensions", dimension.name)
    found: list[tuple[tuple[str, ...], str]] = []
    for option, by_channel in (("addresses", dimension.addresses), ("consent", dimension.consent)):
        found += [((*home, option, channel), text) for channel, text in by_channel.items()]
    for option, value in (("language", dimension.language), ("timezone", dimension.timezone)):
        if value:
            found.append(((*home, option), value))
    return found
