"""The command `report`: what a campaign's messages led to."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import instant, json_option, show_json, show_table

if TYPE_CHECKING:
    from campanile.reporting.report import ActivityReport


@click.command("report")
@click.argument("name")
@click.option("--execution", help="One execution; all live ones when left out.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path),
              help="Write a page with charts to this file.")  # fmt: skip
@json_option
def report_command(name: str, execution: str | None, html: Path | None, as_json: bool) -> None:
    """Count what happened to a campaign's messages, up to now."""
    from campanile.operations.feedback.reports import report
    from campanile.reporting.html import render_html

    with opened_project() as project:
        found = report(project, name, execution)
    if html is not None:
        _write(html, render_html(found))
    if as_json:
        show_json(found.to_dict())
        return
    scope = f"execution {execution}" if execution else "all live executions"
    click.echo(f"{name}, {scope}, as of {instant(found.at)}")
    if not found.activities:
        click.echo("No message has been planned yet.")
    for one in found.activities:
        _show(one)
    for text in found.notes if found.activities else ():
        click.echo(f"  {text}")
    if html is not None:
        click.echo(f"The page is {html}.")


def _write(path: Path, page: str) -> None:
    from campanile.errors import Refused

    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path}: it cannot be written: {error.strerror}.") from error


def _show(one: "ActivityReport") -> None:
    numbers = one.numbers
    click.echo()
    rows: list[tuple[str, int, str]] = [("targeted", numbers.targeted, "")]
    rows += [(f"excluded: {_words(r)}", n, "") for r, n in numbers.excluded_by.items()]
    rows += [(f"failed: {_words(r)}", n, "") for r, n in numbers.failed_by.items()]
    rows += [
        (_words(state), getattr(numbers, state), "")
        for state in ("waiting", "in_flight", "uncertain")
        if getattr(numbers, state)
    ]
    rows += [("sent", numbers.sent, ""), ("delivered", numbers.delivered, "")]
    rates = {"opened": "open_rate", "clicked": "click_rate", "unsubscribed": "unsubscribe_rate",
             "bounced": "bounce_rate", "complained": "complaint_rate"}  # fmt: skip
    shares = {rate.name: rate.value for rate in numbers.rates}
    for kind, reaction in numbers.reactions.items():
        if kind == "delivered":
            continue
        share = shares.get(rates.get(kind, ""))
        rows.append((kind, reaction.messages, "" if share is None else f"{share:.1%}"))
    show_table((one.activity, "messages", "rate"), rows)
    if one.links:
        click.echo()
        show_table(
            ("link", "messages", "people", "clicks", "of machines"),
            [
                (link.name or link.url, link.clicks.messages, link.clicks.people,
                 link.clicks.total, link.clicks.machine)
                for link in one.links
            ],
        )  # fmt: skip


def _words(name: str) -> str:
    return name.replace("_", " ")
