"""Spark's errors as sentences; its own text may quote rows, so it is not passed on."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from pyspark.errors import PySparkException

from campanile.errors import EngineError

# By the beginning of Spark's error class; the first that fits counts.
_SENTENCES = (
    ("PATH_NOT_FOUND", "a table it reads is not there", ""),
    ("TABLE_OR_VIEW_NOT_FOUND", "a table it reads is not there", ""),
    ("UNRESOLVED_COLUMN", "a column it reads is not there", ""),
    (
        "CAST_",
        "a value does not have the type it should have",
        "Use to_number(), to_integer() or to_date(), which are empty for such values.",
    ),
    ("ARITHMETIC_OVERFLOW", "a number became too large for its type", ""),
    ("NUMERIC_VALUE_OUT_OF_RANGE", "a number became too large for its type", ""),
    ("INSUFFICIENT_PERMISSIONS", "the login may not do that", ""),
)


@contextmanager
def spark_errors(doing: str) -> Iterator[None]:
    """Turn errors of Spark and of the way to it inside into EngineError."""
    try:
        yield
    except PySparkException as error:
        raise _translated(doing, error) from None
    except grpc.RpcError as error:
        raise EngineError(
            f"Failed {doing}: Spark cannot be reached ({error.code().name}).",
            remedy="Look at `warehouse: location` in campanile.yaml, and whether Spark runs.",
        ) from None


def _translated(doing: str, error: PySparkException) -> EngineError:
    text = str(error)
    found = error.getCondition() or _bracketed(text)
    if "Cannot cast" in text:  # Sail has no error classes
        found = f"CAST_ {found}"
    for beginning, sentence, remedy in _SENTENCES:
        if beginning in found:
            return EngineError(f"Failed {doing}: {sentence}.", remedy=remedy)
    return EngineError(f"Failed {doing}: Spark refused ({found or type(error).__name__}).")


def _bracketed(text: str) -> str:
    """The error class at the beginning of a message, as `[CAST_INVALID_INPUT] …`."""
    start, end = text.find("["), text.find("]")
    return text[start + 1 : end] if 0 <= start < end and text[start + 1 : end].isupper() else ""
