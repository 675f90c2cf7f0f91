"""PostgreSQL's errors as sentences; its own text may quote rows, so it is not passed on."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

from campanile.errors import EngineError

# By the beginning of the SQLSTATE (PostgreSQL manual, appendix A); the longest that fits counts.
_SENTENCES: dict[str, tuple[str, str]] = {
    "08": ("the database cannot be reached", "Look at its location in campanile.yaml."),
    "22": (
        "a value does not have the type it should have",
        "Use to_number(), to_integer() or to_date(), which are empty for such values.",
    ),
    "22003": ("a number became too large for its type", ""),
    "28": ("the database refused the login", "Look at the user and the password's variable."),
    "3D000": ("there is no such database", "Look at its location in campanile.yaml."),
    "42501": ("the role may not do that", "docs/how-to/engines.md lists the grants."),
    "42P01": ("a table it reads is not there", ""),
    "3F000": ("a schema it reads is not there", ""),
    "42703": ("a column it reads is not there", ""),
    "53100": ("the disk of the database is full", "Free some space and repeat."),
    "53200": ("there was not enough memory", ""),
    "53300": ("the database takes no more connections", "Raise max_connections, or run less."),
    "55P03": ("another session holds a lock on a table", "Repeat when it has ended."),
    "57014": ("it took too long", "Raise `timeout:` in campanile.yaml."),
    "57P": ("the database is shutting down or starting", "Repeat when it runs."),
}


@contextmanager
def postgres_errors(doing: str) -> Iterator[None]:
    """Turn errors of PostgreSQL inside into EngineError."""
    try:
        yield
    except psycopg2.Error as error:
        raise _translated(doing, error) from None


def _translated(doing: str, error: psycopg2.Error) -> EngineError:
    code = error.pgcode or ("08" if isinstance(error, psycopg2.OperationalError) else "")
    for length in (5, 3, 2):
        if code and code[:length] in _SENTENCES:
            sentence, remedy = _SENTENCES[code[:length]]
            return EngineError(f"Failed {doing}: {sentence}.", remedy=remedy)
    return EngineError(f"Failed {doing}: the database refused ({code or type(error).__name__}).")
