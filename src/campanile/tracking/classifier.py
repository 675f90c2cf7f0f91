"""Whether an open or a click was a person's: signals, weights, and the same rule in SQL.

Nothing is dropped: the label is computed from raw events whenever it is asked for, so a better
version of the rule improves the past too. One strong signal or two weak ones make a machine;
scanners pass any single check of time, address or agent.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

CLASSIFIER_VERSION: Final = 1

SOON_SECONDS: Final = 2.0  # after the provider accepted it; people read first
MANY_LINKS: Final = 3  # distinct links of one message within ten seconds
ENOUGH: Final = 2  # points that make a machine

# Programs that name themselves: libraries, monitors, link scanners of mail gateways.
_BOT_WORDS: Final = (
    "bot|crawler|spider|scanner|monitor|preview|curl/|wget/|python-|aiohttp|go-http-client|java/|"
    "okhttp|headless|phantomjs|proofpoint|mimecast|barracuda|safelinks|urldefense|"
    "microsoft office (existence|protocol) discovery"  # looks links up; Outlook itself is a person
)
_BOT_PATTERN: Final = re.compile(_BOT_WORDS)
_PREFETCH_PATTERN: Final = re.compile("prefetch|prerender|preview")
# Apple Mail Privacy Protection fetches all images itself, with an agent that names no program.
_PRIVACY_AGENTS: Final = ("Mozilla/5.0",)


class Label(StrEnum):
    """Who an event is taken to come from."""

    HUMAN = "human"
    MACHINE = "machine"
    PREFETCHED = "prefetched"  # a mail program fetched it for a person who may never look


@dataclass(frozen=True)
class Verdict:
    """A label and the names of the signals that led to it, in the order of `SIGNALS`."""

    label: Label
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Signal:
    """One observation: its points, how Python sees it, and the same as an SQL condition."""

    name: str
    points: int
    holds: Callable[[Mapping[str, Any]], bool]
    sql: str


def _text(event: Mapping[str, Any], column: str) -> str:
    return str(event.get(column) or "").lower()


def _number(event: Mapping[str, Any], column: str) -> float | None:
    value = event.get(column)
    return None if value is None else float(value)


def _is_soon(event: Mapping[str, Any]) -> bool:
    seconds = _number(event, "seconds_since_sent")
    return seconds is not None and seconds < SOON_SECONDS


def _is_busy(event: Mapping[str, Any]) -> bool:
    return (_number(event, "links_in_10s") or 0) >= MANY_LINKS


# Columns of an event: kind, method, user_agent, purpose, seconds_since_sent, links_in_10s,
# honeypot. A missing or empty one counts as not observed.
SIGNALS: Final[tuple[Signal, ...]] = (
    Signal(
        "honeypot", 2, lambda event: bool(event.get("honeypot")), "coalesce(honeypot, false)"
    ),
    Signal(
        "method", 2,
        lambda event: _text(event, "method") in {"head", "options"},
        "coalesce(lower(method), '') IN ('head', 'options')",
    ),
    Signal(
        "prefetch", 2,
        lambda event: _PREFETCH_PATTERN.search(_text(event, "purpose")) is not None,
        f"regexp_matches(coalesce(lower(purpose), ''), '{_PREFETCH_PATTERN.pattern}')",
    ),
    Signal(
        "agent", 2,
        lambda event: _BOT_PATTERN.search(_text(event, "user_agent")) is not None,
        f"regexp_matches(coalesce(lower(user_agent), ''), '{_BOT_WORDS}')",
    ),
    Signal(
        "no_agent", 1,
        lambda event: _text(event, "user_agent") == "",
        "coalesce(user_agent, '') = ''",
    ),
    Signal(
        "soon", 1, _is_soon, f"coalesce(seconds_since_sent < {SOON_SECONDS}, false)"
    ),
    Signal(
        "many_links", 1, _is_busy, f"coalesce(links_in_10s, 0) >= {MANY_LINKS}"
    ),
)  # fmt: skip

_JUDGED_KINDS: Final = ("opened", "clicked", "unsubscribed")


def classify(event: Mapping[str, Any]) -> Verdict:
    """Return who made `event`; kinds that providers report (bounces …) are nobody's: human."""
    if event.get("kind") not in _JUDGED_KINDS:
        return Verdict(Label.HUMAN, ())
    found = tuple(signal for signal in SIGNALS if signal.holds(event))
    reasons = tuple(signal.name for signal in found)
    if event.get("kind") == "opened" and event.get("user_agent") in _PRIVACY_AGENTS:
        return Verdict(Label.PREFETCHED, reasons)
    is_machine = sum(signal.points for signal in found) >= ENOUGH
    return Verdict(Label.MACHINE if is_machine else Label.HUMAN, reasons)


def label_sql() -> str:
    """Return a DuckDB expression over the columns of an event that gives its label as text."""
    kinds = ", ".join(f"'{kind}'" for kind in _JUDGED_KINDS)
    agents = ", ".join(f"'{agent}'" for agent in _PRIVACY_AGENTS)
    points = " + ".join(f"CASE WHEN {s.sql} THEN {s.points} ELSE 0 END" for s in SIGNALS)
    return (
        f"CASE WHEN NOT coalesce(kind IN ({kinds}), false) THEN 'human' "
        f"WHEN kind = 'opened' AND coalesce(user_agent IN ({agents}), false) THEN 'prefetched' "
        f"WHEN {points} >= {ENOUGH} THEN 'machine' ELSE 'human' END"
    )


def reasons_sql() -> str:
    """Return a DuckDB expression that gives the names of the signals, joined with commas."""
    kinds = ", ".join(f"'{kind}'" for kind in _JUDGED_KINDS)
    names = ", ".join(f"CASE WHEN {s.sql} THEN '{s.name}' END" for s in SIGNALS)
    return f"CASE WHEN coalesce(kind IN ({kinds}), false) THEN concat_ws(',', {names}) ELSE '' END"
