"""The command `test`: run a draft as far as wanted, and see what it would have done."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, json_option, progress, show_json, show_table
from campanile.cli.parameters import read_parameters

if TYPE_CHECKING:
    from campanile.campaigns.simulation import Simulation
    from campanile.operations.project import Project
    from campanile.operations.rehearsing.draft_accounts import DraftAccount
    from campanile.store.execution_rows import Execution

_LOOK_SECONDS = 0.3


@click.command("test")
@click.argument("name", metavar="NAME|FILE")
@click.option("--version", type=int, help="The version; the latest when left out.")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@click.option("--until", metavar="ACTIVITY", help="The last activity; nothing beside its way runs.")
@click.option("--skip-waits/--real-waits", default=True, show_default=True,
              help="Whether waits are over at once.")  # fmt: skip
@click.option("--assume", "assumed", multiple=True, metavar="'[MESSAGE.]opened 30%'",
              help="A share of recipients that reacts so; without it nobody does.")  # fmt: skip
@click.option("--answer", "answers", multiple=True, metavar="ACTIVITY=ANSWER",
              help="How an activity that asks or waits is answered.")  # fmt: skip
@click.option("--again", is_flag=True, help="End the last test; the same of the latest version.")
@click.option("--resume", "goes_on", is_flag=True, help="Go on with the last test.")
@json_option
def test_command(
    name: str,
    version: int | None,
    parameters: tuple[str, ...],
    until: str | None,
    skip_waits: bool,
    assumed: tuple[str, ...],
    answers: tuple[str, ...],
    again: bool,
    goes_on: bool,
    as_json: bool,
) -> None:
    """Run a draft: nobody receives anything, nothing is saved, and the campaign stays as it is.

    A file is applied first. Ends with status 1 when the test was paused or failed.
    """
    from campanile.operations.hosting.serving import serve_published
    from campanile.operations.rehearsing import draft_runs
    from campanile.operations.rehearsing.draft_accounts import account_of_test

    if (again or goes_on) and (
        version or parameters or until or assumed or answers or not skip_waits
    ):
        raise click.UsageError("--again and --resume take what the last test was told.")
    given = read_parameters(parameters)
    with opened_project() as project:
        actor = project.actor.name
        campaign = _campaign(project, name, actor)
        if again:
            begun = draft_runs.test_again(project, campaign, actor=actor)
        elif goes_on:
            begun = draft_runs.go_on(project, campaign, actor=actor)
        else:
            told = _simulation(until, assumed, answers, waits=not skip_waits)
            begun = _begin(project, campaign, version, given, told)
        serve_published(project)
        with progress(f"testing {begun.name}"):
            ended = draft_runs.run_test(project, begun, _pause)
        account = account_of_test(project, ended)
    show_json(account.to_json()) if as_json else _show(account)
    if account.status in ("paused", "failed", "held"):
        raise SystemExit(1)


def _campaign(project: "Project", name: str, actor: str) -> str:
    """The campaign of that name; a file is applied as a draft."""
    from campanile.operations.authoring.chosen_files import campaigns_at
    from campanile.operations.authoring.versions import apply_campaign

    if not Path(name).is_file():
        return name
    found = campaigns_at(project.definitions, [name])[0]
    apply_campaign(project, found, actor=actor)
    return found


def _simulation(
    until: str | None, assumed: Iterable[str], answers: Iterable[str], *, waits: bool
) -> "Simulation":
    from campanile.campaigns.simulation import Assumption, Simulation

    return Simulation(
        until=until,
        waits=waits,
        assumed=tuple(Assumption.read(text) for text in assumed),
        answers=read_parameters(answers, option="--answer"),
    )


def _begin(
    project: "Project",
    campaign: str,
    version: int | None,
    given: dict[str, str],
    told: "Simulation",
) -> "Execution":
    from campanile.operations.authoring.versions import start_execution

    return start_execution(
        project,
        campaign,
        kind="test",
        mode="test",
        version=version,
        parameters=given,
        simulation=told,
        actor=project.actor.name,
    )


def _pause() -> None:
    from time import sleep

    sleep(_LOOK_SECONDS)


def _show(account: "DraftAccount") -> None:
    click.echo(
        f"TEST {account.execution} of '{account.campaign}' version {account.version}: "
        "nothing was sent, nothing was saved."
    )
    show_table(
        ("transition", "type", "rows", "would"),
        [
            (one.transition, one.type, one.rows, one.would if one.reached else f"- {one.reason}")
            for one in account.transitions
        ],
    )
    click.echo(_last_sentence(account))


def _last_sentence(account: "DraftAccount") -> str:
    name, key = account.campaign, account.execution
    reached = sum(one.reached for one in account.transitions)
    if account.status == "finished":
        done = f"{reached} of {counted(len(account.transitions), 'transition')} reached"
        return f"Finished, {done}; see: campanile preview {name} --execution {key}"
    waits = account.waits_for or account.status
    return f"The test is {account.status}: {waits}; go on with: campanile test {name} --resume"
