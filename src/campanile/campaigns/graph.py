"""The graph of a campaign: transitions, order, dimensions, and what is wrong with them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from campanile.activities import activity_type
from campanile.activities.base import ActivityConfig, ActivityType
from campanile.catalog.names import split_reference, table_name
from campanile.relations.parse import did_you_mean

MOST_CHANNELS: Final = 10


@dataclass(frozen=True)
class GraphFault:
    """Something wrong with the graph; `path` leads to it from the campaign."""

    path: tuple[str | int, ...]
    message: str
    remedy: str = ""
    code: str = "graph"


@dataclass(frozen=True)
class Vertex:
    """An activity in the graph: what it reads, what it follows, what it gives.

    A transition is written `activity` or `activity.output`. `outputs` are those it commits; one
    without outputs commits its own name. A delivery also commits `activity.plan`, before it sends.
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

    @property
    def parents(self) -> tuple[str, ...]:
        """The activities it reads or follows, each once."""
        return tuple(dict.fromkeys(split_reference(ref)[0] for ref in (*self.inputs, *self.after)))

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

    def consumers(self, transition: str) -> tuple[str, ...]:
        """The activities that read `transition`."""
        return tuple(name for name, v in self.vertices.items() if transition in v.inputs)

    def unused(self) -> tuple[str, ...]:
        """The outputs that nobody reads: here rows end."""
        read = {ref for v in self.vertices.values() for ref in v.inputs}
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
    for name in _in_order(activities):
        config = activities[name]
        kind = activity_type(config.type)
        own = getattr(config, "dimension", None) or dimension
        above = vertices[split_reference(config.from_[0])[0]].dimension if config.from_ else own
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
        )
    return Graph(vertices)


def outputs_of(name: str, config: ActivityConfig) -> tuple[str, ...]:
    """The transitions that leave an activity, the main one by the bare name."""
    outputs = activity_type(config.type).outputs(config)
    return tuple(f"{name}.{output}" if output else name for output in outputs)


def check_graph(
    activities: Mapping[str, ActivityConfig], unknown: Iterable[str] = ()
) -> list[GraphFault]:
    """List everything wrong with the graph; `unknown` are activities that could not be read."""
    faults: list[GraphFault] = []
    lost = set(unknown)
    for name, config in activities.items():
        faults += _check_inputs(name, config, activities, lost)
        faults += _check_after(name, config, activities, lost)
        faults += _check_outputs(name, config)
    channels = [n for n, c in activities.items() if activity_type(c.type).channel]
    if len(channels) > MOST_CHANNELS:
        message = f"the campaign has {len(channels)} channel activities; {MOST_CHANNELS} at most."
        faults.append(GraphFault(("activities", channels[MOST_CHANNELS]), message))
    faults += _cycles(activities)
    return faults


def sound_activities(
    activities: Mapping[str, ActivityConfig], faults: Iterable[GraphFault]
) -> dict[str, ActivityConfig]:
    """The activities without a fault of the graph, in them or above them."""
    faulty = {fault.path[1] for fault in faults if fault.path[0] == "activities"}
    sound: dict[str, ActivityConfig] = {}
    for name in _in_order(activities):
        config = activities[name]
        sources = [split_reference(reference)[0] for reference in (*config.from_, *config.after)]
        if name not in faulty and all(source in sound for source in sources):
            sound[name] = config
    return {name: config for name, config in activities.items() if name in sound}


def check_dimensions(graph: Graph) -> list[GraphFault]:
    """Refuse sets of different dimensions brought together."""
    faults = []
    for vertex in graph.vertices.values():
        found = [graph[split_reference(ref)[0]].dimension for ref in vertex.inputs]
        for number, dimension in enumerate(found):
            if dimension != found[0] and vertex.type != "end":
                message = (
                    f"`{vertex.inputs[number]}` has the dimension {dimension},"
                    f" the first set {found[0]}."
                )
                path = ("activities", vertex.name, "from", number)
                faults.append(GraphFault(path, message, "Sets of one dimension go together."))
    return faults


def _check_inputs(
    name: str, config: ActivityConfig, activities: Mapping[str, ActivityConfig], lost: set[str]
) -> Iterator[GraphFault]:
    kind, path = activity_type(config.type), ("activities", name)
    if kind.starts and config.from_:
        message = f"{config.type} starts a population and takes no rows."
        yield GraphFault((*path, "from"), message, "Use `after` for order, or a `filter`.")
        return
    if not kind.starts and not config.from_:
        message = f"{config.type} works on rows and needs `from`."
        yield GraphFault(path, message, "Name the transition that brings them.")
    if len(config.from_) > 1 and not kind.many_inputs:
        message = f"{config.type} takes rows from one transition."
        yield GraphFault((*path, "from"), message, "Bring them together with `combine` first.")
    for number, reference in enumerate(config.from_):
        place = (*path, "from", number) if len(config.from_) > 1 else (*path, "from")
        yield from _check_reference(reference, place, activities, lost)


