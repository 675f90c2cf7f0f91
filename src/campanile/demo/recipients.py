"""What simulated recipients do with a message: a pure function of its Message-ID.

Most do nothing. Some open it, fewer click, a few unsubscribe; mail programs fetch pictures for
people who may never look, and mail gateways follow every link at once.
"""

import html
import re
from binascii import a2b_qp
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Final, Literal

from campanile.content.headers import one_line

Kind = Literal["opened", "clicked", "unsubscribed"]
Role = Literal["person", "prefetcher", "scanner", "nobody"]

_BROWSERS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.7; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36",
)
_PRIVACY_PROXY: Final = "Mozilla/5.0"
_ROLES: Final[tuple[tuple[Role, float], ...]] = (
    ("person", 0.38),
    ("prefetcher", 0.10),
    ("scanner", 0.03),
    ("nobody", 0.49),
)
_CLICKS: Final = 0.35  # of the people who open
_UNSUBSCRIBES: Final = 0.015
_UNSUBSCRIBE: Final = re.compile(rb"^List-Unsubscribe:[ \t\r\n]*<([^>]+)>", re.IGNORECASE | re.M)


@dataclass(frozen=True)
class Visit:
    """One HTTP request of a recipient, `delay` seconds after the message arrived."""

    delay: float
    kind: Kind
    role: Role
    method: Literal["GET", "HEAD", "POST"]
    url: str
    agent: str


def visits(message_id: str, source: bytes, base_url: str) -> tuple[Visit, ...]:
    """What the recipient of a message will do, in order of time; the same message, the same visits.

    `base_url` is the tracking service: links that do not go there are followed by nobody.
    """
    random = Random(int.from_bytes(blake2b(message_id.encode(), digest_size=8).digest()))
    roles, weights = zip(*_ROLES, strict=True)
    role: Role = random.choices(roles, weights)[0]
    if role == "nobody":
        return ()
    links = _Links.read(source, base_url)
    found = {"person": _person, "prefetcher": _prefetcher, "scanner": _scanner}[role](random, links)
    return tuple(sorted(found, key=lambda visit: visit.delay))


@dataclass(frozen=True)
class _Links:
    """What can be fetched in a message."""

    pixels: tuple[str, ...]
    clicks: tuple[str, ...]
    unsubscribe: str | None

    @classmethod
    def read(cls, source: bytes, base_url: str) -> "_Links":
        head, _, body = source.partition(b"\r\n\r\n")
        text = html.unescape(a2b_qp(body).decode("utf-8", "replace"))
        base = re.escape(base_url)
        pixels = re.findall(rf"{base}/o/[\w-]+\.gif", text)
        clicks = re.findall(rf"{base}/c/[\w-]+/\d+(?:\?[^\s\"'<>)]*)?", text)
        opt_out = _UNSUBSCRIBE.search(head)
        return cls(
            tuple(dict.fromkeys(pixels)),
            tuple(dict.fromkeys(clicks)),
            one_line(opt_out.group(1).decode("ascii", "replace")) if opt_out else None,
        )


def _person(random: Random, links: _Links) -> list[Visit]:
    agent = random.choice(_BROWSERS)
    at = random.uniform(3, 30)
    found = [Visit(at, "opened", "person", "GET", url, agent) for url in links.pixels]
    if links.clicks and random.random() < _CLICKS:
        url = random.choices(links.clicks, [5, *[1] * (len(links.clicks) - 1)])[0]
        found.append(Visit(at + random.uniform(2, 10), "clicked", "person", "GET", url, agent))
    elif links.unsubscribe and random.random() < _UNSUBSCRIBES:
        later = at + random.uniform(2, 6)
        found.append(Visit(later, "unsubscribed", "person", "POST", links.unsubscribe, agent))
    return found


def _prefetcher(random: Random, links: _Links) -> list[Visit]:
    at = random.uniform(1, 6)
    return [Visit(at, "opened", "prefetcher", "GET", url, _PRIVACY_PROXY) for url in links.pixels]


def _scanner(random: Random, links: _Links) -> list[Visit]:
    """Everything within a second, dressed as a browser, or with requests that read no page."""
    at, agent = random.uniform(0, 0.3), random.choice(_BROWSERS)
    method: Literal["GET", "HEAD"] = random.choice(("GET", "GET", "HEAD"))
    clicks = [
        Visit(at + 0.1 * place, "clicked", "scanner", method, url, agent)
        for place, url in enumerate(links.clicks)
    ]
    return clicks + [Visit(at, "opened", "scanner", method, url, agent) for url in links.pixels]
