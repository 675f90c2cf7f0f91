"""The life of an execution: its statuses, and which may follow which."""

from collections.abc import Mapping
from typing import Final, Literal

from campanile.errors import Refused

ExecutionStatus = Literal[
    "requested", "running", "waiting", "paused", "held", "finished", "failed", "stopped"
]
Mode = Literal["live", "test"]
ExecutionKind = Literal[
    "scheduled", "once", "manual", "test", "signal", "feedback", "asap", "order"
]

EXECUTION_MOVES: Final[Mapping[str, tuple[str, ...]]] = {
    "requested": ("running", "waiting", "paused", "held", "finished", "failed", "stopped"),
    "running": ("waiting", "paused", "held", "finished", "failed", "stopped"),
    "waiting": ("requested", "running", "paused", "finished", "failed", "stopped"),
    "paused": ("requested", "running", "waiting", "held", "finished", "failed", "stopped"),
    "held": ("requested", "running", "waiting", "stopped"),  # too late, or by a check
    "failed": ("running", "stopped"),  # by a restart, or given up for good
    "finished": (),
    "stopped": (),  # but that its owner may reopen it
}


def require_move(name: str, current: str, wanted: str) -> None:
    """Raise Refused, with what is possible, unless execution `name` may become `wanted`."""
    allowed = EXECUTION_MOVES[current]
    if wanted in allowed:
        return
    raise Refused(
        f"execution {name} is {current} and cannot become {wanted}.",
        remedy=f"From here it can become {' or '.join(allowed)}."
        if allowed
        else "This is final: start a new execution.",
    )
