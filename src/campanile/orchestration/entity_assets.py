"""Entities as external assets: lineage starts at the source table and ends at the message."""

from collections.abc import Iterable

import dagster as dg

from campanile.catalog.entities import Entity
from campanile.orchestration import keys


def build_entity_specs(entities: Iterable[Entity]) -> list[dg.AssetSpec]:
    """Describe each entity; it depends on the asset of the upstream project that fills it."""
    return [_build_spec(entity) for entity in entities]


def _build_spec(entity: Entity) -> dg.AssetSpec:
    columns = [
        dg.TableColumn(name=name, type=str(column.type)) for name, column in entity.columns.items()
    ]
    return dg.AssetSpec(
        key=keys.entity_key(entity.name),
        deps=[dg.AssetKey(list(entity.asset_key))] if entity.asset_key else [],
        description=f"Entity **{entity.label or entity.name}**: {_SOURCES[entity.source.kind]}.",
        group_name=keys.ENTITIES,
        kinds={"table"},
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns)} if columns else {},
    )


_SOURCES = {
    "loaded": "loaded with `campanile load`",
    "files": "files of the company",
    "duckdb": "a table in a DuckDB file of the company",
    "feedback": "what became of messages, kept by Campanile",
    "table": "a table in the company's database",
}
