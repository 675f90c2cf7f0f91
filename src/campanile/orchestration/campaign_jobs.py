"""Campaign version -> job: a repository of its own, so that one is built without the others."""

from collections.abc import Mapping, Sequence

import dagster as dg

from campanile.orchestration import keys
from campanile.orchestration.campaign_assets import Canvas, build_activity_assets
from campanile.orchestration.delivery_assets import build_plan_asset
from campanile.orchestration.report_assets import build_report_asset
from campanile.orchestration.resources import OpenProject
from campanile.orchestration.worker_marks import marked_executor


def build_assets(canvas: Canvas, open_project: OpenProject) -> list[dg.AssetsDefinition]:
    """Return all assets drawn on `canvas`, in the order of the campaign."""
    built = [
        asset
        for activity in canvas.campaign.activities
        for asset in (
            build_plan_asset(canvas, activity),
            build_activity_assets(canvas, activity),
            build_report_asset(canvas, activity, open_project),
        )
    ]
    return [asset for asset in built if asset is not None]


def build_job(
    canvas: Canvas, assets: Sequence[dg.AssetsDefinition], resources: Mapping[str, object]
) -> dg.JobDefinition:
    """Return the job that makes the `assets` of one campaign version, and nothing of any other.

    Raises Dagster's definition errors when the version does not make a graph.
    """
    campaign = canvas.campaign
    name = str(keys.JobName(campaign.name, campaign.version, canvas.draft))
    job = dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*[key for asset in assets for key in asset.keys]),
        description=_describe(canvas),
        tags={"campanile/campaign": campaign.name, "campanile/version": str(campaign.version)},
        executor_def=marked_executor,
    )
    definitions = dg.Definitions(assets=assets, jobs=[job], resources=resources)
    return definitions.get_repository_def().get_job(name)


def _describe(canvas: Canvas) -> str:
    campaign = canvas.campaign
    lines = [f"**{campaign.label or campaign.name}**, version {campaign.version}."]
    if canvas.draft:
        lines.append("A draft: it runs as a test and sends nothing.")
    lines += [campaign.description, f"Owner: {campaign.owner}." if campaign.owner else ""]
    lines.append(f"Canvas: lineage of the asset group `{canvas.folder}`.")
    return "\n\n".join(line for line in lines if line)
