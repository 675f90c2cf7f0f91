"""The internal application: who asks is known by a token, and may what the operations allow."""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from campanile.errors import CampanileError, Refused
from campanile.operations.people.accounts import sign_in
from campanile.operations.project import Project
from campanile.people.actor import NotSignedIn
from campanile.web.api.endpoints import ENDPOINTS, PREFIX, Endpoint
from campanile.web.api.openapi import STEPS, openapi
from campanile.web.api.problems import TITLES, Unmet, problem, problem_of, problem_of_input
from campanile.web.api.reading import Call

_LOGGER = logging.getLogger("campanile.web.api")
LARGEST_BODY: Final = 1_000_000  # bytes
AT_ONCE: Final = 8  # operations; the others wait for their turn
BODY_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 60.0
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_SEGMENTS: Final = {
    "version": _NUMBER,
    "question": _NUMBER,
    "step": re.compile("|".join(STEPS)),
}
_HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class Api:
    """Answers requests over one opened project that belongs to nobody in particular.

    It reads no files itself, so that each request that does reads them as they are then.
    """

    def __init__(self, project: Project, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._project = project
        self._answer_seconds = answer_seconds
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._one_change_at_a_time = Lock()  # between If-Match and what it is about

    async def answer(self, endpoint: Endpoint, request: Request) -> Response:
        """Answer one request; whatever is wrong becomes a problem document."""
        try:
            _token(request)  # before anything is read of somebody who has none
            body = await _body(request)
            async with self._turns:
                work = asyncio.to_thread(self._answered, endpoint, request, body)
                return await asyncio.wait_for(work, self._answer_seconds)
        except Unmet as unmet:
            return problem(unmet.status, unmet.detail, remedy=unmet.remedy)
        except ValidationError as error:
            return problem_of_input(error)
        except CampanileError as error:
            return problem_of(error, self._project.clock())
        except TimeoutError:
            remedy = "It goes on here; look again before you repeat it."
            return problem(504, "The answer took too long.", remedy=remedy)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  the last line: nothing of it goes outside
            _LOGGER.error("%s %s: %s", request.method, _where(error), type(error).__name__)
            return problem(500, "A fault of the product; it is in the log of the service.")

    def _answered(self, endpoint: Endpoint, request: Request, body: bytes) -> Response:
        actor = sign_in(self._project, _token(request), "api")
        project = self._project.acting_for(actor)
        path = {word: _segment(word, text) for word, text in request.path_params.items()}
        sent = _sent(endpoint, request, body)
        if not endpoint.makes and "name" in path:
            _require_there(project, path)
        call = Call(project, path, sent)
        if not endpoint.changes:
            return self._reply(call, endpoint.answer(call))
        with self._one_change_at_a_time:
            _require_unchanged(project, endpoint, path["name"], request)
            return self._reply(call, endpoint.answer(call))

    def _reply(self, call: Call, found: Any) -> Response:
        text = json.dumps(found, ensure_ascii=False, default=_plain)
        state = _state(call.project, call.path["name"]) if "name" in call.path else None
        tag = {} if state is None else {"etag": state}
        return Response(text, 200, {**_HEADERS, **tag}, "application/json")


def build_api(project: Project, *, answer_seconds: float = ANSWER_SECONDS) -> Starlette:
    """The application over an opened project; `/api/v1/openapi.json` needs no token."""
    api = Api(project, answer_seconds=answer_seconds)
    routes = [Route(f"{PREFIX}/openapi.json", _document)]
    routes += [
        Route(PREFIX + one.path, _route(api, one), methods=[one.method]) for one in ENDPOINTS
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _unrouted})


def _route(api: Api, endpoint: Endpoint) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return await api.answer(endpoint, request)

    return answer


async def _document(_request: Request) -> Response:
    return JSONResponse(openapi(), headers=_HEADERS)


async def _unrouted(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code if error.status_code in TITLES else 400
    remedy = f"See {PREFIX}/openapi.json"
    return problem(status, TITLES[status] + ".", remedy=remedy, headers=error.headers)


def _where(error: BaseException) -> str:
    """The place that raised, as file and line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


async def _body(request: Request) -> bytes:
    """The whole body; raises Unmet for one that is too long or comes too slowly."""
    found = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                found += piece
                if len(found) > LARGEST_BODY:
                    raise Unmet(413, f"A body may have {LARGEST_BODY:,} bytes at most.")
    except TimeoutError as error:
        raise Unmet(408, "The body did not come in time.") from error
    return found


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn(
            "the request has no token.",
            remedy="Send `Authorization: Bearer …`; make one with: campanile tokens create NAME",
        )
    return token.strip()


def _segment(word: str, text: str) -> str:
    """A part of the path; what cannot name anything is not there."""
    if not _SEGMENTS.get(word, _SEGMENT).fullmatch(text):
        raise Unmet(404, f"There is no such {word}.")
    return text


def _sent(endpoint: Endpoint, request: Request, body: bytes) -> BaseModel:
    if endpoint.method != "GET":
        return endpoint.takes.model_validate_json(body or b"{}")
    return endpoint.takes.model_validate(dict(request.query_params), strict=False)


def _require_there(project: Project, path: Mapping[str, str]) -> None:
    """Raise Unmet for a campaign, version or execution that there is not."""
    store, name = project.store, path["name"]
    try:
        store.campaigns.get(name)
        if "version" in path:
            store.campaigns.version(name, int(path["version"]))
        if "execution" in path:
            store.executions.find(name, path["execution"])
    except Refused as error:
        raise Unmet(404, error.message, error.remedy) from error


def _state(project: Project, name: str) -> str | None:
    """The ETag of a campaign: another version, published version or status makes another one."""
    try:
        row = project.store.campaigns.get(name)
    except Refused:
        return None
    return f'"{row.latest_version}-{row.published_version or 0}-{row.status}"'


def _require_unchanged(project: Project, endpoint: Endpoint, name: str, request: Request) -> None:
    """Check If-Match; a file that is there is written over only by whoever has read it."""
    wanted, state = request.headers.get("if-match"), _state(project, name)
    if wanted is None:
        if endpoint.method == "PUT" and state is not None:
            raise Unmet(
                428,
                f"Campaign '{name}' exists, and the request does not say which state it changes.",
                "Read the campaign, and send its ETag as If-Match.",
            )
        return
    tags = {tag.strip() for tag in wanted.split(",")}
    if state is None or not tags & {state, "*"}:
        raise Unmet(
            412, f"Campaign '{name}' has changed since it was read.", "Read it again, then decide."
        )


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
