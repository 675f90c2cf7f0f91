"""What rules are checked over where no engine is asked: the catalog's tables, without rows."""

from datetime import UTC, datetime
from typing import Final

from campanile.activities.context import AudienceRows
from campanile.campaigns.definitions import Definitions
from campanile.catalog.scopes import build_entity_tables, build_saved_audience
from campanile.relations.relation import Relation
from campanile.relations.scope import EntityTable, SavedAudience

CHECKED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)  # any instant: only types are looked at


def tables_to_check(definitions: Definitions) -> dict[str, EntityTable] | None:
    """Every entity as rules see it; None where the columns of one are not known."""
    entities = definitions.catalog.entities
    if any(not e.columns and name not in definitions.bound for name, e in entities.items()):
        return None
    return build_entity_tables(definitions.catalog, definitions.bound)


def known_audiences(
    definitions: Definitions, policy: str | None = None
) -> dict[str, SavedAudience]:
    """The saved audiences of dimensions that there are, as rules see them.

    With `policy` only those of that merge policy.
    """
    return {
        name: build_saved_audience(definitions.catalog, name, known.dimension, known.identity)
        for name, known in definitions.audiences.items()
        if known.dimension in definitions.catalog.dimensions
        and policy in (None, known.merge_policy)
    }


def audience_rows(definitions: Definitions, policy: str) -> dict[str, AudienceRows]:
    """The saved audiences of a merge policy whose columns are known, as tables without rows."""
    return {
        name: AudienceRows(
            Relation.table(seen.table, columns, seen.key), definitions.audiences[name].dimension
        )
        for name, seen in known_audiences(definitions, policy).items()
        if (columns := definitions.audiences[name].columns) is not None
    }
