"""JSON Schema of the project's files, for editors and for the reference pages."""

from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel

from campanile.campaigns.channels_file import ChannelsFile
from campanile.campaigns.definition import Campaign
from campanile.campaigns.project_file import ProjectFile
from campanile.catalog.catalog_file import CatalogFile

FileKind: TypeAlias = Literal["campaign", "catalog", "channels", "project"]
MODELS: Final[dict[str, type[BaseModel]]] = {
    "campaign": Campaign,
    "catalog": CatalogFile,
    "channels": ChannelsFile,
    "project": ProjectFile,
}
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: FileKind) -> dict[str, Any]:
    """Return the JSON Schema of one kind of file; options that are not built yet are left out.

    Editors read YAML scalars by YAML's own rules, so a number or boolean may stand for a text.
    """
    written = MODELS[kind].model_json_schema(by_alias=True)
    schema: dict[str, Any] = _without_unbuilt(written)
    schema = _lenient(schema)
    if kind == "catalog":
        _allow_short_columns(schema)
    if kind == "campaign":
        _allow_short_schedules(schema)
        _require_types(schema)
    return {"$schema": _DRAFT, **schema, "title": f"Campanile {kind} file"}


def _without_unbuilt(value: Any) -> Any:
    """Drop properties that match nothing (`NotBuilt`)."""
    if isinstance(value, dict):
        kept = {key: _without_unbuilt(part) for key, part in value.items()}
        properties = kept.get("properties")
        if isinstance(properties, dict):
            kept["properties"] = {k: v for k, v in properties.items() if not _is_unbuilt(v)}
        return kept
    return [_without_unbuilt(part) for part in value] if isinstance(value, list) else value


def _is_unbuilt(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("not") == {}


def _lenient(value: Any) -> Any:
    """Let a plain `5`, `true` or `2026-12-24` stand where a text is wanted, and the reverse."""
    if isinstance(value, dict):
        changed = {key: _lenient(part) for key, part in value.items()}
        strict_text = {"pattern", "const", "enum"} & set(changed)
        if changed.get("type") == "string" and not strict_text:
            changed["type"] = ["string", "number", "boolean"]
        return changed
    return [_lenient(part) for part in value] if isinstance(value, list) else value


def _allow_short_schedules(schema: dict[str, Any]) -> None:
    """A schedule may be `asap`; times, days and months may be one; signals are not built."""
    schedule = schema["properties"]["schedule"]
    starts = [arm for arm in schedule.pop("oneOf") if "SignalSchedule" not in arm["$ref"]]
    schedule["anyOf"] = [{"const": "asap"}, *starts]
    del schema["$defs"]["SignalSchedule"]
    recurring = schema["$defs"]["RecurringSchedule"]["properties"]
    for option in ("at", "days", "months"):
        recurring[option] = {"anyOf": [recurring[option]["items"], recurring[option]]}
    schema["properties"]["format"] = {"enum": ["1", 1], "default": "1"}


def _require_types(schema: dict[str, Any]) -> None:
    """Every activity says its type."""
    for definition in schema["$defs"].values():
        if "const" in definition.get("properties", {}).get("type", {}):
            definition["required"] = ["type", *definition.get("required", [])]


def _allow_short_columns(schema: dict[str, Any]) -> None:
    """A column may be its type alone, a key one name."""
    entity = schema["$defs"]["EntityEntry"]["properties"]
    column = entity["columns"]["additionalProperties"]
    types = schema["$defs"]["ColumnEntry"]["properties"]["type"]
    entity["columns"]["additionalProperties"] = {"anyOf": [{"enum": types["enum"]}, column]}
    entity["key"] = {"anyOf": [{"type": "string"}, entity["key"]]}
