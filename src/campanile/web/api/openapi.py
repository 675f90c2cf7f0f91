"""The OpenAPI 3.1 document of the API, made of its endpoints and of the models they take."""

from typing import Any, Final, get_args

from campanile import __version__
from campanile.operations.authoring.steps import PersonsStep
from campanile.web.api.endpoints import ENDPOINTS, PREFIX, Endpoint
from campanile.web.api.problems import MEDIA_TYPE, TITLES

STEPS: Final = [one for one in get_args(PersonsStep) if one != "delete"]
_SEGMENTS: Final[dict[str, dict[str, Any]]] = {
    "name": {"type": "string", "maxLength": 60},
    "execution": {"type": "string", "maxLength": 100},
    "version": {"type": "integer", "minimum": 1},
    "question": {"type": "integer", "minimum": 1},
    "step": {"type": "string", "enum": STEPS},
}
_CONDITION: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of the campaign as it was read; 412 where it has changed since.",
}


def openapi() -> dict[str, Any]:
    """The whole document; it is the same for everybody."""
    paths: dict[str, dict[str, Any]] = {}
    for one in ENDPOINTS:
        paths.setdefault(PREFIX + one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Campanile", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {"problem": {"description": "RFC 9457", "content": {MEDIA_TYPE: {}}}},
        },
        "security": [{"token": []}],
    }


def _operation(one: Endpoint) -> dict[str, Any]:
    parameters = [
        {"name": word, "in": "path", "required": True, "schema": _SEGMENTS[word]}
        for word in one.parameters
    ]
    schema = one.takes.model_json_schema()
    described: dict[str, Any] = {
        "operationId": f"{one.method.lower()}_{one.answer.__name__}",
        "summary": one.summary,
        "responses": _responses(),
    }
    if one.method == "GET":
        parameters += _query(schema)
    else:
        content = {"application/json": {"schema": schema}}
        described["requestBody"] = {"required": bool(schema.get("required")), "content": content}
    if one.changes:
        parameters.append(_CONDITION)
    return {**described, "parameters": parameters}


def _query(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": each}
        for name, each in schema.get("properties", {}).items()
    ]


def _responses() -> dict[str, Any]:
    problem = {"$ref": "#/components/responses/problem"}
    refused = {str(status): problem for status in TITLES}
    return {"200": {"description": "Done.", "content": {"application/json": {}}}, **refused}
