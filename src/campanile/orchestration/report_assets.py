"""Channel activity -> the asset that holds its figures, materialised anew while they grow."""

import dagster as dg

from campanile.operations.feedback.reports import report_numbers
from campanile.orchestration import keys
from campanile.orchestration.campaign_assets import Canvas, owners_of, tags_of
from campanile.orchestration.failures import reported_as_failures
from campanile.orchestration.metadata import describe_details
from campanile.orchestration.resources import OpenProject
from campanile.orchestration.shapes import ActivityShape


def build_report_asset(
    canvas: Canvas, activity: ActivityShape, open_project: OpenProject
) -> dg.AssetsDefinition | None:
    """Return the report asset of a delivery; its metadata is numbers, which Dagster plots."""
    name = keys.report_name(activity.name)
    if not activity.channel or not canvas.drawn([name]):
        return None

    @dg.asset(
        name=name,
        key_prefix=[canvas.folder],
        deps=[keys.asset_key(canvas.folder, activity.asset_names()[0])],
        partitions_def=canvas.partitions,
        group_name=canvas.folder,
        description=(
            f"What became of the messages of **{activity.label or activity.name}** so far: "
            "sent, bounced, opened and clicked by humans, unsubscribed."
        ),
        owners=owners_of(canvas.campaign),
        tags=tags_of(canvas.campaign),
        kinds={"report", activity.channel},
    )
    def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with reported_as_failures():
            numbers = report_numbers(
                open_project(), canvas.campaign.name, activity.name, context.partition_key
            )
        return dg.MaterializeResult(metadata=describe_details(numbers))

    return report
