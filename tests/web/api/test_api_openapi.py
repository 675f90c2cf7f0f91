"""The document describes the API, and nothing that it allows makes the API fail.

Schemathesis is not among the development tools: requests are generated from the document here.
"""

import asyncio
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.operations.authoring.versions import publish, start_execution
from campanile.web.api.application import build_api
from campanile.web.api.endpoints import ENDPOINTS, PREFIX
from campanile.web.api.openapi import openapi

DOCUMENT = openapi()
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
TEXT = st.text(max_size=30)
KNOWN = {"name": "hello", "activity": "gold", "new_name": "other"}


def values(schema: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
    """What a schema allows, and now and then what it does not."""
    if "anyOf" in schema:
        return st.one_of([values(each, name) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if name in KNOWN:  # mostly, so that something happens
        known = st.builds(KNOWN.__getitem__, st.just(name))
        return st.one_of(known, known, known, TEXT)
    if kind == "integer":
        return st.integers(-1, 2**33) | st.sampled_from([1, 2])
    if kind == "object":
        return st.dictionaries(TEXT, TEXT | st.integers(), max_size=3)
    if kind == "null":
        return st.none()
    return TEXT


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, Any]:
    """One request: method, target and JSON body."""
    method, path, operation = draw(st.sampled_from(OPERATIONS))
    query = {}
    for one in operation["parameters"]:
        value = draw(values(one["schema"], one["name"]))
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", quote(str(value), safe="") or "-")
        elif one["in"] == "query" and draw(st.booleans()):
            query[one["name"]] = "" if value is None else str(value)
    target = path + ("?" + urlencode(query) if query else "")
    if "requestBody" not in operation:
        return method, target, None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    fields = schema.get("properties", {})
    body = {name: draw(values(each, name)) for name, each in fields.items()}
    kept = draw(st.sets(st.sampled_from(sorted(body)))) if body else set()
    required = set(schema.get("required", ())) if draw(st.booleans()) else set()
    return method, target, {name: body[name] for name in kept | required}


def test_every_endpoint_is_described_once():
    assert len(OPERATIONS) == len(ENDPOINTS)
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)
    for one in ENDPOINTS:
        described = DOCUMENT["paths"][PREFIX + one.path][one.method.lower()]
        assert described["summary"].endswith(".")


def test_the_document_needs_no_token(office):
    answer = office(None, "GET", "/openapi.json")
    assert (answer.status_code, answer.json()["openapi"]) == (200, "3.1.0")


def test_no_request_makes_the_api_fail(office):
    publish(office.project, "hello", actor="test")
    begun = start_execution(office.project, "hello", kind="manual", actor="test")
    KNOWN["execution"] = begun.key
    application = build_api(office.project)
    headers = {"authorization": f"Bearer {office.tokens['administrator']}"}

    async def send(method: str, target: str, body: Any) -> httpx.Response:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
            return await client.request(method, target, json=body, headers=headers)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(requests())
    def holds(request: tuple[str, str, Any]) -> None:
        answer = asyncio.run(send(*request))
        assert answer.status_code < 500, (request, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"

    holds()
