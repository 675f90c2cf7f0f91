"""Have the running stack load its campaigns again; publishes within five seconds share that."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from campanile.errors import EngineError
from campanile.operations.hosting.graphql import ask
from campanile.operations.hosting.stack import running_stack

LOCATION = "campaigns"
SHARED_FOR = timedelta(seconds=5)
_TIMEOUT_SECONDS = 600  # see Stack.wait_until_healthy
_MUTATION = """
mutation Reload($location: String!) {
  reloadRepositoryLocation(repositoryLocationName: $location) {
    __typename
    ... on WorkspaceLocationEntry { locationOrLoadError { ... on PythonError { message } } }
    ... on PythonError { message }
    ... on UnauthorizedError { message }
    ... on ReloadNotSupported { message }
    ... on RepositoryLocationNotFound { message }
  }
}
"""

Outcome = Literal["reloaded", "shared", "not running"]


def request_reload(
    state: Path,
    deployed: str | None = None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Have what was published served: now, or five seconds after the reload before.

    "shared": another process is about to reload and will see what was published until then. "not
    running": nothing serves the project; it is served when the stack starts. `state` is the
    project's ignored folder, `deployed` the address of a webserver that others started. Raises
    EngineError when the stack runs and does not reload.
    """
    stack = running_stack(state)
    url = stack.url if stack is not None else deployed
    if url is None:
        return "not running"
    with _lock(state / "reload.turn", wait=False) as mine:
        if not mine:
            return "shared"
        rest = _last_start(state) + SHARED_FOR - clock()
        if rest > timedelta(0):
            pause(rest.total_seconds())
        _note_start(state, clock())
    with _lock(state / "reload.work", wait=True):
        reload_location(url)
    return "reloaded"


def reload_location(url: str, location: str = LOCATION) -> None:
    """Reload one code location of the webserver at `url`; raises EngineError when it does not."""
    try:
        reply = ask(url, _MUTATION, {"location": location}, seconds=_TIMEOUT_SECONDS)
    except (OSError, ValueError) as error:
        raise EngineError(
            f"the Dagster webserver at {url} did not reload: {error}.",
            remedy="What was published is kept; it is served after the next reload.",
        ) from error
    _require_loaded(reply)


def _require_loaded(reply: dict[str, object]) -> None:
    data = reply.get("data")
    result = data.get("reloadRepositoryLocation") if isinstance(data, dict) else None
    result = result if isinstance(result, dict) else {"message": str(reply.get("errors"))}
    failed = result.get("locationOrLoadError")
    message = result.get("message") or (failed.get("message") if isinstance(failed, dict) else None)
    if message:
        raise EngineError(
            f"the code location does not load: {str(message).strip()}",
            remedy="What was published is kept; `campanile doctor` checks the project.",
        )


@contextmanager
def _lock(path: Path, *, wait: bool) -> Iterator[bool]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def _last_start(state: Path) -> datetime:
    path = state / "reload.last"
    return (
        datetime.fromisoformat(path.read_text())
        if path.exists()
        else datetime.min.replace(tzinfo=UTC)
    )


def _note_start(state: Path, at: datetime) -> None:
    (state / "reload.last").write_text(at.isoformat())
