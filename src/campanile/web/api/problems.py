"""Refusals as RFC 9457 problems: where, what is wrong, and what to do; never a traceback."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from starlette.responses import JSONResponse

from campanile.errors import (
    CampanileError,
    ConfigurationError,
    DataError,
    DefinitionError,
    DeliveryError,
    EngineError,
    FaultsFound,
)
from campanile.operations.authoring.signals import TooSoon
from campanile.people.actor import NotAllowed, NotSignedIn

MEDIA_TYPE: Final = "application/problem+json"
TITLES: Final[Mapping[int, str]] = {
    400: "The request cannot be read",
    401: "Nobody is signed in",
    403: "Not allowed",
    404: "There is no such thing",
    405: "Not done this way",
    408: "The request did not come in time",
    409: "The state of things does not allow it",
    412: "It has changed since it was read",
    413: "The request is too large",
    422: "What was sent has faults",
    428: "Say which state is meant to change",
    429: "Too soon",
    500: "Something went wrong here",
    503: "The store or the warehouse cannot be used now",
    504: "It takes longer than a request may",
}
_STATUSES: Final[tuple[tuple[type[CampanileError], int], ...]] = (
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (TooSoon, 429),
    (DefinitionError, 422),
    (DataError, 422),
    (ConfigurationError, 503),
    (EngineError, 503),
    (DeliveryError, 503),
    (CampanileError, 409),
)


class Unmet(Exception):
    """A condition of the protocol is not met; `status` says which."""

    def __init__(self, status: int, detail: str, remedy: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.remedy = remedy


def problem(
    status: int,
    detail: str,
    *,
    remedy: str = "",
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """A problem document; members that are empty are left out."""
    said = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail}
    extra = {name: value for name, value in {"remedy": remedy, **more}.items() if value}
    return JSONResponse({**said, **extra}, status, headers, MEDIA_TYPE)


def problem_of(error: CampanileError, now: datetime) -> JSONResponse:
    """What an operation refused, with its place, its remedy and all faults of a file."""
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    headers = {}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, TooSoon) and (seconds := error.retry_after(now)) is not None:
        headers["retry-after"] = str(seconds)
    faults = [_fault(one) for one in error.faults] if isinstance(error, FaultsFound) else []
    return problem(
        status,
        error.message,
        remedy=error.remedy,
        headers=headers,
        where=", ".join(error.where),
        faults=faults,
    )


def problem_of_input(error: ValidationError) -> JSONResponse:
    """What is wrong with a query or body, by place; values are not repeated."""
    found = [
        {"path": ".".join(map(str, one["loc"])), "message": one["msg"]}
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return problem(422, "The query or body is not as documented.", faults=found)


def _fault(fault: Any) -> dict[str, Any]:
    return {
        "file": fault.place.file,
        "line": fault.place.line,
        "column": fault.place.column,
        "code": fault.code,
        "message": fault.message,
        "remedy": fault.remedy,
    }
