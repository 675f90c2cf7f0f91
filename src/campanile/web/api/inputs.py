"""Bodies and queries of the API, as models: they are checked by them, and documented from them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from campanile.campaigns.life import CampaignStatus

Version = Annotated[int, Field(ge=1, le=2**31 - 1, description="A version of the campaign.")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=60)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(_Input):
    """No query and no body."""


class Wish(_Input):
    """Which campaigns to list."""

    status: CampaignStatus | None = Field(None, description="In this status only.")
    tag: Line | None = Field(None, description="With this tag only.")
    search: str = Field("", max_length=200, description="Text in name, label, tags or owner.")


class Text(_Input):
    """A campaign file."""

    text: str = Field(min_length=1, max_length=500_000, description="YAML, as in campaigns/.")


class WhichVersion(_Input):
    """A version, or the latest."""

    version: Version | None = Field(None, description="The latest when left out.")


class Parameters(_Input):
    """Values of the campaign's parameters."""

    parameters: dict[str, str] = Field(default_factory=dict, max_length=100)


class Signal(Parameters):
    """A signal: its payload, and a key that makes a repeat harmless."""

    key: Line | None = Field(None, description="The same key again starts nothing again.")


class Reason(_Input):
    """Why, for the audit log."""

    reason: Line = "by the API"


class Restart(Reason):
    """From which activity on."""

    activity: Line


class Decision(Reason):
    """About an execution that failed checks hold."""

    version: Version | None = Field(None, description="The one looked at; any other is refused.")
    activity: Line | None = Field(None, description="Only the checks of this activity.")


class Reply(_Input):
    """An answer, and what whoever gives it has looked at."""

    answer: Line
    comment: str = Field("", max_length=2_000)
    version: Version | None = Field(None, description="Any other version is refused.")
    rows: int | None = Field(None, ge=0, le=2**53, description="Any other number is refused.")


class Confirmation(_Input):
    """Which delivery may go."""

    activity: Line | None = Field(None, description="All that wait when left out.")


class Copy(Parameters):
    """A duplicate; `parameters` become its defaults."""

    new_name: Name
    version: Version | None = Field(None, description="The published one, or the latest.")


class Page(_Input):
    """How many of a list."""

    limit: int = Field(20, ge=1, le=1_000)


class Sample(_Input):
    """What to look at."""

    execution: Line | None = Field(None, description="Without one the file is tried on today's.")
    activity: Line | None = Field(None, description="Masked rows of this activity.")
    rows: int = Field(10, ge=0, le=100)


class OneExecution(_Input):
    """Of one execution, or of all live ones."""

    execution: Line | None = None
