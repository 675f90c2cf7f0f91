"""Commands for customer data: load a file, look at the entities."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, instant, json_option, progress, show_json, show_table

if TYPE_CHECKING:
    from campanile.operations.entities.loading.load import Loaded


@click.command("load")
@click.argument("entity")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mode", type=click.Choice(("upsert", "delete")), default="upsert",
              show_default=True, help="Bring rows in, or remove them by key.")  # fmt: skip
@click.option("--encoding", help="Encoding of the file; detected when left out.")
@click.option("--delimiter", help="Delimiter of the file; detected when left out.")
@json_option
def load_command(
    entity: str, file: Path, mode: str, encoding: str | None, delimiter: str | None, as_json: bool
) -> None:
    """Bring the rows of a delimited FILE into an ENTITY; faulty rows are set aside."""
    from campanile.operations.entities.loading.load import load_file

    separator = {"\\t": "\t", "tab": "\t"}.get(delimiter or "", delimiter)
    if separator is not None and len(separator) != 1:
        raise click.UsageError("--delimiter is one character, such as ';' or tab.")
    with opened_project() as project, progress(f"loading {file.name}") as told:
        loaded = load_file(
            project,
            entity,
            file,
            mode=cast(Literal["upsert", "delete"], mode),
            encoding=encoding,
            delimiter=separator,
            actor=project.actor.name,
            progress=told,
        )
    if as_json:
        show_json(_json(loaded))
    else:
        _show(loaded, file)
    if _nothing_used(loaded):
        raise SystemExit(1)


def _nothing_used(loaded: "Loaded") -> bool:
    """Whether every row was rejected."""
    used = sum(asdict(loaded.changes).values())
    return bool(loaded.rejected) and not used and not loaded.repeated


def _json(loaded: "Loaded") -> dict[str, object]:
    return {
        "entity": loaded.entity,
        "version": loaded.version,
        "rows": loaded.rows,
        "changes": asdict(loaded.changes),
        "rejected": loaded.rejected,
        "rejected_by_reason": dict(loaded.reasons),
        "rejects_file": loaded.rejects_path,
        "format": loaded.format,
        "ignored_columns": list(loaded.ignored_columns),
        "consents": loaded.consents,
        "same_file_as_before": loaded.repeated,
    }


def _show(loaded: "Loaded", file: Path) -> None:
    click.echo(f"{file}: {loaded.format}")
    if loaded.repeated:
        click.echo(
            f"The same file was loaded before: nothing changed; '{loaded.entity}' has "
            f"{counted(loaded.rows, 'row')} (version {loaded.version})."
        )
        return
    counts = [f"{name} {n:,}" for name, n in asdict(loaded.changes).items() if n]
    click.echo(f"  {', '.join(counts) or 'no row was used'}")
    if loaded.consents:
        click.echo(f"  {counted(loaded.consents, 'consent')} recorded")
    if loaded.ignored_columns:
        click.echo(f"  not in the catalog, ignored: {', '.join(loaded.ignored_columns)}")
    if loaded.rejected:
        click.echo(f"  {counted(loaded.rejected, 'row')} rejected:")
        for reason, count in sorted(loaded.reasons.items(), key=lambda found: -found[1]):
            click.echo(f"    {count:,}: {reason}")
        click.echo(f"    they lie in {loaded.rejects_path}")
    click.echo(
        f"'{loaded.entity}' has {counted(loaded.rows, 'row')} (version {loaded.version}); segments "
        f"that begin from now on read them; next: campanile plan"
    )


@click.command("entities")
@click.argument("name", required=False)
@json_option
def entities_command(name: str | None, as_json: bool) -> None:
    """List the entities: rows, freshness, links, and whether they are pinned."""
    from campanile.errors import Refused
    from campanile.operations.watching.entity_sheets import entity_sheets

    with opened_project() as project:
        found = entity_sheets(project, name)
        known = ", ".join(project.catalog.entities)
    if name is not None and not found:
        raise Refused(f"there is no entity '{name}'.", remedy=f"The catalog has: {known}.")
    if as_json:
        show_json([asdict(one) for one in found])
        return
    show_table(
        ("entity", "rows", "version", "fresh at", "pinned", "key", "links", "source"),
        [
            (
                one.name,
                one.rows,
                one.version,
                instant(one.fresh_at) or ("read live" if not one.pinned else "never loaded"),
                one.pinned,
                ", ".join(one.key),
                ", ".join(one.links),
                one.trouble or one.source,
            )
            for one in found
        ],
    )
