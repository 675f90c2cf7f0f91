"""What the tracking routes read of a request: a limited body, a form's words, and a few headers."""

import re
from email import policy
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from campanile.web.limits import LARGEST_BODY

_PREFETCHING = re.compile(rb"prefetch|prerender|preview", re.IGNORECASE)
_AGENT_LENGTH = 300


class BodyTooLarge(Exception):
    """The body is longer than any form of ours."""


def header(scope: Scope, name: bytes) -> bytes:
    """The first header called `name` (lower case), or nothing."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""


def agent_and_prefetch(scope: Scope) -> tuple[str, bool]:
    """The user agent (first 300 characters), and whether the browser says it only fetches ahead."""
    agent, ahead = b"", False
    for key, value in scope["headers"]:
        if key == b"user-agent":
            agent = value
        elif key in (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz"):
            ahead = ahead or _PREFETCHING.search(value) is not None
    return agent[:_AGENT_LENGTH].decode("latin-1"), ahead


def network(scope: Scope) -> str:
    """The client's network, /24 or /48: enough for a data centre, too little for a person."""
    client: Any = scope.get("client")
    host = client[0] if client else ""
    if ":" in host:
        return ":".join(host.split(":")[:3]) + "::"
    return host.rpartition(".")[0] + ".0" if "." in host else ""


async def read_body(receive: Receive, scope: Scope) -> bytes:
    """The whole body, or BodyTooLarge as soon as it is longer than a form of ours can be."""
    length = header(scope, b"content-length")
    if length.isdigit() and int(length) > LARGEST_BODY:
        raise BodyTooLarge
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise BodyTooLarge
    return body


def form_fields(content_type: bytes, body: bytes) -> dict[str, str]:
    """The fields of a form, urlencoded or multipart: RFC 8058 allows mail providers both."""
    if content_type.lower().startswith(b"multipart/form-data"):
        return _multipart_fields(content_type, body)
    return dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=20))


def _multipart_fields(content_type: bytes, body: bytes) -> dict[str, str]:
    head = b"Content-Type: " + content_type.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n\r\n"
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    fields = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and not part.is_multipart():
            fields[name] = (part.get_payload(decode=True) or b"").decode("latin-1").strip()  # type: ignore[union-attr]
    return fields
