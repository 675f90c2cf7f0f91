"""What commands print: tables and sentences for people, one JSON value for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from campanile.errors import Fault

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_WIDTH_WHEN_PIPED = 160


def json_option(command: CommandT) -> CommandT:
    """The option `--json` of a reading command."""
    option = click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON value, and nothing else."
    )
    return option(command)


def show_json(value: object) -> None:
    """Print a value as JSON; instants as ISO 8601."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def fault_json(fault: Fault) -> dict[str, object]:
    """A fault as JSON."""
    return {
        "file": fault.place.file,
        "line": fault.place.line,
        "column": fault.place.column,
        "severity": fault.severity,
        "code": fault.code,
        "message": fault.message,
        "remedy": fault.remedy,
    }


def show_table(heads: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Print a table; whole numbers stand to the right, empty cells are dashes."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    listed = [list(row) for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold", title=None)
    for place, head in enumerate(heads):
        numeric = bool(listed) and all(isinstance(row[place], int | None) for row in listed)
        table.add_column(head, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text(shown(cell)) for cell in row))
    if title:
        click.echo(click.style(title, bold=True))
    width = None if sys.stdout.isatty() else _WIDTH_WHEN_PIPED
    console = Console(width=width, highlight=False, no_color=not sys.stdout.isatty())
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().rstrip().splitlines():
        click.echo(line.rstrip())


def shown(value: object) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def people(count: int) -> str:
    """A number of people, in words."""
    return "1 person" if count == 1 else f"{count:,} people"


def counted(count: int, one: str, many: str = "") -> str:
    """A number of things, in words."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def instant(value: Any) -> str:
    """An instant to the minute, in UTC."""
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else ""


def note(sentence: str) -> None:
    """Say something beside the result, on the standard error."""
    click.echo(sentence, err=True)


@contextmanager
def progress(what: str, unit: str = "rows") -> Iterator[Callable[[int], None]]:
    """Show how far long work is, on a terminal only; call the function with the total so far."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} …") as status:
        yield lambda done: status.update(f"{what} … {done:,} {unit}")


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
