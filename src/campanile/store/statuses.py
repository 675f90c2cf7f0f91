"""Which status may follow which, for campaigns and for executions; pure, without a database."""

from collections.abc import Mapping
from typing import Literal

from campanile.errors import Refused

CampaignStatus = Literal["draft", "scheduled", "live", "closed", "stopped", "completed", "archived"]
ExecutionStatus = Literal[
    "requested", "running", "waiting", "paused", "held", "finished", "failed", "stopped"
]
Mode = Literal["live", "test"]
ExecutionKind = Literal[
    "scheduled", "once", "manual", "test", "signal", "feedback", "asap", "order"
]

CAMPAIGN_MOVES: Mapping[str, tuple[str, ...]] = {
    "draft": ("scheduled", "live"),
    "scheduled": ("live", "draft", "stopped", "completed", "archived"),
    "live": ("draft", "scheduled", "closed", "stopped", "completed"),
    "closed": ("completed", "stopped", "archived"),
    "stopped": ("archived",),
    "completed": ("archived",),
    "archived": (),
}
EXECUTION_MOVES: Mapping[str, tuple[str, ...]] = {
    "requested": ("running", "waiting", "paused", "held", "finished", "failed", "stopped"),
    "running": ("waiting", "paused", "held", "finished", "failed", "stopped"),
    "waiting": ("requested", "running", "paused", "finished", "failed", "stopped"),
    "paused": ("requested", "running", "waiting", "held", "finished", "failed", "stopped"),
    "held": ("requested", "running", "waiting", "stopped"),  # too late, or by a check
    "failed": ("running", "stopped"),  # by a restart, or given up for good
    "finished": (),
    "stopped": (),
}
EDITABLE = ("draft", "scheduled", "live")  # campaigns that may get a further version


def require_move(
    moves: Mapping[str, tuple[str, ...]], what: str, current: str, wanted: str
) -> None:
    """Raise Refused unless `what`, now `current`, may become `wanted`."""
    if wanted in moves[current]:
        return
    allowed = moves[current]
    raise Refused(
        f"{what} is {current} and cannot become {wanted}.",
        remedy=f"From here it can become {' or '.join(allowed)}."
        if allowed
        else "This is final: duplicate or start it anew.",
    )
