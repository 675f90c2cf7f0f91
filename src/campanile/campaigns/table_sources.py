"""Tables of a database as sources of entities: read in place by the engine, or copied from it."""

from collections.abc import Iterable

from campanile.campaigns.project_file import ProjectFile
from campanile.catalog.entities import Catalog, SourceDefinition
from campanile.catalog.yaml_document import Document, plain
from campanile.errors import Fault
from campanile.relations.parse import did_you_mean


def database_of(settings: ProjectFile, source: SourceDefinition) -> str | None:
    """The database a table is copied from; None for other sources and for what is read in place.

    Without a name it lies in the engine; the lake has no tables: there it is the only database.
    """
    if source.kind != "table" or source.database is not None:
        return source.database if source.kind == "table" else None
    if settings.warehouse.engine != "duckdb" or len(settings.databases) != 1:
        return None
    return next(iter(settings.databases))


def check_table_sources(
    settings: ProjectFile, catalog: Catalog, documents: Iterable[Document]
) -> list[Fault]:
    """A fault for each entity whose table lies in no database that the settings know."""
    faults = []
    homes = {name: each for each in documents for name in _entities(each)}
    for entity in catalog.entities.values():
        if entity.source.kind == "table" and (wrong := _wrong(settings, entity.source)):
            message, remedy = wrong
            place = homes[entity.name].place_of(("entities", entity.name, "source"))
            faults.append(Fault(place, message, remedy, "unknown_database"))
    return faults


def _wrong(settings: ProjectFile, source: SourceDefinition) -> tuple[str, str] | None:
    known = settings.databases
    found = database_of(settings, source)
    if found is not None and found not in known:
        remedy = did_you_mean(found, known) if known else "Describe it there."
        return f"there is no database `{found}` under `databases:` in campanile.yaml.", remedy
    if found is not None or settings.warehouse.engine != "duckdb":
        return None
    if known:
        return "several databases are known.", f"Name one: database: {next(iter(known))}"
    return (
        f"no database is known that holds the table `{source.table}`.",
        "Describe it under `databases:` in campanile.yaml, or make it the engine: `warehouse:`.",
    )


def _entities(document: Document) -> Iterable[str]:
    root = plain(document.root) if document.root is not None else {}
    entities = root.get("entities") if isinstance(root, dict) else None
    return [str(name) for name in entities] if isinstance(entities, dict) else []
