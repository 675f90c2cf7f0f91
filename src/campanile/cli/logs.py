"""Commands about what happened: the log of a campaign, its tasks, and the audit log."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import instant, json_option, note, show_json, show_table

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from campanile.operations.watching.tasks import TaskLine

_day = click.DateTime(["%Y-%m-%d", "%Y-%m-%d %H:%M"])


@click.command("logs")
@click.argument("name")
@click.argument("execution", required=False)
@click.option("--activity", default="", help="Of this activity only.")
@click.option("--level", type=click.Choice(["info", "warning", "error"]), default="info",
              show_default=True, help="This level and graver ones.")  # fmt: skip
@click.option("--search", default="", help="Text in a line, in whatever case.")
@click.option("--since", type=_day, help="Not before this day or minute of the project's zone.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=200, show_default=True,
              help="The newest lines, at most so many.")  # fmt: skip
@click.option("--tasks", is_flag=True,
              help="One line an activity instead: rows, duration, attempts.")  # fmt: skip
@json_option
def logs_command(
    name: str,
    execution: str | None,
    activity: str,
    level: str,
    search: str,
    since: datetime | None,
    limit: int,
    tasks: bool,
    as_json: bool,
) -> None:
    """Show what happened to a campaign or one EXECUTION: operations, errors, what people did."""
    from campanile.operations.watching.logs import Asked, log_lines

    if tasks:
        _show_tasks(name, execution, activity, as_json=as_json)
        return
    with opened_project() as project:
        begin = _instant(since, project.timezone)
        asked = Asked(level, activity, search, begin, limit)  # type: ignore[arg-type]
        found = log_lines(project, name, execution, asked)
    if as_json:
        show_json([asdict(one) for one in found])
    elif found:
        show_table(
            ("when (UTC)", "level", "execution", "activity", "who", "what"),
            [
                (f"{one.at:%Y-%m-%d %H:%M:%S}", one.level, one.execution, one.activity, one.actor,
                 one.sentence)
                for one in found
            ],
        )  # fmt: skip
    else:
        note(f"No line like that: campanile logs {name}")


def _show_tasks(name: str, execution: str | None, activity: str, *, as_json: bool) -> None:
    from campanile.errors import Refused
    from campanile.operations.watching.tasks import task_lines

    with opened_project() as project:
        newest = project.store.executions.of_campaign(name, limit=1)
        key = execution or next((one.key for one in newest), None)
        if key is None:
            raise Refused(f"'{name}' has no execution yet.", remedy=f"campanile start {name}")
        found = [one for one in task_lines(project, name, key) if activity in ("", one.activity)]
        given = project.store.executions.find(name, key).parameters
    if as_json:
        tasks = [asdict(one) for one in found]
        show_json({"execution": key, "parameters": given, "tasks": tasks})
        return
    if given:
        click.echo(f"{key}: " + ", ".join(f"{word} {value}" for word, value in given.items()))
    show_table(
        ("activity", "type", "segment", "attempt", "state", "ended", "seconds", "in", "out"),
        [
            (one.activity, one.type, one.segment, one.attempt, one.state, instant(one.ended_at),
             "" if one.seconds is None else f"{one.seconds:.2f}", one.rows_in, _rows(one))
            for one in found
        ],
    )  # fmt: skip
    for task in found:
        facts = [f"{word} {value}" for word, value in task.facts.items() if _is_short(value)]
        if activity and facts:
            click.echo(f"{task.activity}: {', '.join(facts)}")


def _rows(task: "TaskLine") -> str:
    return ", ".join(f"{name} {count:,}".strip() for name, count in task.rows_out.items())


def _is_short(value: object) -> bool:
    return isinstance(value, str | int | float)


@click.command("audit")
@click.option("--object", "target", help="What it was done to, such as campaign:hello, or hello.")
@click.option("--actor", help="Who did it.")
@click.option("--action", "actions", multiple=True, help="What was done; may be repeated.")
@click.option("--since", type=_day, help="Not before this day or minute of the project's zone.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True,
              help="The newest entries, at most so many.")  # fmt: skip
@json_option
def audit_command(
    target: str | None,
    actor: str | None,
    actions: Sequence[str],
    since: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show who changed what, when and why, the newest first."""
    from campanile.operations.watching.audits import audit_entries

    with opened_project() as project:
        begin = _instant(since, project.timezone)
        found = audit_entries(
            project, target=target, actor=actor, actions=actions, since=begin, limit=limit
        )
    if as_json:
        show_json([asdict(one) for one in found])
    elif found:
        show_table(
            ("when (UTC)", "who", "did", "to", "because"),
            [
                (f"{one.at:%Y-%m-%d %H:%M:%S}", one.actor, one.action, one.object, one.reason)
                for one in found
            ],
        )
    else:
        note("No entry like that: campanile audit")


def _instant(moment: datetime | None, zone: "ZoneInfo") -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=zone)
