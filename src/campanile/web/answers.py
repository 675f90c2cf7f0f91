"""The answers of the hot routes, as raw ASGI messages with their headers ready-made."""

from typing import Final, TypeAlias

from starlette.types import Send

from campanile.web.pages import CONTENT_SECURITY_POLICY

_Headers: TypeAlias = list[tuple[bytes, bytes]]

# The smallest transparent GIF.
PIXEL: Final = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
_SAFE: Final[_Headers] = [
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex"),
]
_EMPTY: Final[_Headers] = [*_SAFE, (b"content-length", b"0")]
_PIXEL: Final[_Headers] = [
    *_SAFE,
    (b"content-type", b"image/gif"),
    (b"content-length", str(len(PIXEL)).encode()),
    (b"cross-origin-resource-policy", b"cross-origin"),
]
_PAGE: Final[_Headers] = [
    *_SAFE,
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-frame-options", b"DENY"),
]


async def answer_pixel(send: Send, *, head: bool = False) -> None:
    """Answer 200 with the pixel."""
    await _answer(send, 200, _PIXEL, b"" if head else PIXEL)


async def answer_redirect(send: Send, target: str) -> None:
    """Answer 302; `target` comes from a frozen link table and is printable ASCII."""
    await _answer(send, 302, [*_EMPTY, (b"location", target.encode("ascii"))], b"")


async def answer_page(send: Send, status: int, page: bytes, *, head: bool = False) -> None:
    """Answer with a small HTML page."""
    headers = [*_PAGE, (b"content-length", str(len(page)).encode())]
    await _answer(send, status, headers, b"" if head else page)


async def answer_empty(send: Send, status: int, *, retry_after: int | None = None) -> None:
    """Answer with a status alone; `retry_after` is in seconds."""
    again = [] if retry_after is None else [(b"retry-after", str(retry_after).encode())]
    await _answer(send, status, [*_EMPTY, *again], b"")


async def answer_method_not_allowed(send: Send, allowed: str) -> None:
    """Answer 405 and say which methods there are."""
    await _answer(send, 405, [*_EMPTY, (b"allow", allowed.encode())], b"")


async def _answer(send: Send, status: int, headers: _Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
