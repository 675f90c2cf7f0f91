"""How campaigns, activities and outputs become Dagster's names; no other file spells a key."""

import re
from dataclasses import dataclass

import dagster as dg

from campanile.operations.hosting.poke import CLOCK as CLOCK

DRAFT = "draft"
ENTITIES = "entities"
SEND_JOB = "send"
RETARGETING = "campaign_retargeting"
HOUSEKEEPING = "campaign_housekeeping"
DEFINITION_ERRORS = dg.AssetKey(["definition_errors"])

_NAME = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
_JOB = re.compile(rf"campaign_({_NAME})(__{DRAFT})?__v([1-9][0-9]*)")


@dataclass(frozen=True, order=True)
class JobName:
    """A campaign version as a job: `campaign_winback__v3`, a draft `campaign_winback__draft__v4`.

    The version is in the name because a run worker is told nothing but the name.
    """

    campaign: str
    version: int
    draft: bool = False

    def __str__(self) -> str:
        return f"campaign_{folder(self.campaign, self.draft)}__v{self.version}"

    @classmethod
    def parse(cls, text: str) -> "JobName | None":
        """Read a job name; None when it is not one of a campaign version."""
        match = _JOB.fullmatch(text)
        return match and cls(match[1], int(match[3]), bool(match[2]))

    @property
    def folder(self) -> str:
        """First part of the version's asset keys, and its asset group."""
        return folder(self.campaign, self.draft)


def folder(campaign: str, draft: bool = False) -> str:
    """Name the asset group of a campaign; drafts have their own."""
    return f"{campaign}__{DRAFT}" if draft else campaign


def campaign_of(folder_name: str) -> str:
    """Name the campaign that an asset group belongs to."""
    return folder_name.removesuffix(f"__{DRAFT}")


def asset_name(activity: str, output: str = "") -> str:
    """Name one output's asset; the last part of a key must tell it apart on the canvas."""
    return f"{activity}__{output}" if output else activity


def plan_name(activity: str) -> str:
    """Name the asset that freezes content and population of a delivery."""
    return f"{activity}__plan"


def report_name(activity: str) -> str:
    """Name the asset that holds a delivery's figures as they grow."""
    return f"{activity}__report"


def asset_key(folder_name: str, name: str) -> dg.AssetKey:
    """Make the key of an asset from its group and its name there."""
    return dg.AssetKey([folder_name, name])


def entity_key(entity: str) -> dg.AssetKey:
    """Make the key of an entity: one part, so that no asset of a campaign can have it."""
    return dg.AssetKey([entity])


def partitions_name(folder_name: str) -> str:
    """Name the set of executions of an asset group."""
    return f"execution__{folder_name}"


def schedule_name(campaign: str) -> str:
    """Name a campaign's alarm; it keeps its name, and so its switch, over versions."""
    return f"campaign_{campaign}"
