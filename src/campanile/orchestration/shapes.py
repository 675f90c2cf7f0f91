"""What Dagster has to know of a campaign version: its assets, their wiring and its segments."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from campanile.orchestration import keys


@dataclass(frozen=True)
class ActivityShape:
    """One activity; `inputs` are names of upstream assets, those it only follows included.

    `outputs` has "" for the main output, also of an activity that passes no rows on.
    `segment` is where its outputs are made; a channel's plan is made in `plan_segment` before.
    """

    name: str
    type: str
    segment: str
    outputs: tuple[str, ...] = ("",)
    inputs: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    channel: str = ""
    plan_segment: str = ""
    gate: bool = False
    waits_for: str = ""
    label: str = ""
    note: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    checks: tuple[tuple[str, str], ...] = ()  # hold or warn, and the rule

    def asset_names(self) -> tuple[str, ...]:
        """Names of the assets of its outputs, the main one first."""
        return tuple(keys.asset_name(self.name, output) for output in self.outputs)


@dataclass(frozen=True)
class ScheduleShape:
    """When a campaign's alarm rings: cron lines, any of which may ring, and their time zone."""

    crons: tuple[str, ...]
    timezone: str
    text: str


@dataclass(frozen=True)
class CampaignShape:
    """One version of a campaign, in the order of its graph."""

    name: str
    version: int
    activities: tuple[ActivityShape, ...]
    label: str = ""
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    schedule: ScheduleShape | None = None

    def segment_assets(self, segment: str) -> tuple[str, ...]:
        """Names of all assets that one run of `segment` makes."""
        names = [
            name
            for activity in self.activities
            for name in (
                *(activity.asset_names() if activity.segment == segment else ()),
                *((keys.plan_name(activity.name),) if activity.plan_segment == segment else ()),
            )
        ]
        return tuple(names)
