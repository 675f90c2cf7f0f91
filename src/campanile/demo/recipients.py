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
_UNSUBSCRIBES: Final = 0.03
_BUYS: Final = 0.2  # of the people who click
_UNSUBSCRIBE: Final = re.compile(rb"^List-Unsubscribe:[ \t\r\n]*<([^>]+)>", re.IGNORECASE | re.M)


@dataclass(frozen=True)
class Act:
    """Something a recipient does, `delay` seconds after the message arrived.

    `link` is the place of the link among those of the message, from 0.
    """

    delay: float
    kind: Kind
    role: Role
    method: Literal["GET", "HEAD", "POST"]
    agent: str
    link: int | None = None


@dataclass(frozen=True)
class Visit:
    """One HTTP request of a recipient, `delay` seconds after the message arrived."""

    delay: float
    kind: Kind
    role: Role
    method: Literal["GET", "HEAD", "POST"]
    url: str
    agent: str


def acts(message: str, links: int) -> tuple[Act, ...]:
    """What the recipient of a message with so many links will do, in order of time."""
    random = Random(int.from_bytes(blake2b(message.encode(), digest_size=8).digest()))
    roles, weights = zip(*_ROLES, strict=True)
    role: Role = random.choices(roles, weights)[0]
    if role == "nobody":
        return ()
    found = {"person": _person, "prefetcher": _prefetcher, "scanner": _scanner}[role](random, links)
    return tuple(sorted(found, key=lambda act: act.delay))


def buys(message: str) -> bool:
    """Whether whoever clicks in this message buys something then."""
    return blake2b(f"{message} buys".encode(), digest_size=2).digest()[0] < 256 * _BUYS


def visits(message_id: str, source: bytes, base_url: str) -> tuple[Visit, ...]:
    """What the recipient of a message will do, in order of time; the same message, the same visits.

    `base_url` is the tracking service: links that do not go there are followed by nobody.
    """
    links = _Links.read(source, base_url)
    return tuple(
        Visit(act.delay, act.kind, act.role, act.method, url, act.agent)
        for act in acts(message_id, len(links.clicks))
        for url in links.of(act)
    )


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

    def of(self, act: Act) -> tuple[str, ...]:
        """The addresses that an act asks for."""
        if act.kind == "opened":
            return self.pixels
        if act.kind == "unsubscribed":
            return (self.unsubscribe,) if self.unsubscribe else ()
        return () if act.link is None else (self.clicks[act.link],)


def _person(random: Random, links: int) -> list[Act]:
    agent = random.choice(_BROWSERS)
    at = random.uniform(2.5, 12)
    found = [Act(at, "opened", "person", "GET", agent)]
    if links and random.random() < _CLICKS:
        link = random.choices(range(links), [5, *[1] * (links - 1)])[0]
        found.append(Act(at + random.uniform(1, 4), "clicked", "person", "GET", agent, link))
    elif random.random() < _UNSUBSCRIBES:
        found.append(Act(at + random.uniform(1, 4), "unsubscribed", "person", "POST", agent))
    return found


def _prefetcher(random: Random, _links: int) -> list[Act]:
    return [Act(random.uniform(1, 6), "opened", "prefetcher", "GET", _PRIVACY_PROXY)]


def _scanner(random: Random, links: int) -> list[Act]:
    """Everything within a second, dressed as a browser, or with requests that read no page."""
    at, agent = random.uniform(0, 0.3), random.choice(_BROWSERS)
    method: Literal["GET", "HEAD"] = random.choice(("GET", "GET", "HEAD"))
    clicks = [
        Act(at + 0.1 * place, "clicked", "scanner", method, agent, place) for place in range(links)
    ]
    return [*clicks, Act(at, "opened", "scanner", method, agent)]
