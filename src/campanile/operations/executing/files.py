"""Files that an activity works on: brought before it runs, told about in what it commits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from campanile.activities.base import ActivityConfig
from campanile.activities.load_file import LoadFile
from campanile.activities.transfer_file import TransferFile
from campanile.campaigns.graph import Vertex
from campanile.operations.executing.data import BoundData
from campanile.operations.executing.file_loads import load_files
from campanile.operations.executing.file_transfers import bind_transfer, transfer
from campanile.operations.executing.segment_run import SegmentRun
from campanile.store.manifest_rows import ManifestRow
from campanile.store.manifests import Effect


@dataclass(frozen=True)
class BroughtFiles:
    """Details for the outputs of an activity, and what is committed with them."""

    details: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()


def bring_files(
    run: SegmentRun,
    data: BoundData,
    vertex: Vertex,
    config: ActivityConfig,
    committed: Mapping[str, ManifestRow],
    *,
    reached: bool,
) -> BroughtFiles:
    """Load or transfer the files of an activity and bind its tables; nothing for other types."""
    if isinstance(config, LoadFile):
        loaded = load_files(run, data, vertex, config, committed, reached=reached)
        return BroughtFiles(_by_transition(vertex, loaded.details), loaded.deletions)
    if isinstance(config, TransferFile):
        found = transfer(run, vertex, config, reached=reached)
        bind_transfer(data, vertex.name, found)
        return BroughtFiles(_by_transition(vertex, found.details))
    return BroughtFiles()


def _by_transition(
    vertex: Vertex, details: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    return {
        f"{vertex.name}.{output}" if output else vertex.name: facts
        for output, facts in details.items()
    }
