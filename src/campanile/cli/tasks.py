"""Commands about what waits for people: the list of tasks, their reports, and submissions."""

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, instant, json_option, progress, show_json, show_table


@click.command("tasks")
@click.argument("name", required=False)
@click.option("--mine", is_flag=True, help="Only what waits for you, or for a group of yours.")
@click.option("--late", is_flag=True, help="Only what is past its end.")
@click.option("--to-approve", is_flag=True, help="Only what waits for an answer or a review.")
@click.option("--all", "everything", is_flag=True, help="What is over as well.")
@json_option
def tasks_command(
    name: str | None, mine: bool, late: bool, to_approve: bool, everything: bool, as_json: bool
) -> None:
    """List what people are asked: approvals, tasks and their reviews; the most urgent first."""
    from campanile.operations.watching.people_tasks import list_tasks

    with opened_project() as project:
        found = list_tasks(
            project,
            name,
            person=project.actor.name if mine else None,
            late=late,
            to_approve=to_approve,
            everything=everything,
        )
    if as_json:
        show_json([one.as_json() for one in found])
        return
    if not found:
        click.echo("Nobody is asked anything.")
        return
    show_table(
        ("what", "asks", "rows", "status", "waits for", "until", "priority"),
        [
            (
                one.question.name,
                one.question.text,
                one.question.rows,
                one.question.status
                if one.when == "later"
                else f"{one.question.status}, {one.when}",
                ", ".join(one.question.waiting_for),
                instant(one.question.due_at),
                one.question.priority,
            )
            for one in found
        ],
    )


@click.command("done")
@click.argument("name")
@click.argument("execution", required=False)
@click.argument("activity", required=False)
@click.option("--not", "not_done", is_flag=True, help="It is not done, and will not be.")
@click.option("--comment", default="", help="Kept with the task.")
def done_command(
    name: str, execution: str | None, activity: str | None, not_done: bool, comment: str
) -> None:
    """Report a task of yours as done; its reviewer, if it has one, is asked then."""
    from campanile.operations.hosting.serving import run_what_is_due
    from campanile.operations.scheduling.answering import Chosen, report_task, to_report

    with opened_project() as project:
        found = to_report(project, Chosen(name, execution, activity))
        told = report_task(
            project, found, done=not not_done, actor=project.actor.name, comment=comment
        )
        served = run_what_is_due(project)
    waits = f" and waits for {', '.join(told.waiting_for)}" if told.waiting_for else ""
    click.echo(f"{told.name} is {told.status}{waits}; {served}; see: campanile tasks --all {name}")


@click.command("submit")
@click.argument("name")
@click.option("--version", type=int, help="The version; the latest when left out.")
@click.option("--comment", help="For those who approve it.")
def submit_command(name: str, version: int | None, comment: str | None) -> None:
    """Ask those whom policies name whether a version may be published."""
    from campanile.operations.authoring.reviews import submit
    from campanile.operations.rehearsing.reached import count_reached

    with opened_project() as project, progress("counting people"):
        found = submit(
            project,
            name,
            version=version,
            actor=project.actor.name,
            comment=comment,
            count=count_reached,
        )
        status = project.store.campaigns.get(name).status.replace("_", " ")
    if not found.questions:
        click.echo(f"Version {found.version} of '{name}' needs nobody's approval: "
                   f"campanile publish {name}")  # fmt: skip
        return
    asked = "; ".join(f"{one.subject}: {', '.join(one.asked)}" for one in found.questions)
    reach = "an unknown number of people" if found.rows is None else counted(
        found.rows, "person", "people"
    )  # fmt: skip
    click.echo(
        f"'{name}' is {status}: version {found.version}, for {reach}, waits for {asked}; the last "
        f"approval publishes it; take it back with: campanile withdraw {name}"
    )


@click.command("withdraw")
@click.argument("name")
@click.option("--reason", default="by hand", show_default=True, help="For the audit log.")
def withdraw_command(name: str, reason: str) -> None:
    """Take a submission back, so that a draft can be changed again."""
    from campanile.operations.authoring.reviews import withdraw

    with opened_project() as project:
        withdraw(project, name, actor=project.actor.name, reason=reason)
        status = project.store.campaigns.get(name).status.replace("_", " ")
    click.echo(
        f"'{name}' is {status}: nobody is asked any more; change its file, then: "
        f"campanile apply {name} && campanile submit {name}"
    )
