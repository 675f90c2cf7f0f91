"""The filters of a project, and who calls each: campaigns in files and in the store, filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campanile.campaigns.compiled import definition_json
from campanile.campaigns.filter_file import FilterFile
from campanile.campaigns.filters import dimension_of, filters_called
from campanile.errors import Refused
from campanile.operations.authoring.known_versions import KnownVersions, known_versions
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.relations.parse import did_you_mean
from campanile.relations.rules import rule_tree_to_text
from campanile.store.campaign_rows import CampaignRow


@dataclass(frozen=True)
class VersionUse:
    """A version of the store that calls a filter; `differs`: it keeps another text of it."""

    campaign: str
    version: int
    differs: bool


@dataclass(frozen=True)
class FilterUse:
    """A filter with those who call it, directly or through another filter."""

    file: FilterFile
    dimension: str
    files: tuple[str, ...]  # campaigns as their files say now
    published: tuple[VersionUse, ...]
    drafts: tuple[VersionUse, ...]  # applied, not published
    filters: tuple[str, ...]

    @property
    def campaigns(self) -> tuple[str, ...]:
        """All campaigns that call it anywhere, by name."""
        stored = [one.campaign for one in (*self.published, *self.drafts)]
        return tuple(sorted({*self.files, *stored}))

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "name": self.file.name,
            "label": self.file.label,
            "description": self.file.description,
            "dimension": self.dimension,
            "parameters": {
                name: {"type": one.type, "default": one.default}
                for name, one in self.file.parameters.items()
            },
            "where": self.file.where,
            "text": rule_tree_to_text(self.file.where),
            "files": list(self.files),
            "published": [vars(one) for one in self.published],
            "drafts": [vars(one) for one in self.drafts],
            "filters": list(self.filters),
        }


@requires(Right.VIEW)
def filter_uses(project: Project, name: str | None = None) -> list[FilterUse]:
    """All filters whose files can be read, or one; raises Refused for a name there is not."""
    files = project.definitions.filters
    if name is not None and name not in files:
        remedy = did_you_mean(name, files) or "A file in filters/ makes one."
        raise Refused(f"there is no filter '{name}'.", remedy=remedy)
    called = {
        campaign: filters_called(definition_json(one), files)
        for campaign, one in project.definitions.campaigns.items()
    }
    rows = project.store.campaigns.inventory()
    known = known_versions(project, {(row.name, v) for row in rows for v in _versions(row)})
    wanted = [file for one, file in files.items() if name in (None, one)]
    return [_use(project, file, called, rows, known) for file in wanted]


def _versions(row: CampaignRow) -> set[int]:
    return {one for one in (row.published_version, row.latest_version) if one}


def _use(
    project: Project,
    file: FilterFile,
    called: Mapping[str, Mapping[str, FilterFile]],
    rows: Sequence[CampaignRow],
    known: KnownVersions,
) -> FilterUse:
    published: list[VersionUse] = []
    drafts: list[VersionUse] = []
    for row in rows:
        for version in sorted(_versions(row)):
            kept = _kept(known, row.name, version).get(file.name)
            if kept is not None:
                use = VersionUse(row.name, version, kept != file)
                (published if version == row.published_version else drafts).append(use)
    files = project.definitions.filters
    dimension = dimension_of(file, project.catalog)
    return FilterUse(
        file=file,
        dimension=dimension.name if dimension else "",
        files=tuple(sorted(name for name, found in called.items() if file.name in found)),
        published=tuple(published),
        drafts=tuple(drafts),
        filters=tuple(
            n for n, one in files.items() if file.name in filters_called(one.where, files)
        ),
    )


def _kept(known: KnownVersions, campaign: str, version: int) -> Mapping[str, FilterFile]:
    """The filters that a version keeps; none of one that this product cannot read."""
    try:
        return known.get(campaign, version).filters
    except Refused:
        return {}
