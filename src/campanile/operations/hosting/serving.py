"""Whether what is published is served: by a running stack that is asked to load it again."""

from campanile.errors import EngineError
from campanile.operations.hosting.reload import request_reload
from campanile.operations.hosting.stack import running_stack
from campanile.operations.project import Project


def serve_published(project: Project) -> str:
    """Have a running stack take up what was published; one sentence about who runs it."""
    try:
        outcome = request_reload(project.state)
    except EngineError as error:
        return f"the running Dagster did not load it ({error.message}): restart `campanile serve`"
    if outcome == "not running":
        return "nothing runs until `campanile serve` does"
    return "the running Dagster has loaded it"


def is_served(project: Project) -> str:
    """One sentence: who will run what is due."""
    if running_stack(project.state) is None:
        return "nothing runs until `campanile serve` does"
    return "the clock takes it up within seconds"
