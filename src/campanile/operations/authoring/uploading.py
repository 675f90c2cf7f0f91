"""A campaign that comes as text: written as its file and saved as a version, or refused whole."""

from pathlib import Path

from campanile.campaigns.definitions import CAMPAIGNS_FOLDER
from campanile.campaigns.loading import load_campaign
from campanile.errors import CampanileError, Refused
from campanile.operations.authoring.templates import check_templates
from campanile.operations.authoring.versions import Applied, apply_campaign
from campanile.operations.people.rights import requires_for_campaign
from campanile.operations.project import Project
from campanile.people.rights import Right


@requires_for_campaign(Right.EDIT)
def apply_text(project: Project, name: str, text: str) -> Applied:
    """Write `text` as the campaign's file and apply it; nothing is written where it has faults.

    Raises FaultsFound for those, and Refused where the file has changes that nobody applied: they
    would be lost.
    """
    file = project.definitions.files.get(name) or _new_file(project, name)
    former = file.read_text(encoding="utf-8") if file.exists() else None
    if former is not None:
        _require_applied(project, name, former)
    shown = str(file.relative_to(project.folder))
    campaign = load_campaign(text, shown, project.definitions)
    if campaign.name != name:
        raise Refused(
            f"the text defines '{campaign.name}', not '{name}'.", remedy="Give both one name."
        )
    project.actor.require(Right.EDIT, campaign.tags)
    check_templates(project, campaign)
    _write(file, text)
    project.read_again()
    try:
        return apply_campaign(project, name, actor=project.actor.name)
    except CampanileError:
        _put_back(file, former)
        project.read_again()
        raise


def _new_file(project: Project, name: str) -> Path:
    return project.folder / CAMPAIGNS_FOLDER / f"{name}.yaml"


def _require_applied(project: Project, name: str, written: str) -> None:
    known = {row.name: row.latest_version for row in project.store.campaigns.inventory()}
    latest = known.get(name)
    if latest and project.store.campaigns.version(name, latest).source == written:
        return
    raise Refused(
        f"the file of '{name}' has changes that were never applied; they would be lost.",
        remedy=f"Where the file is: campanile apply {name}. Then read the campaign again.",
    )


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".new")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise Refused(f"{file.name}: it cannot be written: {error.strerror}.") from error


def _put_back(file: Path, former: str | None) -> None:
    if former is None:
        file.unlink(missing_ok=True)
    else:
        _write(file, former)
