"""What recipients do: opens, clicks and opt-outs, on their way into the store."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

HitKind = Literal["opened", "clicked", "unsubscribed"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One request to the tracking service with a token of ours; nothing of the person is in it.

    `network` is the client's address cut to /24 (IPv6: /48); `prefetch` says that a browser
    declared to fetch ahead; `link` is the number of the link.
    """

    kind: HitKind
    delivery: int
    ordinal: int
    at: datetime
    link: int | None = None
    method: str = "GET"
    agent: str = ""
    prefetch: bool = False
    network: str = ""


def hit_to_json(hit: Hit) -> str:
    """Write a hit as one line."""
    return json.dumps({**asdict(hit), "at": hit.at.isoformat()})


def hit_from_json(line: str) -> Hit:
    """Read what `hit_to_json` wrote."""
    fields = json.loads(line)
    return Hit(**{**fields, "at": datetime.fromisoformat(fields["at"])})
