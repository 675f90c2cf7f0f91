"""Building and sending a personal letter, per CPU-second of the sender, with the ledger."""

import re
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any, Final

from benchmarks.email import letter, peers
from benchmarks.email.ours import House
from benchmarks.email.sink import Sink, counting_sink
from benchmarks.yardstick import Goal, Metric

GOALS: Final = (
    Goal("letters_against_python", "ratio", at_least=40),
    Goal("letters_against_nodemailer", "ratio", at_least=8),
)
_ROUNDS: Final = 3
_MOST: Final = 20_000  # letters of one of our runs; the figure does not depend on it
_TOLERATED: Final = 0.05  # in the size of a letter
_UNIT: Final = "letters/cpu-s"


@dataclass(frozen=True)
class Rival:
    """A way to send `letters`; `cpu` sends them and returns what that cost in seconds."""

    name: str
    letters: int
    cpu: Callable[[int], float]


def measure(scale: int) -> Iterator[Metric]:
    """All rivals in turn, three rounds; what each sent is compared with what we sent."""
    letters = min(scale, _MOST)
    with tempfile.TemporaryDirectory(prefix="campanile-email-") as text, counting_sink() as sink:
        folder = Path(text)
        house = House(folder, sink.port)
        start = _start(house, sink)
        rivals = [Rival("ours", letters, lambda count: house.send(count).cpu - start)]
        missing: dict[str, str] = {}
        python = _python(folder, house, sink, letters, missing)
        node = _node(folder, house, sink, letters, missing)
        rates = _rates([*rivals, *python, *node], sink)
        yield from _metrics(rates, missing)
        yield Metric("send_start", start, "cpu-s", note="one send run of one letter: processes")


def _start(house: House, sink: Sink) -> float:
    """What a send run costs before its first letter."""
    found = statistics.median(house.send(1).cpu for _ in range(_ROUNDS))
    sink.figures()
    return found


def _python(
    folder: Path, house: House, sink: Sink, letters: int, missing: dict[str, str]
) -> list[Rival]:
    try:
        ordinary = peers.Ordinary.installed(folder, house.content, sink.port)
    except peers.Missing as reason:
        missing["python"] = str(reason)
        return []
    count = max(20, letters // 40)
    return [
        Rival("python", count, ordinary.send),
        Rival("python_reconnecting", count, lambda n: ordinary.send(n, one_connection=False)),
        Rival("python_regex", count, lambda n: ordinary.send(n, links_by="matched")),
    ]


def _node(
    folder: Path, house: House, sink: Sink, letters: int, missing: dict[str, str]
) -> list[Rival]:
    try:
        pool = peers.Pool.installed(folder, house.content, sink.port)
    except peers.Missing as reason:
        missing["node"] = str(reason)
        return []
    return [Rival("node", max(20, letters // 8), pool.send)]


def _rates(rivals: list[Rival], sink: Sink) -> dict[str, float]:
    """Median letters per CPU-second of each; raises RuntimeError when the work was not equal."""
    taken: dict[str, list[float]] = {rival.name: [] for rival in rivals}
    size = 0
    for _ in range(_ROUNDS):
        for rival in rivals:
            taken[rival.name].append(rival.letters / rival.cpu(rival.letters))
            figures = sink.figures()
            size = size or figures["mean_bytes"]
            check_work(rival.name, rival.letters, size, figures)
    return {name: statistics.median(found) for name, found in taken.items()}


def check_work(name: str, letters: int, size: int, figures: dict[str, Any]) -> None:
    """Raise RuntimeError unless so many distinct letters of this size came, all links tracked."""
    unstuffed = figures["last"].replace("\r\n..", "\r\n.")
    text = message_from_bytes(unstuffed.encode())
    links = {number for part in text.walk() for number in _links(part)}
    found = (figures["messages"], figures["distinct"], len(links))
    expected = (letters, letters, letter.LINKS)
    if found != expected:
        raise RuntimeError(f"{name}: messages, distinct, links are {found}, not {expected}")
    if abs(figures["mean_bytes"] / size - 1) > _TOLERATED:
        raise RuntimeError(f"{name}: a letter has {figures['mean_bytes']} bytes, ours {size}")


def _links(part: Message) -> set[str]:
    if part.get_content_type() != "text/html":
        return set()
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return set(re.findall(r'href="https://t\.shop\.example/c/[\w-]{26}/(\d+)"', payload.decode()))


def _metrics(rates: dict[str, float], missing: dict[str, str]) -> Iterator[Metric]:
    ours = rates["ours"]
    what = "30 KB MJML letter, 14 links; claim, rendering, SMTP, journal, settling; plan excluded"
    if "python" in missing:
        yield Metric.skipped("letters_against_python", missing["python"])
    else:
        note = f"{what}; a new connection for each letter: {rates['python_reconnecting']:.0f}"
        named = "Jinja2 + BeautifulSoup + EmailMessage + smtplib, one connection"
        yield Metric("letters_against_python", ours, _UNIT, named, rates["python"], note)
        named = "the same with one regular expression for the links"
        yield Metric("letters_against_lean_python", ours, _UNIT, named, rates["python_regex"])
    if "node" in missing:
        yield Metric.skipped("letters_against_nodemailer", missing["node"])
    else:
        named = f"{' + '.join(peers.PACKAGES)}, pool"
        yield Metric("letters_against_nodemailer", ours, _UNIT, named, rates["node"], what)
