"""The command `proof`: one real rendering to a test address."""

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, progress


@click.command("proof")
@click.argument("name")
@click.argument("activity")
@click.option("--to", required=True, help="The test address.")
@click.option("--row", help="Key of the row to render; the first one when left out.")
@click.option("--execution", help="Take the row from its plan; else the file on today's data.")
def proof_command(
    name: str, activity: str, to: str, row: str | None, execution: str | None
) -> None:
    """Send one real message of ACTIVITY to a test address, rendered as the live send does."""
    from campanile.operations.rehearsing.proofs import send_proof

    with opened_project() as project, progress("rendering"):
        proof = send_proof(
            project,
            name,
            activity,
            to=to,
            row_key=row,
            execution=execution,
            actor=project.actor.name,
        )
    click.echo(
        f"A proof of '{activity}' was handed to {proof.server}, subject '{proof.subject}', of "
        f"{counted(proof.rows, 'row')}; its links lead nowhere, no recipient got anything; "
        f"next: campanile plan {name}"
    )
