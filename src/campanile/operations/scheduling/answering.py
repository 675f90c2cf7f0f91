"""Answers of people: to approvals, of tasks and their reviews; what they decide goes on at once."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from campanile.campaigns.questions import Reply, names_of
from campanile.errors import Refused
from campanile.operations.authoring.approvals import Count, is_approved
from campanile.operations.authoring.versions import Published, publish
from campanile.operations.executing.advancing import advance
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.actor import NotAllowed
from campanile.people.rights import Right
from campanile.store.question_rows import Question
from campanile.store.questions import ANYTHING, Seen


@dataclass(frozen=True)
class Chosen:
    """Which question is meant: the only one of the campaign that fits, where nothing is named."""

    campaign: str
    key: str | None = None
    subject: str | None = None


@dataclass(frozen=True)
class Answered:
    """A question after an answer, and what was published because it was the last one missing."""

    question: Question
    published: Published | None = None


@requires(Right.VIEW)
def answer(
    project: Project,
    question: Question,
    given: str,
    *,
    actor: str,
    comment: str = "",
    seen: Seen = ANYTHING,
    count: Count | None = None,
) -> Answered:
    """Answer an approval, or review a task (`approved` or `rejected`); being asked is the right.

    The last approval of a publication publishes, if whoever gives it has the right to. Raises
    Refused for an answer that comes too late or twice, or from whoever is not asked.
    """
    questions = project.store.questions
    if question.kind == "task":
        names = () if question.reviewer is None else (question.reviewer,)
        reply = _reply(project, names, given, actor, comment)
        return Answered(_moved_on(project, questions.review(question.id, reply)))
    reply = _reply(project, question.asked, given, actor, comment)
    answered = _moved_on(project, questions.reply(question.id, reply, seen))
    return Answered(answered, _published(project, answered, actor, count))


@requires(Right.VIEW)
def report_task(
    project: Project, question: Question, *, done: bool, actor: str, comment: str = ""
) -> Question:
    """Say of a task that it is done, or will not be; only its assignee may."""
    reply = _reply(project, question.asked, "done" if done else "not_done", actor, comment)
    return _moved_on(project, project.store.questions.report(question.id, reply))


def to_answer(project: Project, chosen: Chosen) -> list[Question]:
    """The approvals that wait for an answer, and the tasks that wait for their reviewer."""
    return _pending(project, chosen, lambda one: one.kind != "task" or one.is_reported)


def to_report(project: Project, chosen: Chosen) -> Question:
    """The task that is meant; raises Refused, with those there are, unless it is one."""
    return only(project, chosen, _pending(project, chosen, lambda one: one.kind == "task"), "task")


def was_asked(project: Project, chosen: Chosen) -> Question | None:
    """The newest question that is meant, decided ones included; None while checks hold another.

    What is held now is nearer than what was decided before.
    """
    found = project.store.questions.of_campaign(chosen.campaign)
    newest = next((one for one in reversed(found) if _is_meant(one, chosen)), None)
    held = any(
        one.status == "held" and chosen.key in (None, one.key)
        for one in project.store.executions.open_executions(chosen.campaign)
    )
    return None if held else newest


def only(project: Project, chosen: Chosen, found: Sequence[Question], what: str) -> Question:
    """The one question; raises Refused, with what there is, for none and for several."""
    if len(found) == 1:
        return found[0]
    if found:
        there = ", ".join(one.name for one in found)
        raise Refused(
            f"several are open: {there}.", remedy="Name one: campaign, execution and activity."
        )
    decided = was_asked(project, chosen)
    if decided is not None:
        project.store.questions.require_open(decided.id)  # says who was first, and when
    raise Refused(
        f"no {what} of '{chosen.campaign}' waits for an answer.",
        remedy="See: campanile tasks, and campanile status",
    )


def stands_for(project: Project, person: str, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the asked people and groups that a person answers for."""
    return names_of(person, groups_of(project, person), names)


def groups_of(project: Project, person: str) -> tuple[str, ...]:
    """The groups of a person with an open account."""
    known = project.store.people.everybody()
    mine = (one.groups for one in known if one.name == person and one.disabled_at is None)
    return next(mine, ())


def _published(
    project: Project, answered: Question, actor: str, count: Count | None
) -> Published | None:
    """What is published now; should this be cut off, `campanile publish` does the same."""
    name, version = answered.campaign, answered.version
    if answered.kind == "publication" and is_approved(project, name, version):
        with suppress(NotAllowed):  # then somebody with the right to publishes
            return publish(project, name, version=version, actor=actor, count=count)
    return None


def _reply(project: Project, names: Sequence[str], given: str, actor: str, comment: str) -> Reply:
    return Reply(actor, given, comment, stands_for(project, actor, names))


def _moved_on(project: Project, answered: Question) -> Question:
    if answered.execution_id is not None:
        advance(project, answered.execution_id)
    return answered


def _pending(project: Project, chosen: Chosen, fits: Callable[[Question], bool]) -> list[Question]:
    project.store.campaigns.get(chosen.campaign)
    if chosen.key is not None:
        project.store.executions.find(chosen.campaign, chosen.key)
    found = project.store.questions.pending(chosen.campaign)
    return [one for one in found if _is_meant(one, chosen) and fits(one)]


def _is_meant(one: Question, chosen: Chosen) -> bool:
    return chosen.key in (None, one.execution_key) and chosen.subject in (None, one.subject)
