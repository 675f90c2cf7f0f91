"""Parameters of campaigns and filters, as rules take their values."""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from campanile.activities.local_times import LocalMoment
from campanile.campaigns.definition import Parameter, read_parameter
from campanile.relations.scope import EntityTable
from campanile.relations.types import Type

_SAMPLES: Final[Mapping[str, str]] = {
    "integer": "1",
    "number": "1",
    "boolean": "true",
    "date": "2026-01-01",
    "timestamp": "2026-01-01 00:00",
}


def sample_value(parameter: Parameter) -> Any:
    """A value of the parameter's type to check rules with."""
    if parameter.values:
        return parameter.default or parameter.values[0]
    text = parameter.default or parameter.test or _SAMPLES.get(parameter.type, "x")
    return read_parameter(parameter.type, text)


def default_value(parameter: Parameter) -> Any:
    """The value where none is given; None where one must be."""
    if parameter.default is None:
        return None
    return read_parameter(parameter.type, parameter.default)


def rule_parameter(
    parameter: Parameter, value: object, tables: Mapping[str, EntityTable], zone: ZoneInfo
) -> tuple[Type, object]:
    """The type and value in rules: a key has that of its entity, a local moment is an instant."""
    table = tables.get(parameter.type)
    type_ = table.schema[table.key[0]] if table else parameter.column_type
    return type_, value.instant(zone) if isinstance(value, LocalMoment) else value
