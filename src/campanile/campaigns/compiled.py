"""A campaign version as it is stored: definition, graph and segments, whole and for good.

A waiting execution goes on with what was compiled when its version was applied, so an upgrade of
the product does not move its gates or segments.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from campanile.activities.options import Options
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.filter_file import FilterFile
from campanile.campaigns.filters import filters_called
from campanile.campaigns.graph import Graph, Vertex, build_graph
from campanile.campaigns.reach import entities_read
from campanile.campaigns.segments import Segment, segments
from campanile.errors import Refused

LANGUAGE_VERSION: Final = 1  # of the rule language and of this JSON


@dataclass(frozen=True)
class CompiledVersion:
    """What a run needs to know about a campaign."""

    campaign: Campaign
    graph: Graph
    segments: tuple[Segment, ...]
    language_version: int = LANGUAGE_VERSION
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # entities, by activity
    filters: Mapping[str, FilterFile] = field(default_factory=dict)  # those called, as they were

    def segment(self, name: str) -> Segment:
        """Return the segment `name`; raises `Refused` listing those there are."""
        for segment in self.segments:
            if segment.name == name:
                return segment
        known = ", ".join(segment.name for segment in self.segments)
        raise Refused(f"there is no segment '{name}'.", remedy=f"There is: {known}.")


def compile_campaign(campaign: Campaign, definitions: Definitions) -> CompiledVersion:
    """Compile a campaign that loaded without faults."""
    default = definitions.catalog.default_dimension
    graph = build_graph(
        campaign.activities, campaign.dimension or (default.name if default else None)
    )
    reads = entities_read(campaign, graph, definitions)
    called = filters_called(definition_json(campaign), definitions.filters)
    return CompiledVersion(campaign, graph, segments(graph), reads=reads, filters=called)


def to_json(compiled: CompiledVersion) -> str:
    """Write a compiled version; equal versions give equal texts."""
    content = {
        "language_version": compiled.language_version,
        "campaign": definition_json(compiled.campaign),
        "graph": [asdict(vertex) for vertex in compiled.graph.vertices.values()],
        "segments": [asdict(segment) for segment in compiled.segments],
        "reads": {name: list(entities) for name, entities in compiled.reads.items()},
    }
    if compiled.filters:
        content["filters"] = {name: _plain(file) for name, file in compiled.filters.items()}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> CompiledVersion:
    """Read a compiled version; raises `Refused` for one of a newer product."""
    content: dict[str, Any] = json.loads(text)
    version = int(content["language_version"])
    if version > LANGUAGE_VERSION:
        raise Refused(
            f"the campaign version was compiled with language version {version}; this product"
            f" reads up to {LANGUAGE_VERSION}.",
            remedy="Upgrade the product.",
        )
    vertices = [Vertex(**_tuples(vertex)) for vertex in content["graph"]]
    return CompiledVersion(
        campaign=Campaign.model_validate(content["campaign"]),
        graph=Graph({vertex.name: vertex for vertex in vertices}),
        segments=tuple(Segment(**_tuples(segment)) for segment in content["segments"]),
        language_version=version,
        reads=_tuples(content.get("reads", {})),
        filters={
            name: FilterFile.model_validate(file)
            for name, file in content.get("filters", {}).items()
        },
    )


def definition_json(campaign: Campaign) -> dict[str, Any]:
    """The definition as plain values, with every default written out."""
    return _plain(campaign)


def _plain(options: Options) -> dict[str, Any]:
    return options.model_dump(mode="json", by_alias=True, exclude_none=True)


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
