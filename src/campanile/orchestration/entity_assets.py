"""Entities as external assets: lineage starts at the source table and ends at the message."""

from collections.abc import Iterable

import dagster as dg

from campanile.orchestration import keys
from campanile.orchestration.shapes import EntityShape


def build_entity_specs(entities: Iterable[EntityShape]) -> list[dg.AssetSpec]:
    """Describe each entity; it depends on the asset of the upstream project that fills it."""
    return [_build_spec(entity) for entity in entities]


def _build_spec(entity: EntityShape) -> dg.AssetSpec:
    columns = [dg.TableColumn(name=name, type=kind) for name, kind in entity.columns.items()]
    return dg.AssetSpec(
        key=keys.entity_key(entity.name),
        deps=[dg.AssetKey(list(entity.upstream))] if entity.upstream else [],
        description=f"Entity '{entity.label or entity.name}'. {entity.source}".strip(),
        group_name=keys.ENTITIES,
        kinds={"table"},
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns)} if columns else {},
    )
