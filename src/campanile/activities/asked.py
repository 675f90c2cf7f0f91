"""Who is asked, and when they are reminded: values that approvals, tasks and policies share."""

import re
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from campanile.activities.base import Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.times import Duration
from campanile.activities.values import ParameterRef, fault, one_or_many

Needs = Literal["first", "all"]
_NAME: Final = r"[a-z0-9][a-z0-9._-]{0,59}"  # of accounts and groups: `campanile users`
_NAME_SCHEMA: Final = {"type": "string", "pattern": f"^{_NAME}$"}
_SHORTEST: Final = timedelta(minutes=1)


def _require_person(written: str) -> str:
    if not re.fullmatch(_NAME, written):
        fault("person", f"`{written}` names no person or group: write it as ada.l or legal.")
    return written


def _as_durations(written: object) -> object:
    """Let `1 day before` stand for `1 day`, and one reminder for a list of them."""
    many = one_or_many(written)
    if not isinstance(many, list | tuple):
        return many
    return [each.removesuffix(" before") if isinstance(each, str) else each for each in many]


def require_reminders(remind: tuple[timedelta | ParameterRef, ...], within: object) -> None:
    """Refuse a reminder that would come before the question, or in a crowd."""
    if not isinstance(within, timedelta):
        return
    for ahead in remind:
        if isinstance(ahead, timedelta) and not _SHORTEST <= ahead < within:
            fault("remind", "a reminder comes after the question and before its end.", "remind")


def rows_of_answer(outputs: tuple[str, ...], context: ActivityContext) -> Outcome:
    """All rows in the output that the gate opened to; the others are not reached."""
    return Outcome(
        outputs=dict.fromkeys(outputs, context.inputs[0].relation),
        reached={name: name == context.opened for name in outputs},
    )


PersonName = Annotated[str, AfterValidator(_require_person), WithJsonSchema(_NAME_SCHEMA)]
PeopleNames = Annotated[
    tuple[PersonName, ...],
    BeforeValidator(one_or_many),
    WithJsonSchema({"anyOf": [_NAME_SCHEMA, {"type": "array", "items": _NAME_SCHEMA}]}),
]
Reminders = Annotated[
    tuple[Duration, ...],
    BeforeValidator(_as_durations),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
