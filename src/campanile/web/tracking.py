"""The public side: the pixel, the redirect and the unsubscribe link, durable before they answer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from campanile.content.links import Link
from campanile.errors import EngineError, InvalidToken
from campanile.operations.feedback.tracking import Hit, HitKind, hit_from_json, hit_to_json
from campanile.tracking.tokens import TOKEN_LENGTH, Purpose
from campanile.web import pages
from campanile.web.answers import (
    answer_empty,
    answer_method_not_allowed,
    answer_page,
    answer_pixel,
    answer_redirect,
)
from campanile.web.group_commit import GroupCommit
from campanile.web.health import Health
from campanile.web.limits import LARGEST_TARGET, BadTokenLimit
from campanile.web.link_tables import LinkSource, LinkTables
from campanile.web.requests import (
    BodyTooLarge,
    agent_and_prefetch,
    form_fields,
    header,
    network,
    read_body,
)
from campanile.web.spool import Spool

_LOGGER = logging.getLogger("campanile.web")
_LARGEST_NUMBER: Final = 5  # digits of a link's number
_READING: Final = ("GET", "HEAD")
_REPLAY_SECONDS: Final = 5.0


class Keys(Protocol):
    """What the service asks of the keys; both raise InvalidToken (see KeyRing)."""

    def verify(self, purpose: Purpose, token: str, /) -> tuple[int, int]:
        """Return (delivery, ordinal) of a token of ours."""

    def verify_value(self, token: str, number: int, value: str, mac: str, /) -> None:
        """Return when the personal part of a link was made by us."""


class Store(LinkSource, Protocol):
    """What the service asks of the store; all raise EngineError when it is away."""

    def ping(self) -> None:
        """Return when the store answers."""

    def record(self, hits: Sequence[Hit], /) -> None:
        """Make events durable before returning; a batch may come twice."""

    def unsubscribe(self, hits: Sequence[Hit], /) -> None:
        """Make opt-outs durable before returning; a batch may come twice."""


def utc_now() -> datetime:
    """The wall clock, aware and in UTC."""
    return datetime.now(UTC)


class TrackingApp:
    """One ASGI application; the hot routes are answered here, everything else by Starlette."""

    def __init__(
        self,
        *,
        keys: Keys,
        store: Store,
        folder: Path,
        clock: Callable[[], datetime],
        limit: BadTokenLimit,
    ) -> None:
        self._keys = keys
        self._store = store
        self._links = LinkTables(store, folder / "links")
        self._spool = Spool(folder / "spool")
        self._clock = clock
        self._limit = limit
        self._events = GroupCommit[Hit](store.record, self._put_aside)
        self._opt_outs = GroupCommit[Hit](store.unsubscribe, self._put_aside)
        self.health = Health(store, folder, self.is_spooling)
        self._rest = _build_rest(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (or the server's start and end)."""
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        path: str = scope["path"]
        if len(path) + len(scope["query_string"]) > LARGEST_TARGET:
            await answer_empty(send, 414)
        elif path.startswith("/o/"):
            await self._pixel(scope, send, path)
        elif path.startswith("/c/"):
            await self._redirect(scope, send, path)
        elif path.startswith("/u/"):
            await self._unsubscribe_page(scope, receive, send, path)
        else:
            await self._rest(scope, receive, send)

    async def start(self) -> None:
        """Begin to write events; the server calls it through `lifespan`."""
        await self._events.start()
        await self._opt_outs.start()
        self._replayer = asyncio.create_task(self._replay())

    async def stop(self) -> None:
        """Write what is waiting, then end."""
        self._replayer.cancel()
        with suppress(asyncio.CancelledError):
            await self._replayer
        await self._events.stop()
        await self._opt_outs.stop()

    @asynccontextmanager
    async def lifespan(self, _app: object = None) -> AsyncIterator[None]:
        """Start, and stop when the server ends."""
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    def is_spooling(self) -> bool:
        """Whether events wait on disk for the store to come back."""
        return not self._spool.is_empty()

    async def _pixel(self, scope: Scope, send: Send, path: str) -> None:
        if scope["method"] not in _READING:
            await answer_method_not_allowed(send, "GET, HEAD")
            return
        try:
            hit = self._hit(scope, "opened", path[3:].removesuffix(".gif"))
        except InvalidToken:  # a forged open still gets its pixel; it is not recorded
            pass
        else:
            await self._events.add(hit)
        await answer_pixel(send, head=scope["method"] == "HEAD")

    async def _redirect(self, scope: Scope, send: Send, path: str) -> None:
        if scope["method"] not in _READING:
            await answer_method_not_allowed(send, "GET, HEAD")
            return
        try:
            hit, target = await self._clicked(scope, path)
        except InvalidToken:
            await self._refuse(scope, send)
        except EngineError:
            await answer_empty(send, 503, retry_after=10)
        else:
            await self._events.add(hit)  # even if it cannot be kept, the recipient goes on
            await answer_redirect(send, target)

    async def _clicked(self, scope: Scope, path: str) -> tuple[Hit, str]:
        token, _, number = path[3:].partition("/")
        if not (number.isascii() and number.isdecimal() and len(number) <= _LARGEST_NUMBER):
            raise InvalidToken("a link's number is not a number.")
        hit = self._hit(scope, "clicked", token, int(number))
        table = self._links.known(hit.delivery)
        if table is None:
            table = await self._links.get(hit.delivery, hit.ordinal)
        link = table.get(int(number)) if table is not None else None
        if link is None:
            raise InvalidToken("the delivery has no such link.")
        return hit, self._target(link, token, scope["query_string"])

    def _target(self, link: Link, token: str, query: bytes) -> str:
        if not link.is_personal:
            return link.url
        fields = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=9))
        value = fields.get("v", "")
        self._keys.verify_value(token, link.number, value, fields.get("m", ""))
        return link.target(value)

    async def _unsubscribe_page(
        self, scope: Scope, receive: Receive, send: Send, path: str
    ) -> None:
        method = scope["method"]
        if method not in (*_READING, "POST"):
            await answer_method_not_allowed(send, "GET, HEAD, POST")
            return
        try:
            hit = self._hit(scope, "unsubscribed", path[3:])
        except InvalidToken:
            await self._refuse(scope, send)
            return
        if method == "POST":
            status, page = await self._opt_out(scope, receive, hit)
            await answer_page(send, status, page)
        else:  # scanners follow every link: reading never changes anything
            await answer_page(send, 200, pages.ASK, head=method == "HEAD")

    async def _opt_out(self, scope: Scope, receive: Receive, hit: Hit) -> tuple[int, bytes]:
        try:
            body = await read_body(receive, scope)
            fields = form_fields(header(scope, b"content-type"), body)
        except BodyTooLarge:
            return 413, pages.NOT_A_FORM
        except ValueError:
            return 400, pages.NOT_A_FORM
        if not _is_wish(fields):
            return 400, pages.NOT_A_FORM
        kept = await self._opt_outs.add(hit)
        return (200, pages.DONE) if kept else (503, pages.UNAVAILABLE)

    def _hit(self, scope: Scope, kind: HitKind, token: str, link: int | None = None) -> Hit:
        if len(token) != TOKEN_LENGTH:
            raise InvalidToken("the token has another length.")
        delivery, ordinal = self._keys.verify("unsub" if kind == "unsubscribed" else "track", token)
        agent, prefetch = agent_and_prefetch(scope)
        return Hit(
            kind=kind,
            delivery=delivery,
            ordinal=ordinal,
            at=self._clock(),
            link=link,
            method=scope["method"],
            agent=agent,
            prefetch=prefetch,
            network=network(scope),
        )

    async def _refuse(self, scope: Scope, send: Send) -> None:
        client = scope.get("client")
        if self._limit.is_exceeded(client[0] if client else ""):
            await answer_empty(send, 429, retry_after=60)
        else:
            await answer_page(send, 404, pages.UNKNOWN, head=scope["method"] == "HEAD")

    def _put_aside(self, hits: Sequence[Hit]) -> None:
        self._spool.append([hit_to_json(hit) for hit in hits])

    async def _replay(self) -> None:
        while True:
            if not self._spool.is_empty():
                await self._replay_once()
            await asyncio.sleep(_REPLAY_SECONDS)

    async def _replay_once(self) -> None:
        try:
            count = await asyncio.to_thread(self._spool.replay, self._take)
        except (EngineError, OSError) as error:
            _LOGGER.warning("spooled events still wait (%s)", type(error).__name__)
        else:
            _LOGGER.info("%s spooled events were given to the store", count)

    def _take(self, lines: Sequence[str]) -> None:
        hits = [hit_from_json(line) for line in lines]
        opt_outs = [hit for hit in hits if hit.kind == "unsubscribed"]
        events = [hit for hit in hits if hit.kind != "unsubscribed"]
        if opt_outs:  # first: consent wins
            self._store.unsubscribe(opt_outs)
        if events:
            self._store.record(events)


def _is_wish(fields: dict[str, str]) -> bool:
    """One-click of RFC 8058 section 3.2, or the button of our own page."""
    return (
        fields.get("List-Unsubscribe", "").lower() == "one-click"
        or fields.get(pages.FORM_FIELD) == pages.FORM_VALUE
    )


def build_tracking_app(
    *,
    keys: Keys,
    store: Store,
    folder: Path,
    clock: Callable[[], datetime] = utc_now,
    limit: BadTokenLimit | None = None,
) -> TrackingApp:
    """Build the application; `folder` holds the spool and the copies of link tables."""
    return TrackingApp(
        keys=keys,
        store=store,
        folder=folder,
        clock=clock,
        limit=limit or BadTokenLimit(),
    )


def _build_rest(tracking: TrackingApp) -> ASGIApp:
    async def robots(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("User-agent: *\nDisallow: /\n")

    routes = [Route("/health", tracking.health.answer), Route("/robots.txt", robots)]
    return Starlette(routes=routes, lifespan=tracking.lifespan)
