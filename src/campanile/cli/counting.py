"""The command `count`: how many a rule finds, how a value is distributed, and a few of them."""

from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, json_option, progress, show_json, show_table

if TYPE_CHECKING:
    from campanile.operations.rehearsing.counts import Counted, Distribution, LookedAt


@click.command("count")
@click.argument("rule")
@click.option("--dimension", help="Whose rows: a dimension or entity; the default dimension.")
@click.option("--by", help="A value to count them by, such as tier or year(last_seen).")
@click.option("--sample", type=click.IntRange(0, 1000), default=0, help="Show so many of them.")
@click.option("--row", help="The key of one row: does the rule hold, by which linked rows?")
@json_option
def count_command(
    rule: str, dimension: str | None, by: str | None, sample: int, row: str | None, as_json: bool
) -> None:
    """Count exactly for how many the RULE holds; personal values are masked."""
    from campanile.operations.rehearsing.counts import count_rule

    with opened_project() as project, progress("counting"):
        found = count_rule(project, rule, dimension=dimension, by=by, sample=sample, row=row)
    if as_json:
        show_json(found.to_dict())
        return
    of = f"{found.of:,} rows of {found.dimension}"
    share = f" ({found.count / found.of:.1%})" if found.of else ""
    click.echo(f"{counted(found.count, 'row')} of {of}{share}")
    if found.distribution is not None:
        _show_distribution(found, found.distribution)
    if found.sample:
        click.echo()
        rows = [list(one.values()) for one in found.sample]
        show_table(list(found.sample[0]), rows, f"{counted(len(rows), 'row')} of {found.count:,}")
    if found.row is not None:
        _show_row(found.dimension, found.row)


def _show_distribution(found: "Counted", by: "Distribution") -> None:
    click.echo()
    rows = [(value, rows, f"{rows / found.count:.1%}") for value, rows in by.values]
    show_table((by.by, "rows", "share"), rows)
    if by.partial:
        click.echo(f"partial: the {len(rows)} most frequent values; there are more")


def _show_row(dimension: str, row: "LookedAt") -> None:
    click.echo()
    click.echo(f"{dimension} {row.key}: the rule {'holds' if row.holds else 'does not hold'}")
    for one in row.linked:
        click.echo(f"{one.call}: {counted(one.count, 'linked row')}")
        if one.rows:
            show_table(list(one.rows[0]), [list(line.values()) for line in one.rows])
