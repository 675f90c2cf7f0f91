"""Entities, links and targeting dimensions: what a project's customer data looks like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from campanile.relations.types import Type


@dataclass(frozen=True)
class Column:
    """An attribute of an entity; `personal` values are masked in previews and logs."""

    name: str
    type: Type
    label: str = ""
    personal: bool = False
    values: tuple[str, ...] = ()  # of an enum; empty = not an enum
    header: str | None = None  # name in the source, where it differs (`as:`)


@dataclass(frozen=True)
class EntityLink:
    """A link as seen from one side; `match` pairs this side's column with the target's."""

    name: str
    target: str
    match: tuple[tuple[str, str], ...]
    many: bool
    back: str | None = None


@dataclass(frozen=True)
class SourceDefinition:
    """Where an entity's rows are: the product's own lake, or somewhere registered."""

    kind: Literal["loaded", "files", "duckdb", "table", "feedback"]
    files: str | None = None  # glob, relative to the project folder
    database: str | None = None  # DuckDB file, relative to the project folder; or of `databases:`
    table: str | None = None


@dataclass(frozen=True)
class Entity:
    """A table of the customer's data with a primary key and links to other entities."""

    name: str
    source: SourceDefinition
    key: tuple[str, ...]
    columns: Mapping[str, Column]  # empty: taken from the source when it is bound
    links: Mapping[str, EntityLink] = field(default_factory=dict)  # both sides, `back` included
    version: str | None = None
    label: str = ""
    asset_key: tuple[str, ...] | None = None  # of an upstream dbt or Dagster asset


@dataclass(frozen=True)
class Dimension:
    """A targeting dimension: the entity whose rows a working table identifies.

    `addresses` and `consent` map a channel to an expression over the entity; `recipient` is the
    link to the person where the dimension is not the person (contract -> customer), else None.
    """

    name: str
    entity: str
    default: bool = False
    addresses: Mapping[str, str] = field(default_factory=dict)
    consent: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    timezone: str | None = None
    recipient: str | None = None


@dataclass(frozen=True)
class Catalog:
    """All entities and dimensions of a project."""

    entities: Mapping[str, Entity]
    dimensions: Mapping[str, Dimension]

    @property
    def default_dimension(self) -> Dimension | None:
        """The dimension campaigns use when they name none; the only one, or the marked one."""
        marked = [d for d in self.dimensions.values() if d.default]
        if marked:
            return marked[0]
        only = tuple(self.dimensions.values())
        return only[0] if len(only) == 1 else None
