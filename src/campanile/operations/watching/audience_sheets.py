"""Saved audiences as people look at them: rows, columns, freshness, who saves and who reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from campanile.activities.read_audience import ReadAudience
from campanile.campaigns.definition import Campaign
from campanile.campaigns.rule_texts import leaves
from campanile.catalog.saved_audiences import KnownAudience
from campanile.errors import Refused
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.relations.references import audience_references
from campanile.relations.rules import split_direction
from campanile.store.audiences import AudienceVersion


@dataclass(frozen=True)
class AudienceSheet:
    """One audience; without a version nobody has saved it yet.

    `writers` and `readers` are `campaign.activity` of the campaign files.
    """

    name: str
    dimension: str
    merge_policy: str
    identity: tuple[str, ...]  # what a row is known by
    columns: Mapping[str, str]
    rows: int | None
    version: int | None
    fresh_at: datetime | None
    writers: tuple[str, ...]
    readers: tuple[str, ...]


@dataclass(frozen=True)
class AudienceLine:
    """One version of an audience, and the execution that saved it."""

    version: int
    rows: int
    saved_at: datetime
    execution: str  # "campaign/key"; empty when it was deleted since
    activity: str


@requires(Right.VIEW)
def audience_sheets(project: Project, name: str | None = None) -> list[AudienceSheet]:
    """All audiences that are saved or that a file saves, or one, by name."""
    definitions, saved = project.definitions, project.store.audiences.current()
    readers = list(_readers(definitions.campaigns))
    names = sorted({*saved, *definitions.audiences})
    return [
        _sheet(project, each, saved.get(each), definitions.audiences.get(each), readers)
        for each in names
        if name in (None, each)
    ]


def audience_lines(project: Project, name: str) -> list[AudienceLine]:
    """The versions of an audience that are kept, the newest first."""
    return [
        AudienceLine(v.version, v.rows, v.committed_at, _execution(project, v), v.activity)
        for v in project.store.audiences.versions(name)
    ]


def _execution(project: Project, version: AudienceVersion) -> str:
    try:
        return project.store.executions.get(version.execution_id).name
    except Refused:
        return ""


def _sheet(
    project: Project,
    name: str,
    saved: AudienceVersion | None,
    written: KnownAudience | None,
    readers: list[tuple[str, str]],
) -> AudienceSheet:
    known = saved.known() if saved else written
    assert known is not None  # every name comes from one of the two
    dimension = project.catalog.dimensions.get(known.dimension)
    key = project.catalog.entities[dimension.entity].key if dimension else ()
    return AudienceSheet(
        name=name,
        dimension=known.dimension,
        merge_policy=known.merge_policy,
        identity=known.identity or key,
        columns={column: type_.value for column, type_ in (known.columns or {}).items()},
        rows=saved.rows if saved else None,
        version=saved.version if saved else None,
        fresh_at=saved.committed_at if saved else None,
        writers=tuple(
            f"{one.campaign}.{one.activity} ({one.mode})"
            for one in (written.writers if written else ())
        ),
        readers=tuple(reader for audience, reader in readers if audience == name),
    )


def _readers(campaigns: Mapping[str, Campaign]) -> Iterator[tuple[str, str]]:
    """(audience, campaign.activity) for every audience that an activity names."""
    for campaign in campaigns.values():
        for name, config in campaign.activities.items():
            texts = (text for site in config.rules() for _, text in leaves(site))
            found = {a for text in texts for a in audience_references(split_direction(text)[0])}
            if isinstance(config, ReadAudience):
                found.add(config.audience)
            yield from ((audience, f"{campaign.name}.{name}") for audience in sorted(found))
