"""Commands about messages: the account, the doubtful ones, and why nothing was sent."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, json_option, progress, show_json, show_table

if TYPE_CHECKING:
    from campanile.operations.watching.accounts import DeliveryAccount


@click.command("account")
@click.argument("name")
@click.argument("execution", required=False)
@json_option
def account_command(name: str, execution: str | None, as_json: bool) -> None:
    """Show the delivery account: every planned recipient in one bucket, and whether it closes."""
    from campanile.operations.authoring.lives import find_execution
    from campanile.operations.watching.accounts import delivery_accounts

    with opened_project() as project:
        chosen = find_execution(project, name, execution)
        found = delivery_accounts(project, chosen)
    if as_json:
        show_json(
            {
                "campaign": name,
                "execution": chosen.key,
                "mode": chosen.mode,
                "deliveries": [one.to_dict() for one in found],
            }
        )
        return
    click.echo(f"{name}, execution {chosen.key} ({chosen.mode}, {chosen.status})")
    if not found:
        test = ": this is a test, nothing is sent" if chosen.mode == "test" else " yet"
        click.echo(f"No message is planned{test}; see: campanile why {name}")
    for one in found:
        _show(one)


def _show(one: "DeliveryAccount") -> None:
    account = one.account
    click.echo()
    rows: list[tuple[str, int]] = [("waiting", account.waiting), ("in flight", account.in_flight)]
    rows += [("sent", account.sent)]
    rows += [(f"failed: {_words(r)}", n) for r, n in sorted(account.failed.items())]
    rows += [(f"excluded: {_words(r)}", n) for r, n in sorted(account.excluded.items())]
    rows += [("uncertain", account.uncertain), ("planned", account.planned)]
    show_table((one.delivery.activity, "messages"), rows)
    closes = "the account closes" if account.closes else "THE ACCOUNT DOES NOT CLOSE"
    click.echo(f"{closes}: {account.counted:,} of {account.planned:,}; waits for {one.waits_for}.")


def _words(reason: str) -> str:
    return reason.replace("_", " ")


@click.command("uncertain")
@click.argument("name")
@click.option("--resend", "decision", flag_value="resend", help="Send them once more.")
@click.option("--leave", "decision", flag_value="leave", help="Never send them.")
@json_option
def uncertain_command(name: str, decision: str | None, as_json: bool) -> None:
    """Show messages that may have arrived or not, and decide what becomes of them."""
    from campanile.operations.watching.accounts import decide_uncertain, uncertain_deliveries

    with opened_project() as project:
        if decision is None:
            found = uncertain_deliveries(project, name)
            if as_json:
                show_json([one.to_dict() for one in found])
            else:
                _show_uncertain(name, found)
            return
        resend = decision == "resend"
        messages, deliveries = decide_uncertain(
            project, name, resend=resend, actor=project.actor.name
        )
    if as_json:
        show_json({"campaign": name, "decision": decision, "messages": messages})
        return
    what = f"{counted(messages, 'message')} of {counted(deliveries, 'delivery', 'deliveries')}"
    if resend:
        click.echo(
            f"{what} wait again, and leave under the same Message-ID as soon as sending may; "
            f"see: campanile account {name}"
        )
    else:
        click.echo(
            f"{what} are given up: nobody gets them a second time; see: campanile account {name}"
        )


def _show_uncertain(name: str, found: "list[DeliveryAccount]") -> None:
    if not found:
        click.echo(f"No message of '{name}' is uncertain.")
        return
    show_table(
        ("execution", "delivery", "uncertain", "sent"),
        [
            (one.delivery.execution_key, one.delivery.activity, one.account.uncertain,
             one.account.sent)
            for one in found
        ],
    )  # fmt: skip
    click.echo(
        f"They may have arrived or not. Decide: campanile uncertain {name} --resend, or --leave"
    )


@click.command("why")
@click.argument("name")
@click.argument("address", required=False)
@click.option("--execution", help="The execution; the newest live one when left out.")
@json_option
def why_command(name: str, address: str | None, execution: str | None, as_json: bool) -> None:
    """Say why nothing was sent, or follow one ADDRESS through the working tables."""
    from campanile.operations.watching.ways import way_of
    from campanile.operations.watching.whys import checklist

    with opened_project() as project, progress("looking"):
        if address is None:
            steps = checklist(project, name, execution)
        else:
            steps = way_of(project, name, address, execution)
    if as_json:
        show_json({"campaign": name, "steps": [asdict(step) for step in steps]})
        return
    marks = {True: "yes", False: "no", None: "-"}
    show_table(
        ("step", "", "because"), [(step.what, marks[step.ok], step.sentence) for step in steps]
    )
