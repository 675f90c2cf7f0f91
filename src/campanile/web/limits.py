"""Limits of the public side: length of a request's head, and bad links one client may try."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 32_768  # bytes of request line and headers together
LARGEST_TARGET = 4_096  # bytes of path and query; ours stay below 2,100
LARGEST_BODY = 8_192  # a one-click POST has 26 bytes, as multipart about 200


class BadTokenLimit:
    """How many bad links a client may try in a window; good links are never refused.

    With 80 bits of MAC nobody guesses a token, so the limit only keeps scanners cheap. It cannot be
    used to lock out others behind the same address, as it counts and refuses bad links alone.
    """

    def __init__(
        self,
        *,
        most: int = 60,
        window: float = 60.0,
        clients: int = 10_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._window = window
        self._clients = clients
        self._monotonic = monotonic
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def is_exceeded(self, client: str) -> bool:
        """Count a bad link of `client`; True when it has tried too many in this window."""
        network, now = _network(client), self._monotonic()
        began, count = self._seen.pop(network, (now, 0))
        if now - began >= self._window:
            began, count = now, 0
        self._seen[network] = (began, count + 1)
        if len(self._seen) > self._clients:
            self._seen.popitem(last=False)
        return count >= self._most


def _network(client: str) -> str:
    """The /64 of an IPv6 address, since one client has all of it; anything else as it is."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 4:
        return client
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


class HeadLimitedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, closing connections whose request head does not end in time.

    The parser itself collects a header of any length in memory.
    """

    _unparsed = 0

    def data_received(self, data: bytes) -> None:
        """Count what came since the parser last finished a head or a piece of body."""
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > LARGEST_HEAD:
            self.transport.close()

    def on_headers_complete(self) -> None:
        """A head is whole: start counting anew."""
        self._unparsed = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Bodies are limited by the application."""
        self._unparsed = 0
        super().on_body(body)
