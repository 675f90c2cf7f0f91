"""Commands that keep a project: backup, restore, upgrade."""

from pathlib import Path

import click

from campanile.cli.opening import acting, opened_project
from campanile.cli.output import counted, json_option, note, show_json


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@json_option
def backup_command(target: Path, as_json: bool) -> None:
    """Write everything that cannot be made again to TARGET, a new file or a folder for it.

    Campaigns go on meanwhile. The file holds keys and addresses: keep it as you keep those.
    """
    from campanile.operations.keeping.backup import back_up

    with opened_project(sends=False) as project:
        made = back_up(project, target, actor=project.actor.name)
    if as_json:
        show_json({"path": str(made.path), "bytes": made.bytes, "files": made.files,
                   "missing": made.missing, **made.facts})  # fmt: skip
        return
    if made.missing:
        note(f"{counted(made.missing, 'file')} of outlived tables had gone meanwhile.")
    click.echo(
        f"{made.path}: {counted(made.files, 'file')}, {made.bytes / 1e6:,.1f} MB, readable for you "
        f"only; put it on another machine; back from it: campanile restore {made.path} FOLDER"
    )


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def restore_command(source: Path, folder: Path) -> None:
    """Put the backup SOURCE back into FOLDER: a new one, or a project whose store is gone.

    Nothing that is there is written over, and nothing is sent from it until `campanile arm`.
    """
    from campanile.operations.keeping.restore import restore
    from campanile.settings.project import locate_store
    from campanile.store.store import system_clock

    done = restore(
        source, folder.resolve(), locate=locate_store, actor=acting(), now=system_clock()
    )
    for path in done.kept:
        note(f"kept as it is, the backup has another: {path}")
    known = (
        "this folder never sent before, so nobody here knows what was sent since"
        if done.gap is None
        else f"{counted(done.gap, 'message')} at least were sent from here since"
    )
    click.echo(
        f"'{done.facts['project']}' of {done.facts['made_at'][:16]} UTC is back in {folder}; "
        f"{known}; nothing is sent until you allow it: cd {folder} && campanile status, then "
        f"campanile arm"
    )


@click.command("upgrade")
@click.option("--backup", "target", type=click.Path(path_type=Path),
              help="File or folder of the backup; dagster_home/backups when left out.")  # fmt: skip
def upgrade_command(target: Path | None) -> None:
    """Bring the store to what this version needs, after a backup; while nothing runs."""
    from campanile.operations.keeping.upgrade import upgrade

    with opened_project(sends=False, outdated=True) as project:
        place = target or project.folder / "dagster_home" / "backups"
        if target is None:
            place.mkdir(parents=True, exist_ok=True)
        done = upgrade(project, place, actor=project.actor.name)
    if done.backup is None:
        click.echo("The store is up to date; nothing was changed.")
        return
    steps = ", ".join(
        f"{area} {done.before[area]} → {revision}"
        for area, revision in done.after.items()
        if done.before[area] != revision
    )
    click.echo(
        f"The store is up to date ({steps}); as it was before, it lies in {done.backup}; "
        f"start the services again, then: campanile doctor"
    )
