"""Entities as people look at them: where their rows are, how many, how fresh, and their links."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from campanile.catalog.entities import Catalog, Entity
from campanile.catalog.scopes import entity_table_name
from campanile.errors import CampanileError
from campanile.operations.entities.copies import is_copied, is_live
from campanile.operations.executing.data import bind_entities
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right


@dataclass(frozen=True)
class EntitySheet:
    """One entity; `pinned` says whether a running segment keeps the version it began with."""

    name: str
    source: str
    pinned: bool
    key: tuple[str, ...]
    columns: int
    personal_columns: int
    links: tuple[str, ...]  # "store -> store", "orders -> many order"
    dimensions: tuple[str, ...]
    rows: int | None
    version: int | None
    fresh_at: datetime | None
    trouble: str = ""


@requires(Right.VIEW_DATA)
def entity_sheets(project: Project, name: str | None = None) -> list[EntitySheet]:
    """All entities of the catalog, or one; rows of foreign sources are counted now."""
    return list(_sheets(project, name))


def _sheets(project: Project, name: str | None) -> Iterator[EntitySheet]:
    versions = project.store.entities.current(project.catalog.entities)
    counts, trouble = _foreign_counts(project)
    for entity in project.catalog.entities.values():
        if name not in (None, entity.name):
            continue
        found = versions.get(entity.name)
        if entity.source.kind == "feedback" and name is None:
            continue  # ours, in every project
        kept = entity.source.kind == "loaded" or is_copied(project, entity)
        rows = (found.rows if found else 0) if kept else counts.get(entity.name)
        yield EntitySheet(
            name=entity.name,
            source=_source(entity),
            pinned=kept or entity.source.kind == "feedback",
            key=entity.key,
            columns=len(entity.columns),
            personal_columns=sum(column.personal for column in entity.columns.values()),
            links=tuple(_links(project.catalog, entity)),
            dimensions=tuple(
                one.name for one in project.catalog.dimensions.values() if one.entity == entity.name
            ),
            rows=rows,
            version=found.version if found and kept else None,
            fresh_at=found.committed_at if found and kept else None,
            trouble="" if kept else trouble,
        )


def _foreign_counts(project: Project) -> tuple[dict[str, int], str]:
    foreign = [
        name for name, entity in project.catalog.entities.items() if is_live(project, entity)
    ]
    if not foreign:
        return {}, ""
    try:
        with project.warehouse.session() as session:
            bind_entities(project, session, project.store.entities.pins(project.catalog.entities))
            return {
                name: session.count(session.relation(entity_table_name(name))) for name in foreign
            }, ""
    except CampanileError as error:
        return {}, str(error)


def _source(entity: Entity) -> str:
    source = entity.source
    if source.kind == "loaded":
        return "loaded"
    if source.kind == "feedback":
        return "the messages of this project, up to a segment's start"
    if source.kind == "table" and source.database is None:
        return f"table {source.table}"
    return source.files or f"{source.database}: {source.table}"


def _links(catalog: Catalog, entity: Entity) -> Iterator[str]:
    for link in entity.links.values():
        if catalog.entities[link.target].source.kind != "feedback":
            yield f"{link.name} -> {'many ' if link.many else ''}{link.target}"
