"""Questions to people: what is asked of whom, and when the answers decide."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from campanile.activities.asked import Needs

QuestionKind = Literal["approval", "task", "publication"]
KINDS: Final[tuple[QuestionKind, ...]] = ("approval", "task", "publication")
Progress = Literal["late", "today", "this week", "later"]


@dataclass(frozen=True)
class NewQuestion:
    """What is asked; `subject` is the activity, or the policy that wants a publication approved.

    `asked` are people and groups. The first of `answers` agrees, the last one refuses. `rows` is
    the number that was counted when it was asked; `barred` are people who may not answer.
    """

    kind: QuestionKind
    subject: str
    text: str
    asked: tuple[str, ...]
    answers: tuple[str, ...]
    needs: Needs = "first"
    rows: int | None = None
    reviewer: str | None = None
    priority: str = "normal"
    barred: tuple[str, ...] = ()
    due_at: datetime | None = None
    reminders: tuple[timedelta, ...] = ()  # before the end


@dataclass(frozen=True)
class Reply:
    """An answer of a person, who counts for those of the asked names that stand for them."""

    person: str
    answer: str
    comment: str = ""
    counts_for: tuple[str, ...] = field(default=())


def decision(
    asked: Collection[str], answers: Sequence[str], needs: Needs, replies: Sequence[Reply]
) -> str | None:
    """Return the answer that the replies, the oldest first, amount to; None while one is missing.

    Of `first` the oldest decides. Of `all` everybody asked must give the first answer (of a group
    one member is enough); any other answer decides at once.
    """
    if not replies:
        return None
    if needs == "first":
        return replies[0].answer
    other = next((reply.answer for reply in replies if reply.answer != answers[0]), None)
    if other is not None:
        return other
    heard = {name for reply in replies for name in reply.counts_for}
    return answers[0] if heard >= set(asked) else None


def names_of(person: str, groups: Collection[str], asked: Sequence[str]) -> tuple[str, ...]:
    """Return those of the asked names that a person answers for: the own, and those of groups."""
    return tuple(name for name in asked if name == person or name in groups)


def progress(due_at: datetime | None, now: datetime) -> Progress:
    """Return how near the end is, in the zone that both instants are given in."""
    if due_at is None:
        return "later"
    if due_at <= now:
        return "late"
    if due_at.date() == now.date():
        return "today"
    return "this week" if due_at.isocalendar()[:2] == now.isocalendar()[:2] else "later"
