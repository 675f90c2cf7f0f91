"""Whether what is published is served: by a running stack that is asked to load it again."""

from campanile.errors import EngineError
from campanile.operations.hosting.heartbeat import ticks
from campanile.operations.hosting.poke import poke_clock
from campanile.operations.hosting.reload import request_reload
from campanile.operations.hosting.stack import running_stack
from campanile.operations.project import Project

_NOBODY = "nothing runs until `campanile serve` does"


def is_running(project: Project) -> bool:
    """Whether a clock runs: of `campanile serve`, or of services that others started."""
    return running_stack(project.state) is not None or ticks(project.state, project.clock())


def serve_published(project: Project) -> str:
    """Have a running stack take up what was published; one sentence about who runs it."""
    try:
        outcome = request_reload(project.state, project.dagster_url)
    except EngineError as error:
        return f"the running Dagster did not load it ({error.message}): restart `campanile serve`"
    if outcome != "not running":
        poke_clock(project.state, project.dagster_url)
        return "the running Dagster has loaded it"
    return "the clock has it loaded within a minute" if is_running(project) else _NOBODY


def run_what_is_due(project: Project) -> str:
    """Have what is due run at once where a stack runs; one sentence about who runs it."""
    poke_clock(project.state, project.dagster_url)
    return "the clock takes it up within seconds" if is_running(project) else _NOBODY
