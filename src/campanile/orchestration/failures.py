"""How the domain's errors become Dagster failures: never retried by Dagster, always a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from campanile.errors import CampanileError


@contextmanager
def reported_as_failures() -> Iterator[None]:
    """Turn an error of ours into a failure of the step, with its sentence and without retry."""
    try:
        yield
    except CampanileError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
