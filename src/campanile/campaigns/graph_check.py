"""What is wrong with the graph of a campaign: unknown inputs, cycles, mixed dimensions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from campanile.activities import activity_type
from campanile.activities.base import ActivityConfig, ActivityType
from campanile.campaigns.graph import Graph, outputs_of, parents_of, runnable_order
from campanile.catalog.names import split_reference
from campanile.relations.parse import did_you_mean

MOST_CHANNELS: Final = 10


@dataclass(frozen=True)
class GraphFault:
    """Something wrong with the graph; `path` leads to it from the campaign."""

    path: tuple[str | int, ...]
    message: str
    remedy: str = ""
    code: str = "graph"
    severity: Literal["error", "warning"] = "error"


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
    for name in runnable_order(activities):
        config = activities[name]
        references = (*config.from_, *config.links_from().values(), *config.after)
        sources = [split_reference(reference)[0] for reference in references]
        if name not in faulty and all(source in sound for source in sources):
            sound[name] = config
    return {name: config for name, config in activities.items() if name in sound}


def check_dimensions(graph: Graph) -> list[GraphFault]:
    """Refuse sets of different dimensions together, and rows of none where one is needed."""
    faults = []
    for vertex in graph.vertices.values():
        found = [graph.dimension_of(reference) for reference in vertex.inputs]
        if None in found and activity_type(vertex.type).needs_dimension:
            reference = vertex.inputs[found.index(None)]
            message = f"the rows of `{reference}` stand for nothing yet; {vertex.type} needs more."
            remedy = "Give them a targeting dimension with `reconciliation` first."
            faults.append(GraphFault(("activities", vertex.name, "from"), message, remedy))
            continue
        for number, dimension in enumerate(found):
            aligned = vertex.inputs[number] in vertex.aligned
            if dimension != found[0] and vertex.type != "end" and not aligned:
                message = (
                    f"`{vertex.inputs[number]}` has {_named(dimension)},"
                    f" the first set {_named(found[0])}."
                )
                path = ("activities", vertex.name, "from", number)
                faults.append(GraphFault(path, message, "Sets of one dimension go together."))
    return faults


def _named(dimension: str | None) -> str:
    return f"the dimension {dimension}" if dimension else "no dimension"


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
    for option, reference in config.links_from().items():
        yield from _check_reference(reference, (*path, *option), activities, lost)


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


def _cycles(activities: Mapping[str, ActivityConfig]) -> Iterator[GraphFault]:
    """Name one cycle of each tangle of activities that can never run."""
    left = set(activities) - set(runnable_order(activities))
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
        above = [parent for parent in parents_of(activities[name], activities) if parent in left]
        if not above:
            return ()
        name = above[0]
    cycle = list(reversed(way[way.index(name) :]))
    first = min(range(len(cycle)), key=lambda place: list(activities).index(cycle[place]))
    return (*cycle[first:], *cycle[:first])
