"""Names of campaigns, activities, outputs and parameters, and the references made of them."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

NAME_PATTERN = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
LONGEST_NAME = 60
RESERVED = frozenset(
    [
        "plan",
        "param",
        "campaign",
        "execution",
        "message",
        "recipient",
        "row",
        "rows",
        "input",
        "target",
        "report",
        "draft",
        "from",
        "desc",
    ]
)


def fault_in_name(name: str) -> str:
    """Say what is wrong with `name`; empty when it may be used."""
    if not re.fullmatch(NAME_PATTERN, name):
        return (
            f"`{name}` is not a name: lower-case letters and digits, words joined by one"
            " underscore, a letter first."
        )
    if len(name) > LONGEST_NAME:
        return f"the name `{name}` has {len(name)} characters; {LONGEST_NAME} are allowed."
    if name in RESERVED:
        return f"`{name}` is reserved and cannot be a name."
    return ""


def _require_name(name: str) -> str:
    fault = fault_in_name(name)
    if fault:
        raise PydanticCustomError("name", "{fault}", {"fault": fault})
    return name


def _require_column(name: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in {"from", "desc"}:
        return name
    raise PydanticCustomError(
        "name",
        "`{name}` cannot name a column: letters, digits and underscores, a letter first,"
        " neither `from` nor `desc`.",
        {"name": name},
    )


Name = Annotated[
    str,
    AfterValidator(_require_name),
    WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN}$", "maxLength": LONGEST_NAME}),
]
ColumnName = Annotated[str, AfterValidator(_require_column)]


def split_reference(reference: str) -> tuple[str, str]:
    """Split `activity.output` into its two names; the output is empty for the main one."""
    activity, _, output = reference.partition(".")
    return activity, output


def table_name(activity: str, output: str = "") -> str:
    """Return the name of an output as an asset and as a table: `activity` or `activity__output`."""
    return f"{activity}__{output}" if output else activity
