"""Latency: from `campanile publish` to the first message that the SMTP server has accepted."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.latency.moments import Moment
from benchmarks.latency.served import Served, lay_out, served
from benchmarks.yardstick import Goal, Metric
from campanile.operations.authoring.versions import apply_campaign

GOALS = (Goal("publish_to_first_message", "value", at_most=15, scales=(1_000,)),)

_CAMPAIGN = "hello"
_LONGEST_SECONDS = 180.0
_SETTLED_SECONDS = 15.0
_POLL_SECONDS = 0.02


def measure(scale: int) -> Iterator[Metric]:
    """Publish one campaign to `scale` people in a served project, and watch the sink."""
    with tempfile.TemporaryDirectory(prefix="campanile-latency-") as place:
        folder = Path(place) / "project"
        apply_campaign(lay_out(folder, scale), _CAMPAIGN, actor="bench")
        with served(folder) as there:
            time.sleep(_SETTLED_SECONDS)
            began = _load()
            first, last, moments = _publish(there, scale)
            note = f"load before {began:.1f}; {_told(moments)}"
            yield Metric("publish_to_first_message", first, "s wall", note=note)
            yield Metric("publish_to_last_message", last, "s wall")


def _publish(there: Served, people: int) -> tuple[float, float, list[Moment]]:
    """Seconds to the first and the last acceptance, and the time line."""
    from benchmarks.latency.timeline import time_line  # Dagster, which other benches do not pay

    typed = time.time()
    command = there.campanile("publish", _CAMPAIGN)
    over = 0.0
    lines: list[str] = []
    while len(lines) < people:
        if not over and command.poll() is not None:
            over = time.time()
        if time.time() - typed > _LONGEST_SECONDS:
            raise RuntimeError(f"{len(lines)} of {people} messages after {_LONGEST_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
        lines = there.record.read_text().splitlines()
    command.wait()
    accepted = sorted(json.loads(line)["at"] for line in lines)
    first, last = accepted[0] - typed, accepted[-1] - typed
    moments = time_line(there.project(), there.home, _CAMPAIGN, typed)
    moments += [Moment(round(over - typed, 2), "publish: command over")]
    moments += [Moment(round(first, 2), "FIRST MESSAGE ACCEPTED")]
    return first, last, sorted(moments, key=lambda each: each.at)


def _told(moments: list[Moment]) -> str:
    return "; ".join(f"{each.at:.2f} {each.what}" for each in moments)


def _load() -> float:
    return os.getloadavg()[0]


def main() -> None:
    """Print the time line of one publish: `python -m benchmarks.latency.bench 1000`."""
    for metric in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000):
        print(f"{metric.metric}: {metric.value:.2f} {metric.unit}")
        print("\n".join(metric.note.split("; ")))


if __name__ == "__main__":
    main()
