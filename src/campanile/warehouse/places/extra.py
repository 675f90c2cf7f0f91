"""The packages for files elsewhere are an extra: they are imported when a connection is opened."""

from collections.abc import Iterator
from contextlib import contextmanager

from campanile.errors import ConfigurationError


@contextmanager
def needing_extra(what: str) -> Iterator[None]:
    """Refuse, naming the extra, when one of its packages is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{what} needs the package '{error.name}', which is not installed.",
            remedy='Install the extra: pip install "campanile[files]"',
        ) from error
