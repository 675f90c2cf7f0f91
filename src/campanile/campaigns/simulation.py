"""Simulations: how far a test execution goes, and what it takes for granted on the way."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from campanile.campaigns.graph import Graph
from campanile.errors import Refused
from campanile.relations.parse import did_you_mean

REACTIONS: Final = ("opened", "clicked", "unsubscribed", "complained")  # of who got the message
MISHAPS: Final = ("failed", "bounced")  # of a message that nobody got
_KINDS: Final = (*REACTIONS, *MISHAPS)
_WRITTEN: Final = re.compile(
    rf"(?:(?P<activity>[a-z0-9_]+)\.)?(?P<kind>{'|'.join(_KINDS)}) (?P<share>\d+(?:\.\d+)?)%"
)


@dataclass(frozen=True)
class Assumption:
    """A share of a message's recipients that is taken to react so; of all messages without one."""

    kind: str
    percent: float
    activity: str | None = None

    @classmethod
    def read(cls, text: str) -> "Assumption":
        """Read `opened 30%` or `offer.opened 30%`; raises Refused for anything else."""
        found = _WRITTEN.fullmatch(" ".join(text.split()))
        if found is None or float(found["share"]) > 100:
            raise Refused(
                f"`{text}` is no assumption.",
                remedy=f"Write 'opened 30%', or 'offer.opened 30%' of one message; "
                f"there is: {', '.join(_KINDS)}.",
            )
        return cls(found["kind"], float(found["share"]), found["activity"])

    def __str__(self) -> str:
        of = f"{self.activity}." if self.activity else ""
        return f"{of}{self.kind} {self.percent:g}%"


@dataclass(frozen=True)
class Simulation:
    """What a test execution is told; without anything it runs to the end, and nobody reacts.

    It ends with the activity `until`. Waits pass at once unless it `waits`. `answers` are given to
    activities that ask a person.
    """

    until: str | None = None
    waits: bool = False
    assumed: tuple[Assumption, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "Simulation":
        """Read what an execution keeps; one that keeps nothing was told nothing."""
        if not stored:
            return cls()
        assumed = tuple(Assumption.read(text) for text in stored["assumed"])
        return cls(stored["until"], stored["waits"], assumed, stored["answers"])

    def to_json(self) -> dict[str, Any]:
        """What an execution keeps."""
        return {
            "until": self.until,
            "waits": self.waits,
            "assumed": [str(one) for one in self.assumed],
            "answers": dict(self.answers),
        }

    def require_known(self, graph: Graph) -> None:
        """Raise Refused for an activity or message there is not, or shares above the whole."""
        messages = [name for name, vertex in graph.vertices.items() if vertex.channel]
        if self.until is not None:
            _require(self.until, graph.order, "activity")
        for answered, answer in self.answers.items():
            _require(answered, graph.order, "activity")
            outputs = [name.partition(".")[2] for name in graph[answered].outputs]
            _require(answer, filter(None, outputs), f"answer of '{answered}'")
        for one in self.assumed:
            if one.activity is not None:
                _require(one.activity, messages, "message")
        for message in messages:
            shares = self.shares(message)
            mishaps = sum(shares.get(kind, 0) for kind in MISHAPS)
            if max((shares.get(kind, 0) for kind in REACTIONS), default=0) + mishaps > 100:
                raise Refused(
                    f"of '{message}' more than everybody is assumed.",
                    remedy="Who reacts and who was not reached are different people.",
                )

    def runs(self, activity: str, graph: Graph) -> bool:
        """Whether the test comes to `activity`: it is the last one, or above it."""
        return self.until in (None, activity) or activity in graph.ancestors(str(self.until))

    def shares(self, message: str) -> dict[str, float]:
        """Percent of the recipients of a message by kind; what is said of it alone goes first."""
        general = {one.kind: one.percent for one in self.assumed if one.activity is None}
        own = {one.kind: one.percent for one in self.assumed if one.activity == message}
        return {**general, **own}


def reactions(shares: Mapping[str, float], salt: str, recipient: str) -> tuple[str, ...]:
    """What one recipient is taken to do; the same whenever it is asked.

    One number is drawn for each recipient. Reactions are counted from below, so that who clicks is
    among those who open when more are to open; mishaps from above.
    """
    digest = blake2b(f"{salt}/{recipient}".encode(), digest_size=6).digest()
    drawn = int.from_bytes(digest) * 100 / 2**48
    top = 100.0
    for kind in MISHAPS:
        if top - shares.get(kind, 0) <= drawn < top:
            return (kind,)
        top -= shares.get(kind, 0)
    return tuple(kind for kind in REACTIONS if drawn < shares.get(kind, 0))


def _require(name: str, known: Iterable[str], what: str) -> None:
    listed = list(known)
    if name not in listed:
        remedy = did_you_mean(name, listed) if listed else ""
        raise Refused(f"there is no {what} '{name}'.", remedy=remedy)
