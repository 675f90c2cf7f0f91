"""Messages of an execution that ended by hand: called back where they have not left."""

from collections.abc import Iterable
from dataclasses import dataclass

from campanile.operations.project import Project
from campanile.store.execution_rows import Execution

_UNFINISHED = ("planning", "planned", "confirming", "sending", "paused")


@dataclass(frozen=True)
class CalledBack:
    """What became of the messages: out before, in flight (they cannot be called back), kept in."""

    already_out: int = 0
    in_flight: int = 0
    called_back: int = 0


def call_back(project: Project, executions: Iterable[Execution]) -> CalledBack:
    """Cancel the deliveries of executions that are stopped; repeating it changes nothing.

    Should this be cut off, the clock cancels what a stopped execution still wants to send.
    """
    found = [
        project.store.deliveries.cancel(one.id, project.clock())
        for execution in executions
        for one in project.store.deliveries.of_execution(execution.id)
        if one.state in _UNFINISHED
    ]
    return CalledBack(
        sum(one.already_out for one in found),
        sum(one.in_flight for one in found),
        sum(one.called_back for one in found),
    )
