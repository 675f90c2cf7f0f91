"""E-mail: one message per row or per person; the main output is who was sent."""

from datetime import timedelta
from typing import Final, Literal

from pydantic import Field

from campanile.activities.amounts import Rate
from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.options import Options
from campanile.activities.rule_values import Expression
from campanile.activities.times import Duration
from campanile.activities.values import NotBuilt, Text
from campanile.catalog.names import ColumnName, Name
from campanile.relations.types import Type


class Pace(Options):
    """How fast messages leave."""

    rate: Rate | None = Field(default=None, description="At most so many, such as `200/s`.")
    within: NotBuilt = None


class Track(Options):
    """What is measured in the message."""

    opens: bool = Field(default=True, description="A pixel that tells when it is opened.")
    clicks: bool = Field(default=True, description="Links that tell when they are followed.")


class Email(ActivityConfig):
    """A delivery by e-mail: frozen content and a planned population."""

    type: Literal["email"] = "email"
    template: Text = Field(description="Folder or file under `templates/`.")
    subject: str | None = Field(default=None, description="Beats the subject of the template.")
    preheader: str | None = Field(default=None, description="Beats the preheader of the template.")
    sender: Name | None = Field(
        default=None, description="Key of a sender in channels.yaml; its default one."
    )
    address: Expression | None = Field(
        default=None, description="Where to write; the dimension's e-mail address."
    )
    category: Literal["marketing", "transactional"] = Field(
        default="marketing", description="Marketing asks for consent; transactional does not."
    )
    topic: Name | None = Field(
        default=None, description="Topic of channels.yaml whose consent is asked."
    )
    per: Literal["row", "recipient"] | None = Field(
        default=None,
        description="One message per row, or per person; required where a row is not a person.",
    )
    confirm: bool | None = Field(
        default=None, description="Wait for `campanile confirm`; true for `asap` and `once`."
    )
    expires: Duration | None = Field(
        default=None, description="What has not left after this long is not sent any more."
    )
    doubt: Literal["at_least_once", "at_most_once"] = Field(
        default="at_least_once", description="What to do when nobody knows whether it left."
    )
    track: Track = Field(default=Track(), description="Opens and clicks.")
    utm: dict[str, str] = Field(default={}, description="Parameters added to every link.")
    language: Expression | None = Field(
        default=None, description="Language of the template; the dimension's."
    )
    empty_fields: tuple[ColumnName, ...] = Field(
        default=(), description="Columns that may be empty in the message."
    )
    settle: Duration = Field(
        default=timedelta(hours=1), description="How long the followers wait for retries."
    )
    pace: Pace = Field(default=Pace(), description="How fast messages leave.")
    holdout: NotBuilt = None
    variants: NotBuilt = None
    goal: NotBuilt = None
    optimise: NotBuilt = None
    pressure: NotBuilt = None
    quiet_hours: NotBuilt = None
    seeds: NotBuilt = None
    waves: NotBuilt = None
    at: NotBuilt = None


def outputs(_: Email) -> tuple[str, ...]:
    """Who was sent; who was excluded, with the `reason`; for whom it failed."""
    return ("", "excluded", "failed")


def email(_config: Email, context: ActivityContext) -> Outcome:
    """Return the rows to plan; who was sent, excluded or failed comes later, from the ledger."""
    return Outcome(outputs={"": context.inputs[0].relation})


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
letter: {type: email, from: gold, template: welcome/gold, topic: offers, expires: 2 days}
no_address: {type: filter, from: letter.excluded, where: reason = 'no_address'}
"""
ACTIVITY = ActivityType(
    name="email",
    config=Email,
    example=EXAMPLE,
    run=email,
    outputs=outputs,
    gate=True,
    channel="email",
    needs_dimension=True,
    own_outputs=("excluded", "failed", "holdout"),
    added={
        "": {"variant": Type.TEXT},
        "excluded": {"reason": Type.TEXT},
        "failed": {"reason": Type.TEXT},
    },
)
