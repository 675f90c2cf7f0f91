"""The page about commands: usage, arguments and options as click knows them, with examples."""

from collections.abc import Iterator

import click

from campanile.cli import COMMANDS, cli
from campanile.cli.examples import EXAMPLES
from campanile.cli.reference.markdown import anchor, block, code, page, table


def commands_page() -> str:
    """The page, in the order in which `campanile --help` lists the commands."""
    context = click.Context(cli, info_name="campanile")
    commands = [
        (name, command)
        for name in COMMANDS
        if (command := cli.get_command(context, name)) and not command.hidden
    ]
    rows = [
        (f"[{name}](#{anchor(name)})", command.get_short_help_str(200))
        for name, command in commands
    ]
    return page(
        "Commands",
        "`campanile` finds its project by walking up to `campanile.yaml`, or by"
        " `CAMPANILE_PROJECT`. Every reading command takes `--json`. Exit status 0: done;"
        " 1: refused, with a reason; 2: wrong usage.",
        table(("Command", "Does"), rows),
        *(_section(context, name, command) for name, command in commands),
    )


def _section(parent: click.Context, name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    examples = "\n".join(f"campanile {line}" for line in EXAMPLES.get(name, ()))
    parts = (
        f"## {name}",
        " ".join(_said(command).split()),
        block(usage, "text"),
        table(("Option", "Means"), _options(command, context)),
        table(("Command", "Does"), _subcommands(command, context)),
        f"For example:\n\n{block(examples, 'console')}" if examples else "",
    )
    return "\n\n".join(part for part in parts if part)


def _said(command: click.Command) -> str:
    return (command.help or "").partition("\f")[0]


def _options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1] and "--help" not in parameter.opts:
            yield code(record[0]), record[1]


def _subcommands(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            part = command.get_command(context, name)
            if part is not None and not part.hidden:
                inner = click.Context(part, info_name=name, parent=context)
                usage = " ".join(part.get_usage(inner).removeprefix("Usage: ").split())
                yield code(usage), " ".join(_said(part).split())
