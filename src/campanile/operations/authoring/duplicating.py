"""Duplicates: a campaign in any status is written as a file of another name, and saved as draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from campanile.campaigns.copies import copied_source
from campanile.campaigns.definitions import CAMPAIGNS_FOLDER
from campanile.campaigns.loading import load_campaign
from campanile.errors import Refused
from campanile.operations.authoring.templates import check_templates
from campanile.operations.authoring.versions import Applied, apply_campaign, version_row
from campanile.operations.people.rights import requires_for_campaign
from campanile.operations.project import Project
from campanile.people.rights import Right


@dataclass(frozen=True)
class Duplicate:
    """A copy: where its file is, which version it is of, and the draft it was saved as."""

    file: Path
    copied: int
    applied: Applied


@requires_for_campaign(Right.EDIT)
def duplicate(
    project: Project,
    name: str,
    new_name: str,
    *,
    version: int | None = None,
    defaults: Mapping[str, str],
    actor: str,
) -> Duplicate:
    """Write a version (the published one, or the latest) as a campaign of another name.

    `defaults` become those of its parameters. Raises Refused where the name is taken, and
    FaultsFound where the copy is not right in this project; then nothing was written.
    """
    row = project.store.campaigns.get(name)
    copied = version or row.published_version or row.latest_version
    file = _free_file(project, name, new_name)
    text = copied_source(version_row(project, name, copied).source, new_name, defaults)
    shown = str(file.relative_to(project.folder))
    check_templates(project, load_campaign(text, shown, project.definitions))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    project.read_again()
    applied = apply_campaign(project, new_name, actor=actor)
    project.store.audit.record(
        actor, "duplicate", f"campaign:{new_name}", copied_from=name, copied_version=copied
    )
    return Duplicate(Path(shown), copied, applied)


def _free_file(project: Project, name: str, new_name: str) -> Path:
    """Where the copy goes: beside the original; raises Refused where something has that name."""
    taken = {row.name: row.status for row in project.store.campaigns.inventory()}
    if new_name in taken:
        raise Refused(f"there is a campaign '{new_name}' already: it is {taken[new_name]}.")
    folder = project.folder / CAMPAIGNS_FOLDER
    beside = project.definitions.files.get(name)
    file = (beside.parent if beside else folder) / f"{new_name}.yaml"
    if file.exists() or new_name in project.definitions.files:
        raise Refused(
            f"a file defines '{new_name}' already, though it was never applied.",
            remedy="Give the copy another name.",
        )
    return file
