"""Approval: people answer a question about the rows, and all rows go the way of the answer."""

from datetime import timedelta
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from campanile.activities.asked import (
    Needs,
    PeopleNames,
    Reminders,
    require_reminders,
    rows_of_answer,
)
from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.times import Duration
from campanile.activities.values import Text, fault
from campanile.catalog.names import Name

EXPIRED: Final = "expired"


class Approval(ActivityConfig):
    """A gate that people open: by mail they are asked, by `campanile approve` they answer.

    What they are asked about is what goes on: the rows are committed before anybody is asked.
    """

    type: Literal["approval"] = "approval"
    by: PeopleNames = Field(min_length=1, description="Groups or people who may answer.")
    question: Text = Field(
        default="May {{ count }} rows go on?", description="A template; `count` are the rows."
    )
    answers: tuple[Name, ...] = Field(
        default=("approved", "rejected"),
        min_length=1,
        description="The outputs. `approve` gives the first one, `reject` the last one.",
    )
    within: Duration = Field(
        default=timedelta(days=3), description="From the moment of asking; then it expires."
    )
    remind: Reminders = Field(
        default=(), description="How long before its end those asked are reminded, by mail."
    )
    needs: Needs = Field(
        default="first",
        description="`first`: the first answer decides. `all`: everybody in `by` gives the first "
        "answer (one of a group is enough), and any other answer decides at once.",
    )

    @model_validator(mode="after")
    def _answers_differ(self) -> Self:
        if len({*self.answers, EXPIRED}) <= len(self.answers):
            fault("output", f"answers differ from each other and from `{EXPIRED}`.", "answers")
        return self

    @model_validator(mode="after")
    def _reminds_in_time(self) -> Self:
        require_reminders(self.remind, self.within)
        return self


def outputs(config: Approval) -> tuple[str, ...]:
    """One for each answer, and one for none; there is no main output."""
    return (*config.answers, EXPIRED)


def approval(config: Approval, context: ActivityContext) -> Outcome:
    """Return all rows in the output of the answer; the others empty and not reached."""
    return rows_of_answer(outputs(config), context)


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
sign_off: {type: approval, from: gold, by: [legal], question: "Write to {{ count }} people?"}
offer: {type: email, from: sign_off.approved, template: welcome/offer, topic: offers}
unanswered: {type: alert, from: sign_off.expired, title: Nobody answered}
"""
ACTIVITY = ActivityType(
    name="approval",
    config=Approval,
    example=EXAMPLE,
    run=approval,
    outputs=outputs,
    main_output=False,
    gate=True,
)
