"""Which versions are drawn: several versions of a campaign share one canvas, the newest wins."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from campanile.operations.authoring.versions import LiveVersion
from campanile.orchestration import keys
from campanile.orchestration.campaign_assets import Canvas
from campanile.orchestration.keys import JobName


def name_jobs(served: Iterable[LiveVersion]) -> tuple[JobName, ...]:
    """Name the jobs of the versions served, per canvas the leading one first.

    A version newer than the published one is a draft and has a canvas of its own. On the campaign's
    canvas the published version leads, then those that executions still need, newest first.
    """
    versions = list(served)
    published = {each.campaign: each.version for each in versions if each.published}
    named = [
        JobName(each.campaign, each.version, each.version > published.get(each.campaign, 0))
        for each in versions
    ]
    return tuple(
        sorted(
            named,
            key=lambda name: (
                name.folder,
                published.get(name.campaign) != name.version,
                -name.version,
            ),
        )
    )


def merge_canvases(canvases: Mapping[JobName, Canvas]) -> dict[JobName, Canvas]:
    """Share each group's names out: every name is drawn once, by the first version that has it.

    A version only ever depends on names of its own, so what an older version draws depends on newer
    drawings, never the other way round: the merged graph cannot have a cycle.
    """
    taken: dict[str, set[str]] = {}
    merged: dict[JobName, Canvas] = {}
    for name, canvas in canvases.items():
        seen = taken.setdefault(name.folder, set())
        free = frozenset(asset_names(canvas)) - seen
        merged[name] = canvas if not seen else replace(canvas, only=free)
        seen |= free
    return merged


def asset_names(canvas: Canvas) -> list[str]:
    """List the names of everything drawn for a version, reports and plans included."""
    names: list[str] = []
    for activity in canvas.campaign.activities:
        names += activity.asset_names()
        if activity.channel:
            names += [keys.plan_name(activity.name), keys.report_name(activity.name)]
    return names
