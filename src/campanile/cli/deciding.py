"""Commands that decide: approve and reject what waits for a person, whatever it is."""

from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted

if TYPE_CHECKING:
    from campanile.operations.project import Project
    from campanile.operations.scheduling.answering import Answered, Chosen
    from campanile.store.question_rows import Question

_VERSION = click.option(
    "--version", type=int, help="The version you looked at; any other one is refused."
)
_ROWS = click.option(
    "--rows", type=int, help="The number of rows or people you looked at; any other is refused."
)
_COMMENT = click.option("--comment", "--reason", default="", help="Why; kept in the audit log.")


@click.command("approve")
@click.argument("name")
@click.argument("execution", required=False)
@click.argument("activity", required=False)
@click.option("--answer", help="Another answer of an approval than its first one.")
@_VERSION
@_ROWS
@_COMMENT
def approve_command(
    name: str,
    execution: str | None,
    activity: str | None,
    answer: str | None,
    version: int | None,
    rows: int | None,
    comment: str,
) -> None:
    """Agree: to a publication, an approval, a task that was done, or checks that failed.

    ACTIVITY is the activity that asks or was checked, or the policy that wants an approval.
    """
    from campanile.operations.hosting.serving import run_what_is_due
    from campanile.operations.scheduling.answering import Chosen
    from campanile.operations.scheduling.decisions import approve

    chosen = Chosen(name, execution, activity)
    with opened_project() as project:
        question = _question(project, chosen)
        if question is not None:
            _answer(project, question, answer or _first(question), version, rows, comment)
            return
        found = approve(
            project,
            name,
            execution,
            actor=project.actor.name,
            reason=comment or "by hand",
            activity=activity,
            version=version,
        )
        waits = project.store.executions.waits_for(found.id).sentence
        served = run_what_is_due(project)
    click.echo(
        f"Execution {found.name} is approved and {found.status}: {waits}; {served}; "
        f"see: campanile executions {name}"
    )


@click.command("reject")
@click.argument("name")
@click.argument("execution", required=False)
@click.argument("activity", required=False)
@_VERSION
@_ROWS
@_COMMENT
def reject_command(
    name: str,
    execution: str | None,
    activity: str | None,
    version: int | None,
    rows: int | None,
    comment: str,
) -> None:
    """Refuse: a publication, an approval, a task that was done, or an execution with failed checks.

    A publication is draft again, a task is done again, and an execution with failed checks ends.
    """
    from campanile.operations.scheduling.answering import Chosen
    from campanile.operations.scheduling.decisions import reject

    chosen = Chosen(name, execution, activity)
    with opened_project() as project:
        question = _question(project, chosen)
        if question is not None:
            _answer(project, question, _last(question), version, rows, comment)
            return
        found = reject(
            project,
            name,
            execution,
            actor=project.actor.name,
            reason=comment or "by hand",
            version=version,
        )
    click.echo(
        f"Execution {found.execution.name} is rejected and stopped: "
        f"{counted(found.messages.called_back, 'message')} of other branches will not be sent; "
        f"see: campanile executions {name}"
    )


def _question(project: "Project", chosen: "Chosen") -> "Question | None":
    """The question that is meant; None where nothing was asked, so that checks are meant."""
    from campanile.operations.scheduling.answering import only, to_answer, was_asked

    found = to_answer(project, chosen)
    if not found and not was_asked(project, chosen):
        return None
    return only(project, chosen, found, "question")


def _answer(
    project: "Project",
    question: "Question",
    given: str,
    version: int | None,
    rows: int | None,
    comment: str,
) -> None:
    from campanile.operations.hosting.serving import run_what_is_due, serve_published
    from campanile.operations.rehearsing.reached import count_reached
    from campanile.operations.scheduling.answering import answer
    from campanile.store.questions import Seen

    answered = answer(
        project,
        question,
        given,
        actor=project.actor.name,
        comment=comment,
        seen=Seen(version, rows),
        count=count_reached,
    )
    served = serve_published(project) if answered.published else run_what_is_due(project)
    about = (
        "" if question.rows is None else f" (version {question.version}, {question.rows:,} rows)"
    )
    click.echo(
        f"'{given}' to {question.name}{about}: {_follows(answered)}; {served}; "
        f"see: campanile why {question.campaign}"
    )


def _follows(answered: "Answered") -> str:
    """What an answer led to, as the middle of a sentence."""
    question, published = answered.question, answered.published
    if published is not None:
        return f"version {published.version} is published and {published.campaign.status}"
    if question.is_open:
        return f"it is {question.status} and waits for {', '.join(question.waiting_for)}"
    if question.kind != "publication":
        return f"it is decided as '{question.outcome}', and the execution goes on"
    if question.outcome == "approved":
        return f"this policy agreed; see what is missing, or: campanile publish {question.campaign}"
    return "changes are requested, and nobody is asked any more"


def _first(question: "Question") -> str:
    return "approved" if question.kind == "task" else question.answers[0]


def _last(question: "Question") -> str:
    return "rejected" if question.kind == "task" else question.answers[-1]
