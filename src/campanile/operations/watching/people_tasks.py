"""What people are asked and have to do, the most urgent first."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from campanile.campaigns.questions import Progress, progress
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.operations.scheduling.answering import stands_for
from campanile.people.rights import Right
from campanile.store.question_rows import Question

_PRIORITY = ("high", "normal", "low")
_URGENCY = ("late", "today", "this week", "later")


@dataclass(frozen=True)
class ListedTask:
    """Something that people are asked, and how near its end is."""

    question: Question
    when: Progress

    def as_json(self) -> dict[str, Any]:
        """The task as programs read it."""
        known = asdict(self.question)
        left_out = ("is_over", "reminders", "barred")
        shown = {name: value for name, value in known.items() if name not in left_out}
        derived = {"status": self.question.status, "waiting_for": self.question.waiting_for}
        return {**shown, **derived, "progress": self.when}


@requires(Right.VIEW)
def list_tasks(
    project: Project,
    campaign: str | None = None,
    *,
    person: str | None = None,
    late: bool = False,
    to_approve: bool = False,
    everything: bool = False,
) -> list[ListedTask]:
    """What is asked of everybody or of one person; what is over only with `everything`."""
    names = [campaign] if campaign else [one.name for one in project.store.campaigns.inventory()]
    if campaign:
        project.store.campaigns.get(campaign)
    questions = project.store.questions
    found = (
        [one for name in names for one in questions.of_campaign(name)]
        if everything
        else questions.pending(campaign)
    )
    listed = [ListedTask(one, _when(project, one)) for one in found]
    return sorted(
        (
            one
            for one in listed
            if (person is None or stands_for(project, person, one.question.waiting_for))
            and (not late or one.when == "late")
            and (not to_approve or one.question.kind != "task" or one.question.is_reported)
        ),
        key=_urgency,
    )


def _when(project: Project, question: Question) -> Progress:
    if not question.is_open:
        return "later"
    due_at = question.due_at
    local = None if due_at is None else due_at.astimezone(project.timezone)
    return progress(local, project.clock().astimezone(project.timezone))


def _urgency(one: ListedTask) -> tuple[int, int, datetime]:
    question = one.question
    priority = _PRIORITY.index(question.priority)
    return _URGENCY.index(one.when), priority, question.due_at or question.asked_at
