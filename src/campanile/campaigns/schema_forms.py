"""What editors need of a schema beyond what models say: short forms, scalars, one type at a time.

Editors read scalars by the rules of YAML: a plain `5` is a number and `yes` a text for them, where
the product reads texts and lets the option's type decide.
"""

from typing import Any, Final

from campanile.catalog.names import LONGEST_NAME, NAME_PATTERN, RESERVED

_SCALARS: Final = ["string", "number", "boolean"]
_NAME: Final = {
    "pattern": f"^{NAME_PATTERN}$",
    "maxLength": LONGEST_NAME,
    "not": {"enum": sorted(RESERVED)},
}
_TRUTH: Final = {
    "type": "string",
    "pattern": "^([Tt]([Rr][Uu][Ee])?|[Ff]([Aa][Ll][Ss][Ee])?|[Yy]([Ee][Ss])?|[Nn][Oo]?|"
    "[Oo][Nn]|[Oo][Ff][Ff]|0|1)$",
}
_WHOLE: Final = {"type": "string", "pattern": r"^\s*[+-]?[0-9_]+(\.0*)?\s*$"}
_RULES: Final = {"type": "array", "items": {"$ref": "#/$defs/Rule"}, "minItems": 1}
_RULE: Final = {
    "title": "rule",
    "description": "A rule; a list of rules that all hold; or `all`, `any`, `except` of a list.",
    "anyOf": [
        {"type": _SCALARS, "examples": ["tier = 'gold'", "exists(orders, amount > 100)"]},
        _RULES,
        {
            "type": "object",
            "properties": {
                "all": {"description": "All of them hold.", **_RULES},
                "any": {"description": "At least one of them holds.", **_RULES},
                "except": {"description": "None of them holds.", **_RULES},
            },
            "additionalProperties": False,
            "minProperties": 1,
        },
    ],
}
_THREE: Final = r"^\s*[A-Za-z]{3}\s*$"  # letters of a month, small or not
_STARTS: Final = {
    "asap": "AsapSchedule",
    "once": "OnceSchedule",
    "on_feedback": "FeedbackSchedule",
    "every": "RecurringSchedule",
}


