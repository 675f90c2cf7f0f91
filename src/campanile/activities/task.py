"""Task: somebody does something by hand, and the rows go on as done or not done."""

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from campanile.activities.asked import PersonName, Reminders, require_reminders, rows_of_answer
from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.times import Duration
from campanile.activities.values import Text, fault


class Task(ActivityConfig):
    """A gate that the assignee opens with `campanile done`; a reviewer may have the last word."""

    type: Literal["task"] = "task"
    title: Text = Field(description="What is to be done; a template, `count` are the rows.")
    assignee: PersonName = Field(description="Who does it: a person, or anybody of a group.")
    reviewer: PersonName | None = Field(
        default=None, description="Who approves what is reported as done, or sends it back."
    )
    within: Duration | None = Field(
        default=None, description="Then it counts as not done; without it, it waits."
    )
    remind: Reminders = Field(
        default=(), description="How long before that whoever has not finished is reminded."
    )
    priority: Literal["low", "normal", "high"] = Field(
        default="normal", description="Its place in the list of tasks."
    )

    @model_validator(mode="after")
    def _reminds_in_time(self) -> Self:
        if self.remind and self.within is None:
            fault("remind", "a reminder needs an end: write `within`.", "remind")
        require_reminders(self.remind, self.within)
        return self


def outputs(_config: Task) -> tuple[str, ...]:
    """Done, and not done; there is no main output."""
    return ("done", "not_done")


def task(config: Task, context: ActivityContext) -> Outcome:
    """Return all rows in the output of the report; the other empty and not reached."""
    return rows_of_answer(outputs(config), context)


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
gifts: {type: task, from: gold, title: "Pack {{ count }} gifts", assignee: stock, within: 5 days}
thanks: {type: email, from: gifts.done, template: welcome/offer, topic: offers}
"""
ACTIVITY = ActivityType(
    name="task",
    config=Task,
    example=EXAMPLE,
    run=task,
    outputs=outputs,
    main_output=False,
    gate=True,
)
