"""The life of a campaign: its statuses, and what leads from one to the next under which condition.

This is the one place that knows; whoever changes a status asks `follow`. Tests never change one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from campanile.errors import Refused

CampaignStatus = Literal[
    "draft", "in_review", "scheduled", "live", "closed", "stopped", "completed", "archived"
]
STATUSES: Final[tuple[CampaignStatus, ...]] = get_args(CampaignStatus)
Step = Literal[
    "apply",  # a further version is saved
    "submit",  # people are asked whether a version may be published
    "withdraw",  # they are asked no more, or want changes
    "publish",  # a version becomes the one that new executions run
    "start",  # a live execution begins: by hand, by the clock, on feedback, on a signal
    "unpublish",  # back to draft
    "close",  # what is under way ends, nobody new enters
    "stop",  # everything ends now
    "resume",  # an execution that was stopped goes on
    "complete",  # the clock finds that nothing is left to do
    "archive",
    "delete",
    "purge",  # the clock deletes what was archived long ago
]
Deleted = Literal["deleted"]


@dataclass(frozen=True)
class Facts:
    """What decides beside the status; numbers of live executions, but for `tests`."""

    going: int = 0  # not over, and not paused or held
    resting: int = 0  # paused or held
    in_error: int = 0  # paused or ended by an error
    finished: int = 0
    tests: int = 0  # test executions that are not over

    @property
    def open(self) -> int:
        """Live executions that are not over."""
        return self.going + self.resting


Objection = Callable[[CampaignStatus, Facts], str]  # empty: there is none


def _is_under_way(_: CampaignStatus, facts: Facts) -> str:
    found = facts.open + facts.tests
    return f"{_executions(found)} {'is' if found == 1 else 'are'} not over" if found else ""


def _has_left(status: CampaignStatus, facts: Facts) -> str:
    """The two conditions of going back to draft: not begun, or failed before anything ended."""
    if facts.finished:
        return f"{_executions(facts.finished)} ran to the end already"
    if facts.going:
        return f"{_executions(facts.going)} is under way without an error"
    if status == "live" and not facts.in_error:
        return "it has begun, and no execution met an error"
    return ""


def _is_quiet(status: CampaignStatus, facts: Facts) -> str:
    quiet = status in ("draft", "in_review", "stopped") and not facts.open + facts.tests
    return "nothing of it is under way" if quiet else ""


def _may_go_on(_: CampaignStatus, facts: Facts) -> str:
    if facts.open:
        return f"{_executions(facts.open)} is not over"
    return f"{_executions(facts.in_error)} ended in an error" if facts.in_error else ""


@dataclass(frozen=True)
class Transition:
    """Where a step leads from each status it may be taken in."""

    moves: Mapping[CampaignStatus, CampaignStatus | Deleted]
    by: Literal["person", "clock", "both"] = "person"
    unless: tuple[Objection, ...] = field(default=())


TRANSITIONS: Final[Mapping[Step, Transition]] = {
    "apply": Transition({"draft": "draft", "scheduled": "scheduled", "live": "live"}),
    "submit": Transition({"draft": "in_review", "scheduled": "scheduled", "live": "live"}),
    "withdraw": Transition({"in_review": "draft"}),  # what is published stays as it is
    "publish": Transition(
        {"draft": "scheduled", "in_review": "scheduled", "scheduled": "scheduled", "live": "live"}
    ),
    "start": Transition({"scheduled": "live", "live": "live"}, by="both"),
    "unpublish": Transition({"scheduled": "draft", "live": "draft"}, unless=(_has_left,)),
    "close": Transition({"scheduled": "closed", "live": "closed"}),
    "stop": Transition(
        {
            "draft": "draft",  # its tests
            "in_review": "in_review",  # its tests
            "scheduled": "stopped",
            "live": "stopped",
            "closed": "stopped",
            "stopped": "stopped",  # what a stop that was cut off left behind
        },
        unless=(_is_quiet,),
    ),
    "resume": Transition(
        {"live": "live", "closed": "closed", "stopped": "closed", "completed": "closed"}
    ),
    "complete": Transition(
        {"scheduled": "completed", "live": "completed", "closed": "completed"},
        by="clock",
        unless=(_may_go_on,),
    ),
    "archive": Transition(
        {
            "scheduled": "archived",
            "live": "archived",
            "closed": "archived",
            "stopped": "archived",
            "completed": "archived",
        },
        unless=(_is_under_way,),
    ),
    "delete": Transition({"draft": "deleted"}, unless=(_is_under_way,)),
    "purge": Transition({"archived": "deleted"}, by="clock", unless=(_is_under_way,)),
}


def follow(
    name: str, status: CampaignStatus, step: Step, facts: Facts | None = None
) -> CampaignStatus | Deleted:
    """Return the status that `step` leads to; raises Refused with the reason and what may be done.

    Without `facts`, only the status is asked: for steps without a condition.
    """
    objection = _objection(status, step, facts or Facts())
    if not objection:
        return TRANSITIONS[step].moves[status]
    if step == "start" and status in ("draft", "in_review"):
        remedy = f"`campanile publish {name}`; a draft can be tested: `campanile test {name}`."
    else:
        remedy = _remedy(name, possible(status, facts or Facts()))
    now = status.replace("_", " ")
    raise Refused(f"campaign '{name}' is {now}: {_words(step)}, since {objection}.", remedy=remedy)


def possible(status: CampaignStatus, facts: Facts) -> tuple[Step, ...]:
    """The steps that a person may take now, in the order of a life."""
    return tuple(
        step
        for step, transition in TRANSITIONS.items()
        if transition.by != "clock" and not _objection(status, step, facts)
    )


def sources(step: Step) -> tuple[CampaignStatus, ...]:
    """The statuses in which a step may be taken."""
    return tuple(TRANSITIONS[step].moves)


def _objection(status: CampaignStatus, step: Step, facts: Facts) -> str:
    transition = TRANSITIONS[step]
    if status not in transition.moves:
        statuses = " or ".join(transition.moves).replace("_", " ")
        return f"that takes one that is {statuses}"
    found = (objection(status, facts) for objection in transition.unless)
    return next((text for text in found if text), "")


def _remedy(name: str, steps: tuple[Step, ...]) -> str:
    shown = [f"`campanile {step} {name}`" for step in steps if step not in ("apply", "resume")]
    copy = f"`campanile duplicate {name} NEW_NAME`"
    return f"Possible now: {', '.join([*shown, copy])}."


def _words(step: Step) -> str:
    words = {
        "apply": "it gets no further version",
        "submit": "it cannot be submitted for approval",
        "withdraw": "nothing of it is withdrawn",
        "publish": "it cannot be published",
        "start": "it starts no live execution",
        "unpublish": "it cannot go back to draft",
        "close": "it cannot be closed",
        "stop": "it cannot be stopped",
        "resume": "none of its executions goes on",
        "complete": "it is not completed",
        "archive": "it cannot be archived",
        "delete": "it cannot be deleted",
        "purge": "it is not deleted",
    }
    return words[step]


def _executions(number: int) -> str:
    return "1 execution" if number == 1 else f"{number:,} executions"
