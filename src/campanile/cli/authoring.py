"""Commands for authors: validate files, save them as versions, write them back."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, fault_json, json_option, show_json
from campanile.cli.testing import show_tests
from campanile.errors import Fault, FaultsFound, Place

if TYPE_CHECKING:
    from campanile.campaigns.definitions import Definitions


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--tests", "with_tests", is_flag=True, help="Run the tests beside campaigns, too.")
@json_option
def validate_command(paths: tuple[str, ...], with_tests: bool, as_json: bool) -> None:
    """Find every fault in campaign files, without a store and without an engine.

    PATHS are files or folders (the working folder when left out). Exit status 1 when there is one,
    or when a test comes out otherwise. Tests run in memory, on the rows that they hold.
    """
    faults, files = [], 0
    for path in paths or (".",):
        found, checked = _check(Path(path))
        faults += found
        files += checked
    faults = sorted(dict.fromkeys(faults), key=lambda fault: fault.place)
    errors = [fault for fault in faults if fault.severity == "error"]
    if with_tests and not errors:
        show_tests([Path(path) for path in paths or (".",)], faults, files, as_json=as_json)
        return
    if as_json:
        show_json({"files": files, "faults": [fault_json(fault) for fault in faults]})
    else:
        for fault in faults:
            click.echo(f"{fault}" if fault.severity == "error" else f"{fault} (warning)")
        if not errors:
            click.echo(f"{counted(files, 'campaign file')} checked: no fault.")
        else:
            click.echo(f"{counted(len(errors), 'fault')} found.", err=True)
    if errors:
        raise SystemExit(1)


def _check(path: Path) -> tuple[list[Fault], int]:
    """All faults below a path, and how many campaign files were read."""
    from campanile.campaigns.loading import load_definitions
    from campanile.operations.authoring.chosen_files import project_above

    if not path.exists():
        return [Fault(Place(str(path)), "there is no such file or folder.")], 0
    folder = project_above(path) or project_above(Path.cwd())
    if folder is None:
        remedy = "`campanile init FOLDER` makes a project."
        return [Fault(Place(str(path)), "no campanile.yaml stands above it.", remedy)], 0
    try:
        definitions = load_definitions(folder)
    except FaultsFound as found:
        return list(found.faults), 0
    return _faults_at(definitions, path.resolve())


def _faults_at(definitions: "Definitions", path: Path) -> tuple[list[Fault], int]:
    from campanile.operations.authoring.sample_faults import sample_faults
    from campanile.operations.authoring.template_faults import template_faults

    folder = definitions.folder
    if not path.is_relative_to(folder / "campaigns") and path.is_file():
        return _faults_of_other_file(definitions, path)
    names = [name for name, file in definitions.files.items() if file.resolve() == path
             or file.resolve().is_relative_to(path)]  # fmt: skip
    faults = [
        fault
        for name in names
        for fault in (*template_faults(definitions, name), *sample_faults(definitions, name))
    ]
    broken = {
        file: found
        for file, found in definitions.broken.items()
        if (folder / file).resolve() == path or (folder / file).resolve().is_relative_to(path)
    }
    faults += [fault for found in broken.values() for fault in found.faults]
    files = {str(definitions.files[name].relative_to(folder)) for name in names}
    faults += [fault for fault in definitions.warnings if fault.place.file in files]
    return faults, len(names) + len(broken)


def _faults_of_other_file(definitions: "Definitions", path: Path) -> tuple[list[Fault], int]:
    """A file outside campaigns/; settings, catalog and channels are right, or nothing is read."""
    from campanile.campaigns.definitions import parse_file
    from campanile.campaigns.loading import read_campaign
    from campanile.campaigns.tests_file import TESTS_FOLDER, CampaignTests
    from campanile.catalog.yaml_source import read_yaml

    inside = path.is_relative_to(definitions.folder)
    parts = path.relative_to(definitions.folder).parts if inside else ()
    if parts and ((len(parts) == 1 and path.suffix in (".yaml", ".yml")) or parts[0] == "catalog"):
        return [], 1
    if parts and parts[0] in ("filters", "distributions"):
        broken = definitions.broken.get(str(Path(*parts)))
        warnings = [one for one in definitions.warnings if one.place.file == str(Path(*parts))]
        return [*(broken.faults if broken else warnings)], 1
    try:
        content = path.read_bytes()
    except OSError as error:
        return [Fault(Place(str(path)), f"it cannot be read: {error.strerror}.")], 0
    document = read_yaml(content, str(path))
    if parts and parts[0] == TESTS_FOLDER:
        tests: list[Fault] = []
        parse_file(document, CampaignTests, tests)
        return tests, 1
    _, faults = read_campaign(document, definitions)
    return faults, 1


@click.command("apply")
@click.argument("paths", nargs=-1, required=True)
@json_option
def apply_command(paths: Sequence[str], as_json: bool) -> None:
    """Save campaign files as versions: all of PATHS, or none. Nothing runs until publish."""
    from campanile.operations.authoring.applying import apply_all
    from campanile.operations.authoring.chosen_files import campaigns_at

    with opened_project() as project:
        names = campaigns_at(project.definitions, paths)
        applied = apply_all(project, names, actor=project.actor.name)
    if as_json:
        show_json([one.__dict__ for one in applied])
        return
    for one in applied:
        what = "saved as" if one.created else "unchanged,"
        click.echo(f"{one.campaign}: {what} version {one.version} ({one.status})")
    made = [one.campaign for one in applied if one.created]
    if made:
        click.echo(
            f"{counted(len(made), 'new version')}; nothing runs until publish: "
            f"campanile publish {made[0]}"
        )
    else:
        click.echo("Nothing changed: the store has these versions already.")


@click.command("export")
@click.argument("name")
@click.option("--version", type=int, help="The version; the latest when left out.")
@json_option
def export_command(name: str, version: int | None, as_json: bool) -> None:
    """Write a campaign back as the file it was applied from, comments included, in its layout."""
    from campanile.campaigns.file_layout import formatted

    with opened_project() as project:
        chosen = version or project.store.campaigns.get(name).latest_version
        row = project.store.campaigns.version(name, chosen)
    source = formatted(row.source, f"{name}, version {chosen}", "campaign")
    if as_json:
        show_json(
            {
                "campaign": name,
                "version": chosen,
                "created_at": row.created_at,
                "created_by": row.created_by,
                "source": source,
            }
        )
    else:
        click.echo(source, nl=False)
