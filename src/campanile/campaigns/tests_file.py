"""Tests beside campaigns: a few rows in, and who must come out of each activity."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from campanile.activities.options import Options
from campanile.activities.times import Moment
from campanile.catalog.names import Name

TESTS_FOLDER: Final[Literal["tests"]] = "tests"
Row = dict[str, str]


def _as_row(written: object) -> object:
    """A bare value stands for a row's key."""
    return {"": written} if isinstance(written, str) else written


KeyOrRow = Annotated[
    Row,
    BeforeValidator(_as_row),
    WithJsonSchema({"anyOf": [{"type": ["string", "number"]}, {"type": "object"}]}),
]


class Happened(Options):
    """What one person did with a message."""

    who: str = Field(description="The key of the row or person that the message was for.")
    at: Moment | None = Field(
        default=None, description="When, in the campaign's zone; an hour after it was sent."
    )
    link: str | None = Field(default=None, description="The name of the link.")
    reason: str | None = Field(default=None, description="Why it bounced.")


def _as_event(written: object) -> object:
    return {"who": written} if isinstance(written, str) else written


Event = Annotated[
    Happened,
    BeforeValidator(_as_event),
    WithJsonSchema({"anyOf": [{"type": ["string", "number"]}, {"type": "object"}]}),
]


class MessageStory(Options):
    """What became of one message; whom it leaves out is not sent it."""

    sent: tuple[str, ...] = Field(
        default=(), description="Keys of those who got a message of another campaign."
    )
    excluded: dict[str, str] = Field(
        default={}, description="Keys of those left out, each with the reason."
    )
    failed: dict[str, str] = Field(
        default={}, description="Keys of those it did not reach, each with the reason."
    )
    delivered: tuple[Event, ...] = Field(default=(), description="Whose server took it.")
    bounced: tuple[Event, ...] = Field(default=(), description="Whose server sent it back.")
    opened: tuple[Event, ...] = Field(default=(), description="Who opened it.")
    clicked: tuple[Event, ...] = Field(default=(), description="Who clicked in it.")
    unsubscribed: tuple[Event, ...] = Field(default=(), description="Who said no more.")
    complained: tuple[Event, ...] = Field(default=(), description="Who called it spam.")

    def events(self) -> Mapping[str, tuple[Happened, ...]]:
        """What happened, by kind of event."""
        kinds = ("delivered", "bounced", "opened", "clicked", "unsubscribed", "complained")
        return {kind: getattr(self, kind) for kind in kinds}


class Given(Options):
    """What a test starts from; a file gives it for all of its tests, a test adds its own."""

    now: Moment | None = Field(
        default=None, description="When it starts, in the campaign's zone; 2026-01-05 09:00."
    )
    parameters: dict[Name, str] = Field(default={}, description="Values of parameters.")
    rows: dict[str, tuple[Row, ...]] = Field(
        default={}, description="Rows of entities, with the columns that matter; others are empty."
    )
    given: dict[str, tuple[KeyOrRow, ...]] = Field(
        default={}, description="Rows of transitions that are not computed, such as a file's."
    )
    feedback: dict[str, MessageStory] = Field(
        default={}, description="What became of messages: an activity, or campaign.activity."
    )
    answers: dict[Name, Name] = Field(
        default={}, description="What people answer to approvals and tasks; the first answer."
    )


class CampaignTest(Given):
    """One test of a campaign."""

    expect: dict[str, tuple[KeyOrRow, ...]] = Field(
        min_length=1, description="The rows of each transition: keys, or the columns that matter."
    )


class CampaignTests(Given):
    """The tests of one campaign."""

    campaign: Name = Field(description="The campaign that is tested.")
    tests: dict[Name, CampaignTest] = Field(min_length=1, description="Tests by name.")

    def whole(self, name: str) -> CampaignTest:
        """A test with what the file gives to all; what the test says itself goes before."""
        own = self.tests[name]
        shared: dict[str, Any] = {
            field: {**getattr(self, field), **getattr(own, field)}
            for field in ("parameters", "rows", "given", "feedback", "answers")
        }
        return own.model_copy(update={**shared, "now": own.now or self.now})
