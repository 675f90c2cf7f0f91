"""Merging: the newest staged rows against an entity's current ones, by key and version."""

from collections.abc import Collection
from dataclasses import dataclass

from campanile.catalog.entities import Entity
from campanile.relations.relation import Relation
from campanile.relations.sql import SQL_TYPES
from campanile.relations.types import Schema
from campanile.warehouse.readers import quoted
from campanile.warehouse.sources import EmptyTable, Source
from campanile.warehouse.staging import Staging


@dataclass(frozen=True)
class Changes:
    """How many keys a file adds, changes or removes, and how many it leaves as they were.

    `older` rows lost against a newer version that was there; `superseded` ones against a newer row
    of the same file.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    older: int = 0
    superseded: int = 0

    @property
    def any(self) -> bool:
        """Whether the entity is different afterwards."""
        return bool(self.inserted or self.updated or self.deleted)


def merge_rows(
    staging: Staging, entity: Entity, given: Collection[str], current: Source | None
) -> Changes:
    """Add and change rows: makes the tables `changed` and `merged` of the staging area.

    Columns that the file does not have (`given` are those it has) keep their values.
    """
    _bind_current(staging, entity, current)
    taken = ", ".join(
        f"{'n' if name in given else 'c'}.{quoted(name)} AS {quoted(name)}"
        for name in entity.columns
    )
    staging.run(
        f"CREATE TEMP TABLE arrivals AS SELECT {taken}, CASE "
        f"WHEN c.{quoted(entity.key[0])} IS NULL THEN 'insert' "
        f"WHEN NOT ({_not_older(entity, given)}) THEN 'older' "
        f"WHEN {_differs(entity, given)} THEN 'update' ELSE 'same' END AS __change "
        f"FROM newest n LEFT JOIN current_rows c USING ({_key(entity)})"
    )
    columns = _columns(entity)
    staging.run(
        f"CREATE TEMP TABLE changed AS SELECT {columns} FROM arrivals "
        "WHERE __change IN ('insert', 'update')"
    )
    staging.run(
        f"CREATE TEMP VIEW merged AS SELECT {columns} FROM current_rows "
        f"ANTI JOIN changed USING ({_key(entity)}) UNION ALL SELECT {columns} FROM changed"
    )
    counted = staging.all("SELECT __change, count(*) FROM arrivals GROUP BY 1")
    found = {str(word): int(str(number)) for word, number in counted}
    return Changes(
        inserted=found.get("insert", 0),
        updated=found.get("update", 0),
        unchanged=found.get("same", 0),
        older=found.get("older", 0),
        superseded=staging.superseded(),
    )


def remove_rows(
    staging: Staging, entity: Entity, given: Collection[str], current: Source | None
) -> Changes:
    """Take the staged keys out, unless a newer version is there: `changed` are the rows removed."""
    _bind_current(staging, entity, current)
    columns = _columns(entity)
    removed = ", ".join(f"c.{quoted(name)} AS {quoted(name)}" for name in entity.columns)
    staging.run(
        f"CREATE TEMP TABLE changed AS SELECT {removed} FROM current_rows c "
        f"JOIN newest n USING ({_key(entity)}) WHERE {_not_older(entity, given)}"
    )
    staging.run(
        f"CREATE TEMP VIEW merged AS SELECT {columns} FROM current_rows "
        f"ANTI JOIN changed USING ({_key(entity)})"
    )
    deleted = staging.count("changed")
    known = staging.count(f"newest SEMI JOIN current_rows USING ({_key(entity)})")
    return Changes(
        deleted=deleted,
        older=known - deleted,
        unchanged=staging.count("newest") - known,
        superseded=staging.superseded(),
    )


def merged_rows(entity: Entity) -> Relation:
    """All rows of the entity as they will be."""
    return Relation.table("merged", entity_schema(entity), entity.key)


def entity_schema(entity: Entity) -> Schema:
    """The columns of a loaded entity, in the order of its catalog file."""
    return {name: column.type for name, column in entity.columns.items()}


def _bind_current(staging: Staging, entity: Entity, current: Source | None) -> None:
    """The current rows with today's columns: one the catalog gained meanwhile is empty."""
    schema = entity_schema(entity)
    found = staging.session.bind("found_rows", current or EmptyTable(schema)).schema
    items = ", ".join(
        quoted(name) if name in found else f"CAST(NULL AS {SQL_TYPES[type_]}) AS {quoted(name)}"
        for name, type_ in schema.items()
    )
    staging.run(f"CREATE TEMP VIEW current_rows AS SELECT {items} FROM found_rows")


def _not_older(entity: Entity, given: Collection[str]) -> str:
    """A row without version, on either side, is judged by arrival."""
    if entity.version is None or entity.version not in given:
        return "true"
    version = quoted(entity.version)
    return f"coalesce(n.{version} >= c.{version}, true)"


def _differs(entity: Entity, given: Collection[str]) -> str:
    tests = [
        f"n.{quoted(name)} IS DISTINCT FROM c.{quoted(name)}"
        for name in entity.columns
        if name in given and name not in entity.key
    ]
    return f"({' OR '.join(tests)})" if tests else "false"


def _key(entity: Entity) -> str:
    return ", ".join(quoted(name) for name in entity.key)


def _columns(entity: Entity) -> str:
    return ", ".join(quoted(name) for name in entity.columns)
