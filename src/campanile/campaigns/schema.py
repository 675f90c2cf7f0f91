"""JSON Schema of the project's files, for editors and for programs, made from the models."""

from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, TypeAdapter

from campanile.activities.quotas import Distribution
from campanile.campaigns import schema_forms as forms
from campanile.campaigns.channels_file import ChannelsFile
from campanile.campaigns.definition import Campaign
from campanile.campaigns.filter_file import FilterFile
from campanile.campaigns.project_file import ProjectFile
from campanile.campaigns.tests_file import CampaignTests
from campanile.catalog.catalog_file import CatalogFile
from campanile.catalog.model_shape import models_below

FileKind: TypeAlias = Literal[
    "campaign", "catalog", "channels", "filter", "distribution", "project", "tests"
]
MODELS: Final[dict[FileKind, type[BaseModel]]] = {
    "campaign": Campaign,
    "catalog": CatalogFile,
    "channels": ChannelsFile,
    "filter": FilterFile,
    "distribution": Distribution,
    "project": ProjectFile,
    "tests": CampaignTests,
}
DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: FileKind) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one kind of file; what is not built yet is left out.

    What it refuses, reading refuses too, save that it calls a `null` no value, where reading sees
    a text. It accepts more: what parts of a file say about each other is for reading to check.
    """
    model = MODELS[kind]
    schema: dict[str, Any] = model.model_json_schema(by_alias=True)
    for one in models_below(model):
        part = schema if one is model else schema["$defs"].get(one.__name__, {})
        _say_more(part, one)
    schema = forms.for_editors(schema)
    if kind == "catalog":
        forms.allow_short_columns(schema)
    if kind == "campaign":
        forms.allow_short_schedules(schema)
        forms.choose_by_type(schema)
    return {"$schema": DRAFT, **schema, "title": f"Campanile {kind} file"}


def _say_more(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Describe each option, and put its default in the words of files (`6 hours`), if any."""
    for name, info in model.model_fields.items():
        option = schema.get("properties", {}).get(info.alias or name)
        if option is None:
            continue
        if info.description:
            option["description"] = info.description
        if option.pop("default", None) is not None:
            annotation: Any = info.rebuild_annotation()
            default = TypeAdapter(annotation).dump_python(info.default, mode="json")
            if isinstance(default, str | int | float) and default != "":
                option["default"] = default
