"""Segments: the parts of a campaign that run without waiting, with the gates between them."""

from collections.abc import Iterable
from dataclasses import dataclass

from campanile.campaigns.graph import Graph, transition_table

START = "start"


@dataclass(frozen=True)
class Segment:
    """A part of the graph that one run executes.

    `gates` must be released, or never armed, before it runs. `activities` commit outputs here,
    a gate among them first. `plans` are the deliveries whose population is frozen at its end, and
    `opens` the gates it arms. `inputs` are the transitions it reads from other segments.
    """

    name: str
    gates: tuple[str, ...]
    activities: tuple[str, ...]
    plans: tuple[str, ...]
    opens: tuple[str, ...]
    inputs: tuple[str, ...]
    assets: tuple[str, ...]


def segments(graph: Graph) -> tuple[Segment, ...]:
    """Cut the graph at its gates, in an order in which the segments can run.

    The segment of an activity is named by the nearest gates above it; a gate that stands above
    another of them is not nearest. The outputs of a gate begin the segment behind it.
    """
    above = nearest_gates(graph)
    members: dict[tuple[str, ...], list[str]] = {(): []}
    for name in graph.order:
        members.setdefault((name,) if graph[name].gate else above[name], []).append(name)
    for name in graph.order:
        members.setdefault(above[name], [])
    home = {name: gates for gates, names in members.items() for name in names}
    cut = [_segment(graph, gates, names, above, home) for gates, names in members.items()]
    return tuple(_in_order(cut, graph, home))


def nearest_gates(graph: Graph) -> dict[str, tuple[str, ...]]:
    """For each activity the nearest gates above it, in the order of the graph."""
    found: dict[str, tuple[str, ...]] = {}
    for name in graph.order:
        candidates: set[str] = set()
        for parent in graph[name].parents:
            candidates |= {parent} if graph[parent].gate else set(found[parent])
        covered = {gate for other in candidates for gate in graph.ancestors(other)}
        found[name] = tuple(gate for gate in graph.order if gate in candidates - covered)
    return found


def segment_name(gates: Iterable[str]) -> str:
    """`start`, or `after__<gate>`, with more gates joined by two underscores."""
    return "__".join(["after", *gates]) if gates else START


def _segment(
    graph: Graph,
    gates: tuple[str, ...],
    names: list[str],
    above: dict[str, tuple[str, ...]],
    home: dict[str, tuple[str, ...]],
) -> Segment:
    opens = tuple(n for n in graph.order if graph[n].gate and above[n] == gates)
    plans = tuple(name for name in opens if graph[name].channel)
    tables = [t for name in names for t in (graph[name].outputs or (name,))]
    return Segment(
        name=segment_name(gates),
        gates=gates,
        activities=tuple(names),
        plans=plans,
        opens=opens,
        inputs=_inputs(graph, gates, names, plans, home),
        assets=(
            *(transition_table(transition) for transition in tables),
            *(transition_table(graph[name].plan) for name in plans),
        ),
    )


def _inputs(
    graph: Graph,
    gates: tuple[str, ...],
    names: list[str],
    plans: tuple[str, ...],
    home: dict[str, tuple[str, ...]],
) -> tuple[str, ...]:
    """What the segment reads that others commit; a delivery's outputs read its plan."""
    wanted: dict[str, None] = {}
    for name in names:
        vertex = graph[name]
        if vertex.channel:
            wanted[vertex.plan] = None
        else:
            wanted.update(dict.fromkeys(_needs(graph, name)))
    for name in plans:
        wanted.update(dict.fromkeys(_needs(graph, name)))
    return tuple(
        transition
        for transition in wanted
        if transition.endswith(".plan") or home[transition.partition(".")[0]] != gates
    )


def _needs(graph: Graph, name: str) -> tuple[str, ...]:
    """The transitions an activity reads, and all of those it follows."""
    vertex = graph[name]
    followed = tuple(t for other in vertex.after for t in (graph[other].outputs or (other,)))
    return (*vertex.reads, *followed)


def _in_order(
    cut: list[Segment], graph: Graph, home: dict[str, tuple[str, ...]]
) -> Iterable[Segment]:
    """Each segment after those whose transitions it reads."""
    left = list(cut)
    done: set[str] = set()
    while left:
        for segment in left:
            needed = {_committer(t, graph, cut, home) for t in segment.inputs}
            if needed <= done | {segment.name}:
                break
        left.remove(segment)
        done.add(segment.name)
        yield segment


def _committer(
    transition: str, graph: Graph, cut: list[Segment], home: dict[str, tuple[str, ...]]
) -> str:
    """The name of the segment that commits `transition`."""
    activity = transition.partition(".")[0]
    if transition == graph[activity].plan:
        return next(segment.name for segment in cut if activity in segment.plans)
    return segment_name(home[activity])
