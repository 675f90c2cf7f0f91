"""Checks of columns, with errors that say what there is."""

from collections.abc import Iterable

from campanile.errors import DefinitionError
from campanile.relations.parse import did_you_mean
from campanile.relations.types import Schema


def require_columns(names: Iterable[str], schema: Schema) -> None:
    """Refuse a name that no column of `schema` has."""
    for name in names:
        if name not in schema:
            raise DefinitionError(
                f"There is no column '{name}'.",
                remedy=did_you_mean(name, schema),
                code="unknown_column",
            )


def require_new(names: Iterable[str], schema: Schema) -> None:
    """Refuse a name that a column of `schema` has already."""
    for name in names:
        require(name not in schema, "duplicate_column", f"There is already a column '{name}'.")


def require(holds: bool, code: str, message: str) -> None:
    """Refuse what does not hold, with a fault's code and message."""
    if not holds:
        raise DefinitionError(message, code=code)
