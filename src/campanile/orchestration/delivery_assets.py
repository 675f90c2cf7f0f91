"""Channel activity -> the asset that plans its delivery; its outcome is a step like any other."""

import dagster as dg

from campanile.orchestration import keys
from campanile.orchestration.campaign_assets import Canvas, build_step, upstream_keys
from campanile.orchestration.shapes import ActivityShape


def build_plan_asset(canvas: Canvas, activity: ActivityShape) -> dg.AssetsDefinition | None:
    """Return the asset that freezes content and population of a delivery; None without a channel.

    Nothing is sent here: that happens between this asset and the delivery's outputs, in send runs.
    """
    if not activity.channel:
        return None
    return build_step(
        canvas,
        activity,
        names=(keys.plan_name(activity.name),),
        deps=upstream_keys(canvas, activity),
        segment=activity.plan_segment,
        part="plan",
    )
