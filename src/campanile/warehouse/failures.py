"""DuckDB's errors as sentences; the engine's own text may quote rows, so it is not passed on."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from campanile.errors import EngineError

_SENTENCES: tuple[tuple[type[Exception], str, str], ...] = (
    (
        duckdb.OutOfMemoryException,
        "there was not enough memory",
        "Raise the memory limit, or give the temporary folder more room.",
    ),
    (
        duckdb.ConversionException,
        "a value does not have the type it should have",
        "Use to_number(), to_integer() or to_date(), which are empty for such values.",
    ),
    (duckdb.OutOfRangeException, "a number became too large for its type", ""),
    (duckdb.InterruptException, "it was interrupted", ""),
    (duckdb.CatalogException, "a table it reads is not there", ""),
    (duckdb.IOException, "a file could not be read or written", ""),
)


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn errors of DuckDB and of the file system inside into EngineError."""
    try:
        yield
    except duckdb.Error as error:
        raise _translated(doing, error) from None
    except OSError as error:
        full = error.errno == errno.ENOSPC
        reason = "the disk is full" if full else f"the file system refused ({error.strerror})"
        raise EngineError(f"Failed {doing}: {reason}.") from None


def _translated(doing: str, error: duckdb.Error) -> EngineError:
    text = str(error)
    if "No space left" in text or "disk is full" in text.lower():
        return EngineError(
            f"Failed {doing}: the disk is full.", remedy="Free some space and repeat."
        )
    if "Conflicting lock" in text or "Could not set lock" in text:
        return EngineError(
            f"Failed {doing}: another process has the DuckDB file open for writing.",
            remedy="Close it there, or export the table to Parquet.",
        )
    for kind, sentence, remedy in _SENTENCES:
        if isinstance(error, kind):
            return EngineError(f"Failed {doing}: {sentence}.", remedy=remedy)
    return EngineError(f"Failed {doing}: the engine refused ({type(error).__name__}).")
