"""The graph of a campaign: its activities in order, and the transitions between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from campanile.activities import activity_type
from campanile.activities.base import ActivityConfig
from campanile.catalog.names import split_reference, table_name


@dataclass(frozen=True)
class Vertex:
    """An activity in the graph: what it reads, what it follows, what it gives.

    A transition is written `activity` or `activity.output`. `outputs` are those it commits; one
    without outputs commits its own name. `dimension` is that of the rows it works on, `gives` that
    of the outputs with another one. A delivery also commits `activity.plan`, before it sends.
    `linked` are the transitions that its options read beside its inputs; those of its inputs that
    are `aligned` are brought to the dimension of the first.
    """

    name: str
    type: str
    inputs: tuple[str, ...]
    after: tuple[str, ...]
    outputs: tuple[str, ...]
    gate: bool = False
    channel: bool = False
    disabled: bool = False
    dimension: str | None = None
    gives: Mapping[str, str | None] = field(default_factory=dict)
    linked: tuple[str, ...] = ()
    aligned: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """All transitions it reads, each once."""
        return tuple(dict.fromkeys((*self.inputs, *self.linked)))

    @property
    def parents(self) -> tuple[str, ...]:
        """The activities it reads or follows, each once."""
        return tuple(dict.fromkeys(split_reference(ref)[0] for ref in (*self.reads, *self.after)))

    @property
    def plan(self) -> str:
        """The transition in which a delivery commits its frozen population."""
        return f"{self.name}.plan"


@dataclass(frozen=True)
class Graph:
    """All activities of a campaign, each after those it reads or follows."""

    vertices: Mapping[str, Vertex]

    def __getitem__(self, activity: str) -> Vertex:
        return self.vertices[activity]

    @property
    def order(self) -> tuple[str, ...]:
        """The activities in an order in which they can run."""
        return tuple(self.vertices)

    @property
    def transitions(self) -> tuple[str, ...]:
        """Everything an execution commits, plans of deliveries included."""
        return tuple(transition for v in self.vertices.values() for transition in committed_by(v))

    def dimension_of(self, transition: str) -> str | None:
        """The targeting dimension of the rows that a transition carries; None: of none yet."""
        vertex = self.vertices[split_reference(transition)[0]]
        return vertex.gives.get(transition, vertex.dimension)

    def unused(self) -> tuple[str, ...]:
        """The outputs that nobody reads: here rows end."""
        read = {ref for v in self.vertices.values() for ref in v.reads}
        return tuple(
            output
            for v in self.vertices.values()
            for output in v.outputs
            if output not in read and not (output == v.name and activity_type(v.type).passes_on)
        )

    def ancestors(self, activity: str) -> frozenset[str]:
        """All activities above `activity`."""
        return self._closure(activity, lambda v: v.parents)

    def descendants(self, activity: str) -> frozenset[str]:
        """All activities below `activity`."""
        children: dict[str, list[str]] = {name: [] for name in self.vertices}
        for name, vertex in self.vertices.items():
            for parent in vertex.parents:
                children[parent].append(name)
        return self._closure(activity, lambda v: children[v.name])

    def _closure(self, activity: str, step: Any) -> frozenset[str]:
        found: set[str] = set()
        waiting = list(step(self.vertices[activity]))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(step(self.vertices[name]))
        return frozenset(found)


def committed_by(vertex: Vertex) -> tuple[str, ...]:
    """The transitions an activity commits: its plan, its outputs, or its name."""
    plan = (vertex.plan,) if vertex.channel else ()
    return (*plan, *(vertex.outputs or (vertex.name,)))


def transition_table(transition: str) -> str:
    """The asset and table name of a transition: `activity`, `activity__output`."""
    return table_name(*split_reference(transition))


def build_graph(activities: Mapping[str, ActivityConfig], dimension: str | None = None) -> Graph:
    """Build the graph of activities that `check_graph` found no fault with.

    `dimension` is the one of starting activities that name none.
    """
    vertices: dict[str, Vertex] = {}
    for name in runnable_order(activities):
        config = activities[name]
        kind = activity_type(config.type)
        own = None if kind.dimensionless else getattr(config, "dimension", None) or dimension
        above = Graph(vertices).dimension_of(config.from_[0]) if config.from_ else own
        vertices[name] = Vertex(
            name=name,
            type=config.type,
            inputs=tuple(config.from_),
            after=tuple(config.after),
            outputs=outputs_of(name, config),
            gate=kind.gate,
            channel=kind.channel is not None,
            disabled=config.disabled,
            dimension=above,
            gives={
                _transition(name, output): dimension if of == "" else of
                for output, of in kind.gives(config).items()
            },
            linked=tuple(config.links_from().values()),
            aligned=tuple(getattr(config, "align", None) or ()),
        )
    return Graph(vertices)


def outputs_of(name: str, config: ActivityConfig) -> tuple[str, ...]:
    """The transitions that leave an activity, the main one by the bare name."""
    outputs = activity_type(config.type).outputs(config)
    return tuple(_transition(name, output) for output in outputs)


def _transition(activity: str, output: str) -> str:
    return f"{activity}.{output}" if output else activity


def parents_of(config: ActivityConfig, activities: Mapping[str, ActivityConfig]) -> list[str]:
    """The activities that `config` reads or follows, as far as they exist."""
    references = (*config.from_, *config.links_from().values(), *config.after)
    found = (split_reference(reference)[0] for reference in references)
    return [name for name in dict.fromkeys(found) if name in activities]


def runnable_order(activities: Mapping[str, ActivityConfig]) -> list[str]:
    """Each activity after its parents, otherwise in the order of the file; leaves out cycles."""
    missing = {name: set(parents_of(config, activities)) for name, config in activities.items()}
    done: list[str] = []
    ready = True
    while ready:
        ready = False
        for name in activities:
            if name in missing and not missing[name]:
                del missing[name]
                for parents in missing.values():
                    parents.discard(name)
                done.append(name)
                ready = True
    return done
