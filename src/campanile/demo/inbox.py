"""The page of the demonstration's inbox: what was delivered, newest first, readable as mail.

A message is shown in a frame that may run nothing; a click leads out through the tracking service.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import anyio
import minijinja
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from campanile.demo.mailbox import Mailbox, Received, parse, part

_PAGE: Final = 50
_VIEWS: Final = (("html", "Message"), ("text", "Text"), ("headers", "Headers"))
_ASSETS: Final = {
    "inbox.css": "text/css",
    "inbox.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_REFRESH_SECONDS: Final = 1.0
_OUTER_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_INNER_POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src {tracking} data:; frame-ancestors 'self'"
)


class Inbox:
    """The pages over one mailbox; `tracking` is the only other place a message may load from."""

    def __init__(self, mailbox: Mailbox, tracking: str) -> None:
        self._mailbox = mailbox
        self._inner_policy = _INNER_POLICY.format(tracking=tracking)
        self._pages = minijinja.Environment(loader=_read_page)

    def app(self) -> Starlette:
        """The ASGI application."""
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
        assets = [Route(f"/{name}", partial(_asset, name)) for name in _ASSETS]
        return Starlette(
            routes=[
                Route("/", self._list),
                Route("/count", self._count),
                Route("/message/{number:int}", self._message),
                Route("/message/{number:int}/html", self._html),
                Route("/message/{number:int}/source", self._source),
                *assets,
            ],
            middleware=[hosts],
            lifespan=self._keep_fresh,
        )

    @asynccontextmanager
    async def _keep_fresh(self, _app: Starlette) -> AsyncIterator[None]:
        """Read the record while nobody looks, so that no page has to wait for thousands."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._refresh_for_ever)
            yield
            tasks.cancel_scope.cancel()

    async def _refresh_for_ever(self) -> None:
        while True:
            await run_in_threadpool(self._mailbox.refresh)
            await anyio.sleep(_REFRESH_SECONDS)

    def _list(self, request: Request) -> Response:
        return self._page(request, None)

    def _count(self, _request: Request) -> Response:
        return JSONResponse({"total": len(self._mailbox)}, headers=_headers())

    def _message(self, request: Request) -> Response:
        return self._page(request, self._found(request))

    def _html(self, request: Request) -> Response:
        message = parse(self._mailbox.source(self._found(request)))
        html = part(message, "html") or "<p>This message has no HTML part.</p>"
        html = html.replace("<head>", '<head><base target="_blank">', 1)
        return HTMLResponse(html, headers=_headers(self._inner_policy))

    def _source(self, request: Request) -> Response:
        source = self._mailbox.source(self._found(request))
        return Response(source, media_type="text/plain; charset=utf-8", headers=_headers())

    def _found(self, request: Request) -> Received:
        self._mailbox.refresh()
        found = self._mailbox.get(request.path_params["number"])
        if found is None:
            raise HTTPException(404, "There is no such message.")
        return found

    def _page(self, request: Request, shown: Received | None) -> Response:
        asked = request.query_params
        text = asked.get("q", "")[:200]
        start = int(asked["start"]) if asked.get("start", "").isdecimal() else 0
        self._mailbox.refresh()
        messages, matching = self._mailbox.find(text, start, _PAGE)
        page = self._pages.render_template(
            "inbox.html",
            q=text,
            total=len(self._mailbox),
            matching=matching,
            counted=f"{matching:,}",
            start=start,
            newer=max(start - _PAGE, 0) if start else None,
            older=start + _PAGE if start + _PAGE < matching else None,
            query=lambda begin: urlencode(
                {"q": text, "start": begin} if text else {"start": begin}
            ),
            messages=[_row(one) for one in messages],
            **(self._shown(shown, asked.get("view", "html")) if shown else {"shown": None}),
        )
        return HTMLResponse(page, headers=_headers())

    def _shown(self, received: Received, view: str) -> dict[str, Any]:
        message = parse(self._mailbox.source(received))
        return {
            "shown": _row(received),
            "view": view if view in dict(_VIEWS) else "html",
            "views": _VIEWS,
            "headers": {"from": str(message["From"]), "to": str(message["To"])},
            "all_headers": [(name, str(value)) for name, value in message.items()],
            "text": part(message, "plain"),
        }


def _row(received: Received) -> dict[str, Any]:
    return {
        "number": received.number,
        "to": received.to,
        "subject": received.subject,
        "size": f"{received.size / 1024:.1f} kB",
        "day": f"{received.at:%Y-%m-%d}",
        "time": f"{received.at:%H:%M:%S}",
    }


def _headers(policy: str = _OUTER_POLICY) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def _read_page(name: str) -> str:
    return (resources.files("campanile.demo") / "pages" / name).read_text(encoding="utf-8")


def _asset(name: str, _request: Request) -> Response:
    return Response(_read_page(name), media_type=_ASSETS[name], headers=_headers())


def build_app(folder: Path, tracking: str) -> Starlette:
    """The page over the sink's record.jsonl and messages/ in `folder`."""
    return Inbox(Mailbox(folder / "record.jsonl", folder / "messages"), tracking).app()


if __name__ == "__main__":
    uvicorn.run(
        build_app(Path(sys.argv[1]), sys.argv[3]),
        port=int(sys.argv[2]),
        ws="none",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
