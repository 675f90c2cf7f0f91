"""The `campanile` command; each subcommand is one module, imported when it is used."""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final

import click

from campanile import __version__
from campanile.cli.examples import EXAMPLES
from campanile.errors import CampanileError, FaultsFound

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "init": "project",
        "demo": "demo",
        "serve": "serve",
        "load": "data",
        "entities": "data",
        "audiences": "audiences",
        "validate": "authoring",
        "format": "formatting",
        "plan": "planning",
        "apply": "authoring",
        "export": "authoring",
        "schema": "schemas",
        "submit": "tasks",
        "withdraw": "tasks",
        "publish": "life",
        "test": "drafts",
        "start": "life",
        "signal": "signals",
        "confirm": "life",
        "approve": "deciding",
        "reject": "deciding",
        "tasks": "tasks",
        "done": "tasks",
        "pause": "steering",
        "resume": "steering",
        "stop": "steering",
        "restart": "steering",
        "close": "steps",
        "unpublish": "steps",
        "duplicate": "steps",
        "archive": "steps",
        "delete": "steps",
        "status": "standing",
        "alerts": "alerts",
        "campaigns": "campaign_list",
        "calendar": "calendar",
        "show": "inventory",
        "executions": "inventory",
        "logs": "logs",
        "audit": "logs",
        "preview": "looking",
        "explain": "looking",
        "count": "counting",
        "filters": "filter_list",
        "functions": "looking",
        "proof": "proofs",
        "account": "messages",
        "uncertain": "messages",
        "why": "messages",
        "report": "reports",
        "halt": "sending",
        "arm": "sending",
        "doctor": "doctor",
        "backup": "backups",
        "restore": "backups",
        "upgrade": "backups",
        "keys": "keys",
        "users": "users",
        "tokens": "tokens",
        "reference": "reference.command",
    }
)


class _Commands(click.Group):
    """Subcommands by name; only the one that is asked for is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All names, in the order of a campaign's life."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click calls it so
        cmd_name: str,
    ) -> click.Command | None:
        """Import the module of `cmd_name` and take the command of that name from it."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = getattr(import_module(f"campanile.cli.{module}"), f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        command.epilog = command.epilog or _examples(cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest name when one is mistyped."""
        if args and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else " See: campanile --help"
            ctx.fail(f"There is no command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)


def _examples(name: str) -> str:
    """The examples of a command, as the end of its help; empty when it has none."""
    lines = [f"campanile {line}" for line in EXAMPLES.get(name, ())]
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)]) if lines else ""


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="campanile")
def cli() -> None:
    """Orchestrated marketing campaigns on Dagster, on the customer data you already have."""


def main() -> None:
    """Run the command line: exit 0 done, 1 refused with a reason, 2 wrong usage."""
    try:
        cli()
    except FaultsFound as error:
        for fault in error.faults:
            click.echo(f"{fault.severity}: {fault}", err=True)
        _leave(f"{len(error.faults)} found; nothing was changed.")
    except CampanileError as error:
        _leave(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except PermissionError as error:
        _leave(f"{error.filename}: {error.strerror}.")


def _leave(sentence: str) -> None:
    click.echo(click.style("refused: ", fg="red") + sentence, err=True)
    sys.exit(1)