def _check_reference(
    reference: str,
    path: tuple[str | int, ...],
    activities: Mapping[str, ActivityConfig],
    lost: set[str],
) -> Iterator[GraphFault]:
    source, output = split_reference(reference)
    if source in lost:
        return
    if source not in activities:
        message = f"there is no activity `{source}`."
        known = [*activities, *lost]
        yield GraphFault(path, message, did_you_mean(source, known), "unknown_input")
        return
    outputs = outputs_of(source, activities[source])
    if reference in outputs:
        return
    kind = activity_type(activities[source].type)
    if not outputs:
        yield GraphFault(path, f"nothing leaves `{source}`, an {kind.name}.", "", "unknown_input")
    elif not output:
        remedy = f"Name one: {', '.join(outputs)}."
        message = f"`{source}`, a {kind.name}, has no main output."
        yield GraphFault(path, message, remedy, "unknown_output")
    else:
        known = [split_reference(each)[1] or source for each in outputs]
        message = f"`{source}` has no output `{output}`."
        yield GraphFault(path, message, did_you_mean(output, known), "unknown_output")


def _check_after(
    name: str, config: ActivityConfig, activities: Mapping[str, ActivityConfig], lost: set[str]
) -> Iterator[GraphFault]:
    for number, reference in enumerate(config.after):
        path = ("activities", name, "after", number)
        source, output = split_reference(reference)
        if output:
            message = f"`after` names activities, not outputs: `{source}`."
            yield GraphFault(path, message)
        elif source not in activities and source not in lost:
            message = f"there is no activity `{source}`."
            remedy = did_you_mean(source, activities)
            yield GraphFault(path, message, remedy, "unknown_input")


def _check_outputs(name: str, config: ActivityConfig) -> Iterator[GraphFault]:
    """No output of the author's may bear a name that the type has already, nor two the same."""
    kind: ActivityType = activity_type(config.type)
    outputs = kind.outputs(config)
    reserved = set(kind.own_outputs)
    given = [output for output in outputs if output and output not in reserved]
    for output in (o for o in (getattr(config, "complement", None),) if o in reserved):
        message = f"{config.type} has an output `{output}` already."
        yield GraphFault(("activities", name, "complement"), message, "Choose another name.")
    for output in sorted({o for o in given if given.count(o) > 1}):
        yield GraphFault(("activities", name), f"two outputs are named `{output}`.")
    for output in config.labels:
        if output not in outputs:
            message = f"`{name}` has no output `{output}`."
            remedy = did_you_mean(output, [o for o in outputs if o])
            yield GraphFault(("activities", name, "labels", output), message, remedy)


def _parents(config: ActivityConfig, activities: Mapping[str, ActivityConfig]) -> list[str]:
    found = (split_reference(reference)[0] for reference in (*config.from_, *config.after))
    return [name for name in dict.fromkeys(found) if name in activities]


def _in_order(activities: Mapping[str, ActivityConfig]) -> list[str]:
    """Each activity after its parents, otherwise in the order of the file; leaves out cycles."""
    missing = {name: set(_parents(config, activities)) for name, config in activities.items()}
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


def _cycles(activities: Mapping[str, ActivityConfig]) -> Iterator[GraphFault]:
    """Name one cycle of each tangle of activities that can never run."""
    left = set(activities) - set(_in_order(activities))
    while left:
        cycle = _cycle_through(next(name for name in activities if name in left), activities, left)
        if cycle:
            way = " → ".join([*cycle, cycle[0]])
            path = ("activities", cycle[0])
            yield GraphFault(path, f"activities wait for each other: {way}.", code="cycle")
        left -= set(cycle) or left


def _cycle_through(
    start: str, activities: Mapping[str, ActivityConfig], left: set[str]
) -> Sequence[str]:
    """Walk upwards inside `left` until an activity comes again; give the round in reading order."""
    way: list[str] = []
    name = start
    while name not in way:
        way.append(name)
        above = [parent for parent in _parents(activities[name], activities) if parent in left]
        if not above:
            return ()
        name = above[0]
    cycle = list(reversed(way[way.index(name) :]))
    first = min(range(len(cycle)), key=lambda place: list(activities).index(cycle[place]))
    return (*cycle[first:], *cycle[:first])
