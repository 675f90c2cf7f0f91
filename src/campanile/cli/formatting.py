"""The command that brings files into their one layout."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from campanile.cli.output import counted, note
from campanile.errors import FaultsFound

if TYPE_CHECKING:
    from campanile.operations.authoring.formatting import Layout


@click.command("format")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file would change.")
@click.option("--diff", "as_diff", is_flag=True, help="Write nothing; print what would change.")
@click.option("--stdin", "from_stdin", is_flag=True,
              help="Format the standard input; PATHS may name the file it is.")  # fmt: skip
def format_command(paths: tuple[Path, ...], check: bool, as_diff: bool, from_stdin: bool) -> None:
    """Bring campaign, catalog, channels and settings files into one layout; comments stay.

    PATHS are files or folders (the working folder when left out). A file with a fault is left as it
    is, and the exit status is 1.
    """
    if from_stdin:
        _format_input(paths, check=check, as_diff=as_diff)
        return
    from campanile.operations.authoring.formatting import layouts

    changed: list[Layout] = []
    files = broken = 0
    for found in layouts(paths or (Path(),)):
        if isinstance(found, FaultsFound):
            _show_faults(found)
            broken += 1
            continue
        files += 1
        if found.is_changed:
            changed.append(found)
            _show(found, check=check, as_diff=as_diff)
    _sum_up(len(changed), files, will_change=check or as_diff)
    if broken or (check and changed):
        raise SystemExit(1)


def _show(layout: "Layout", *, check: bool, as_diff: bool) -> None:
    if as_diff:
        click.echo(layout.diff(), nl=False)
    elif check:
        click.echo(f"{layout.shown}: would change")
    else:
        layout.write()
        click.echo(f"{layout.shown}: formatted")


def _sum_up(changed: int, files: int, *, will_change: bool) -> None:
    doing = "would change" if will_change else "formatted"
    note(f"{counted(changed, 'file')} {doing}, {files - changed:,} in layout already.")


def _show_faults(found: FaultsFound) -> None:
    for fault in found.faults:
        click.echo(str(fault), err=True)


def _format_input(paths: Sequence[Path], *, check: bool, as_diff: bool) -> None:
    from campanile.operations.authoring.formatting import layout_of_text

    file = paths[0] if paths else Path("<stdin>")
    try:
        layout = layout_of_text(file, sys.stdin.buffer.read())
    except FaultsFound as found:
        _show_faults(found)
        raise SystemExit(1) from found
    if as_diff:
        click.echo(layout.diff(), nl=False)
    elif not check:
        click.echo(layout.after.encode("utf-8"), nl=False)
    if check and layout.is_changed:
        raise SystemExit(1)
