"""What a restart from an activity supersedes."""

from collections.abc import Sequence
from dataclasses import dataclass

from campanile.campaigns.graph import Graph, committed_by
from campanile.campaigns.segments import Segment
from campanile.errors import Refused
from campanile.relations.parse import did_you_mean


@dataclass(frozen=True)
class Restart:
    """The transitions to supersede, the segment that runs again, the later ones, the gates."""

    transitions: tuple[str, ...]
    segment: str
    later_segments: tuple[str, ...]
    gates: tuple[str, ...]


def restart_from(graph: Graph, segments: Sequence[Segment], activity: str) -> Restart:
    """Work out what is done again when `activity` is, with everything below it.

    A delivery starts again with its plan, in the segment before it. Raises `Refused` for an
    activity that is not there.
    """
    if activity not in graph.vertices:
        remedy = did_you_mean(activity, graph.order)
        raise Refused(f"there is no activity '{activity}'.", remedy=remedy)
    below = graph.descendants(activity)
    again = [name for name in graph.order if name == activity or name in below]
    home = next(s.name for s in segments if activity in _first_worked(graph, s))
    touched = [s.name for s in segments if set(again) & {*s.activities, *s.plans}]
    return Restart(
        transitions=tuple(t for name in again for t in committed_by(graph[name])),
        segment=home,
        later_segments=tuple(name for name in touched if name != home),
        gates=tuple(n for n in again if graph[n].gate and (n != activity or graph[n].channel)),
    )


def _first_worked(graph: Graph, segment: Segment) -> tuple[str, ...]:
    """The activities whose work begins in the segment: for a delivery that is its plan."""
    own = tuple(name for name in segment.activities if not graph[name].channel)
    return (*own, *segment.plans)
