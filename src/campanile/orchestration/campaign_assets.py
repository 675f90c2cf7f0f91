"""Campaign -> assets: one for each output of each activity, wired as the campaign is wired."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from campanile.operations.executing.segment_run import Part
from campanile.orchestration import keys
from campanile.orchestration.checks import build_check_specs, check_results, checked_asset
from campanile.orchestration.failures import reported_as_failures
from campanile.orchestration.metadata import describe_output
from campanile.orchestration.resources import SESSION
from campanile.orchestration.shapes import ActivityShape, CampaignShape

_SAVED_FIRST = {"dagster/priority": "1"}  # an audience is saved before a message is planned
_TAG = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class Canvas:
    """A campaign version and the asset group its assets are drawn in.

    `only` limits the assets to some names: those that no newer version of the campaign has.
    """

    campaign: CampaignShape
    draft: bool = False
    only: frozenset[str] | None = None

    @property
    def folder(self) -> str:
        """First part of the keys, and the group."""
        return keys.folder(self.campaign.name, self.draft)

    @property
    def partitions(self) -> dg.DynamicPartitionsDefinition:
        """The executions of the group."""
        return dg.DynamicPartitionsDefinition(name=keys.partitions_name(self.folder))

    def op_name(self, name: str) -> str:
        """Name a step so that it is unique in the whole location."""
        retired = f"__v{self.campaign.version}" if self.only is not None else ""
        return f"{self.folder}__{name}{retired}"

    def drawn(self, names: Iterable[str]) -> list[str]:
        """Keep the names that this canvas shows."""
        return [name for name in names if self.only is None or name in self.only]


def build_activity_assets(canvas: Canvas, activity: ActivityShape) -> dg.AssetsDefinition | None:
    """Return the assets of an activity's outputs; None when none of them is drawn.

    A gate is an ordinary activity here: it asks the store, and fails with "waits until …" before
    it is due.
    """
    deps = (
        [keys.asset_key(canvas.folder, keys.plan_name(activity.name))]
        if activity.channel
        else upstream_keys(canvas, activity)
    )
    return build_step(
        canvas,
        activity,
        names=activity.asset_names(),
        deps=deps,
        segment=activity.segment,
        part="outputs" if activity.channel else "all",
    )


def build_step(
    canvas: Canvas,
    activity: ActivityShape,
    *,
    names: Sequence[str],
    deps: Sequence[dg.AssetKey],
    segment: str,
    part: Part,
) -> dg.AssetsDefinition | None:
    """Return one step that makes the assets `names` together, or none of them."""
    drawn = canvas.drawn(names)
    if not drawn:
        return None
    checked = checked_asset(activity, part, drawn)

    @dg.multi_asset(
        name=canvas.op_name(activity.name if part != "plan" else keys.plan_name(activity.name)),
        specs=[build_spec(canvas, activity, name, deps) for name in drawn],
        check_specs=build_check_specs(canvas.folder, activity, checked),
        partitions_def=canvas.partitions,
        required_resource_keys={SESSION},
        can_subset=False,
        op_tags=_SAVED_FIRST if activity.type == "save_audience" else None,
    )
    def step(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        with reported_as_failures():
            run, outputs = context.resources.session.run_activity(
                canvas.campaign, context.partition_key, segment, activity.name, part
            )
        for output in outputs:
            if output.asset in drawn:
                yield dg.MaterializeResult(
                    asset_key=keys.asset_key(canvas.folder, output.asset),
                    metadata=describe_output(output, run.mode, activity.waits_for),
                )
            if output.asset == checked:
                yield from check_results(canvas.folder, activity, output)

    return step


def build_spec(
    canvas: Canvas, activity: ActivityShape, name: str, deps: Sequence[dg.AssetKey]
) -> dg.AssetSpec:
    """Describe one output: what it is, who owns it, what it comes from."""
    campaign = canvas.campaign
    output = name.removeprefix(activity.name).removeprefix("__")
    return dg.AssetSpec(
        key=keys.asset_key(canvas.folder, name),
        deps=deps,
        description=_describe(canvas, activity, output),
        group_name=canvas.folder,
        code_version=activity.digest or None,
        owners=owners_of(campaign),
        tags=tags_of(campaign),
        kinds={activity.type, activity.channel or "duckdb"},
        metadata={"campaign": campaign.name, "version": campaign.version, "type": activity.type},
    )


def upstream_keys(canvas: Canvas, activity: ActivityShape) -> list[dg.AssetKey]:
    """List what an activity reads: transitions of the campaign, and entities."""
    return [
        *(keys.asset_key(canvas.folder, name) for name in activity.inputs),
        *(keys.entity_key(entity) for entity in activity.entities),
    ]


def owners_of(campaign: CampaignShape) -> list[str]:
    """Name the owner the way Dagster wants it: an address, or a team."""
    if not campaign.owner:
        return []
    if _EMAIL.fullmatch(campaign.owner):
        return [campaign.owner]
    return [f"team:{re.sub(r'[^A-Za-z0-9_]+', '_', campaign.owner)}"]


def tags_of(campaign: CampaignShape) -> dict[str, str]:
    """Return the campaign's tags that Dagster can hold as tags."""
    return {tag: "" for tag in campaign.tags if _TAG.fullmatch(tag)}


def _describe(canvas: Canvas, activity: ActivityShape, output: str) -> str:
    title = activity.label or activity.name
    part = activity.labels.get(output, output)
    lines = [
        f"**{title}{': ' + part if part else ''}** ({activity.type})",
        f"Campaign '{canvas.campaign.label or canvas.campaign.name}', "
        f"version {canvas.campaign.version}{', draft' if canvas.draft else ''}.",
    ]
    if canvas.only is not None:
        lines.append("No longer in the published version; kept until its last execution ends.")
    if activity.waits_for:
        lines.append(f"Waits for {activity.waits_for}.")
    if activity.note:
        lines.append(activity.note)
    return "\n\n".join(lines)
