"""Column types and constraints that both databases understand."""

from collections.abc import Iterable

from sqlalchemy import JSON, BigInteger, CheckConstraint, Integer, MetaData
from sqlalchemy.types import TypeEngine

# SQLite numbers rows only in a column declared INTEGER.
Identifier: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
# Not JSONB: it sorts the keys, and the order of activities and columns means something.
Document: TypeEngine[object] = JSON(none_as_null=True)

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """Return the metadata of one area; every constraint gets a name that migrations can use."""
    return MetaData(naming_convention=_NAMES)


def one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    """Return a check that `column` holds one of `words`."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