def for_editors(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a file with every part in the form that editors need."""
    changed: dict[str, Any] = _changed(schema)
    if '"#/$defs/Rule"' in str(changed).replace("'", '"'):
        changed.setdefault("$defs", {})["Rule"] = _RULE
    return changed


def _changed(value: Any) -> Any:
    if isinstance(value, list):
        return [_changed(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.get("x-rule"):
        kept = {key: part for key, part in value.items() if key not in ("anyOf", "x-rule")}
        return {**kept, "$ref": "#/$defs/Rule"}
    changed = {key: _changed(part) for key, part in value.items()}
    if isinstance(changed.get("properties"), dict):
        options = changed["properties"].items()
        changed["properties"] = {k: v for k, v in options if not _is_unbuilt(v)}
    return _named(_lenient(_without_null(changed)))


def _is_unbuilt(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("not") == {}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """An option left out has no null in files, so one of two arms is left, in its place."""
    arms = schema.get("anyOf")
    if not isinstance(arms, list) or {"type": "null"} not in arms:
        return schema
    left = [arm for arm in arms if arm != {"type": "null"}]
    rest = {key: part for key, part in schema.items() if key != "anyOf"}
    return {**left[0], **rest} if len(left) == 1 else {**rest, "anyOf": left}


def _lenient(schema: dict[str, Any]) -> dict[str, Any]:
    """Let a plain `5`, `true` or `2026-12-24` stand where a text is wanted, and the reverse."""
    kind = schema.get("type")
    if kind == "string" and schema.get("pattern") == _NAME["pattern"]:
        return {**schema, **_NAME, "type": ["string", "boolean"]}
    if kind == "string" and not {"pattern", "const", "enum"} & set(schema):
        return {**schema, "type": _SCALARS}
    if kind == "boolean" and schema.get("const") is True:
        return {**_without(schema, "type", "const"), "enum": [True, "true"]}
    if kind == "boolean":
        either: list[dict[str, Any]] = [{"type": "boolean"}, _TRUTH, {"enum": [0, 1]}]
        return {**_without(schema, "type"), "anyOf": either}
    if kind == "integer":
        bounds = {key: part for key, part in schema.items() if key in _BOUNDS}
        either = [{"type": "integer", **bounds}, dict(_WHOLE)]
        return {**_without(schema, "type", *_BOUNDS), "anyOf": either}
    return schema


_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _without(schema: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: part for key, part in schema.items() if key not in keys}


def _named(schema: dict[str, Any]) -> dict[str, Any]:
    """Say of a map of named things what a name is, so that a wrong one is flagged."""
    patterns = schema.get("patternProperties")
    if not isinstance(patterns, dict) or set(patterns) != {_NAME["pattern"]}:
        return schema
    members = next(iter(patterns.values()))
    rest = _without(schema, "patternProperties")
    return {**rest, "propertyNames": _NAME, "additionalProperties": members}


def allow_short_schedules(schema: dict[str, Any]) -> None:
    """A schedule is `asap` or a map by its start; times, days and months may be one."""
    options = schema["properties"]["schedule"]
    words = {
        word: {"description": schema["$defs"][model]["description"]}
        for word, model in _STARTS.items()
    }
    chosen: dict[str, Any] = {"anyOf": [{"required": [word]} for word in _STARTS]}
    for word, model in reversed(_STARTS.items()):
        then = {"$ref": f"#/$defs/{model}"}
        chosen = {"if": {"required": [word]}, "then": then, "else": chosen}
    schema["properties"]["schedule"] = {
        **_without(options, "oneOf", "default"),
        "default": "asap",
        "anyOf": [{"const": "asap"}, {"type": "object", "properties": words, **chosen}],
    }
    del schema["$defs"]["SignalSchedule"]
    recurring = schema["$defs"]["RecurringSchedule"]["properties"]
    months = recurring["months"]["items"]
    recurring["months"]["items"] = {"anyOf": [months, {"type": "string", "pattern": _THREE}]}
    for option in ("at", "days", "months"):
        recurring[option] = _one_or_many(recurring[option])
    schema["properties"]["format"] |= {"enum": ["1", 1], "type": ["string", "integer"]}
    del schema["properties"]["format"]["const"]


def choose_by_type(schema: dict[str, Any]) -> None:
    """Only the options of an activity's own type are offered and checked."""
    activities = schema["properties"]["activities"]
    models = activities["additionalProperties"]["discriminator"]["mapping"]
    chosen = [
        {"if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
         "then": {"$ref": model}}
        for kind, model in models.items()
    ]  # fmt: skip
    for kind, model in models.items():
        definition = schema["$defs"][model.rpartition("/")[2]]
        definition["required"] = ["type", *definition.get("required", [])]
        definition["title"] = kind
    types = {"description": "What it does.", "enum": list(models)}
    activities["additionalProperties"] = {
        "type": "object",
        "properties": {"type": types},
        "required": ["type"],
        "allOf": chosen,
    }


def allow_short_columns(schema: dict[str, Any]) -> None:
    """A column may be its type alone, a key one name."""
    entity = schema["$defs"]["EntityEntry"]["properties"]
    column = entity["columns"]["additionalProperties"]
    types = schema["$defs"]["ColumnEntry"]["properties"]["type"]
    entity["columns"]["additionalProperties"] = {"anyOf": [{"enum": types["enum"]}, column]}
    for option in ("key", "asset_key"):
        entity[option] = _one_or_many(entity[option])


def _one_or_many(option: dict[str, Any]) -> dict[str, Any]:
    """Let `a` stand for `[a]`."""
    spoken = {key: part for key, part in option.items() if key in ("title", "description")}
    return {**spoken, "anyOf": [option["items"], _without(option, *spoken)]}
