"""How an execution moves: which gates to arm, which segments are ready, whether it is finished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from campanile.campaigns.graph import Graph
from campanile.campaigns.segments import Segment

GateState: TypeAlias = Literal["armed", "released"]


@dataclass(frozen=True)
class Steps:
    """What follows from what is committed; doing it twice changes nothing."""

    arm: tuple[str, ...]
    ready: tuple[str, ...]
    finished: bool


def next_steps(
    graph: Graph,
    segments: Sequence[Segment],
    committed: Mapping[str, bool],
    gates: Mapping[str, GateState],
    segment_states: Mapping[str, str],
) -> Steps:
    """Say what is next.

    `committed` holds each committed transition and whether it was reached. A gate is armed when
    what leads to it is committed and reached; an unreached one is passed by. A segment is ready
    when it has no state yet, its gates are released or passed by, and all it reads is committed.
    """
    arm = tuple(
        name
        for name, vertex in graph.vertices.items()
        if vertex.gate and name not in gates and gate_reached(graph, name, committed)
    )
    ready = tuple(
        segment.name
        for segment in segments
        if segment.name not in segment_states
        and all(transition in committed for transition in segment.inputs)
        and all(_passed(graph, gate, committed, gates) for gate in segment.gates)
    )
    finished = all(transition in committed for transition in graph.transitions)
    return Steps(arm=() if finished else arm, ready=ready, finished=finished)


def gate_reached(graph: Graph, gate: str, committed: Mapping[str, bool]) -> bool | None:
    """Whether the path came to `gate`; None while that is not known yet.

    A delivery is reached when its plan is; a wait when any of its inputs is. What it merely follows
    (`after`) must be committed, reached or not.
    """
    vertex = graph[gate]
    if vertex.channel:
        return committed.get(vertex.plan)
    followed = (t for name in vertex.after for t in (graph[name].outputs or (name,)))
    if any(t not in committed for t in (*vertex.reads, *followed)):
        return None
    return not vertex.disabled and any(committed[transition] for transition in vertex.inputs)


def _passed(
    graph: Graph, gate: str, committed: Mapping[str, bool], gates: Mapping[str, GateState]
) -> bool:
    if gate in gates:
        return gates[gate] == "released"
    return gate_reached(graph, gate, committed) is False
