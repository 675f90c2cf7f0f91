"""Memory: whom earlier executions of a query took in, and the note that this one takes some in."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from campanile.activities.base import ActivityConfig
from campanile.activities.context import Remembered
from campanile.activities.incremental_query import IncrementalQuery
from campanile.campaigns.former_names import names_of
from campanile.campaigns.graph import Vertex
from campanile.operations.executing.data import BoundData, bind_input
from campanile.operations.executing.incoming import consume_incoming
from campanile.operations.executing.segment_run import SegmentRun
from campanile.operations.feedback.parquet_pages import write_pages
from campanile.relations.relation import Relation
from campanile.relations.row_keys import with_key_text
from campanile.relations.types import Schema, Type
from campanile.store.consumed import NO_EVENT, Commit, Consumed
from campanile.store.manifest_rows import ManifestRow
from campanile.store.takings import Taking, Takings
from campanile.warehouse.sources import ParquetFiles
from campanile.warehouse.warehouse import WrittenTable

_KEYS: Schema = {"person": Type.TEXT}
_BATCH = 5_000

Written = Mapping[str, tuple[WrittenTable | None, str]]


@dataclass(frozen=True)
class Recall:
    """What an activity is told of earlier executions, and what its commit makes sure of."""

    remembered: Remembered | None = None
    effects: tuple[Takings, ...] = ()


@contextmanager
def recalled(
    run: SegmentRun, data: BoundData, vertex: Vertex, config: ActivityConfig
) -> Iterator[Recall]:
    """The memory of an incremental query as a table, while it runs; nothing for other activities.

    Read when the query runs and not when its segment was pinned, so that a repeat sees whom
    another execution took in meanwhile. A test execution reads it too, and changes nothing.
    """
    if not isinstance(config, IncrementalQuery):
        yield Recall()
        return
    memory = names_of(run.compiled.campaign, vertex.name)
    settling = _settling(run, config)
    own = run.execution.id if run.mode == "live" else 0
    seen = run.project.store.takings.seen(memory, settling, besides=own)
    effects = (seen,) if run.mode == "live" else ()
    if config.since is not None:
        yield Recall(Remembered((), seen.until), effects)
        return
    folder = run.project.lake.work_directory(
        run.execution.campaign, run.execution.key, f"{vertex.name}__memory"
    )
    pages = run.project.store.consumed.remembered(memory, _oldest(run, config))
    path = write_pages(pages, _KEYS, folder, f"keys-{uuid4().hex}")
    try:
        name = f"memory__{vertex.name}"
        data.session.bind(name, ParquetFiles((str(path),), pinned=True), _KEYS)
        known = [Relation.table(name, _KEYS, ()), *_in_hand(data, vertex, seen.open)]
        yield Recall(Remembered(tuple(known)), effects)
    finally:
        path.unlink(missing_ok=True)


def remember(
    run: SegmentRun,
    data: BoundData,
    vertex: Vertex,
    committed: Mapping[str, ManifestRow],
    written: Written,
) -> None:
    """Write down whom this activity settles; they count once its transition is committed."""
    if run.mode != "live":
        return
    if vertex.type == "incoming":
        consume_incoming(run, vertex.name)
    campaign = run.compiled.campaign
    for name, config in campaign.activities.items():
        if not isinstance(config, IncrementalQuery) or config.since is not None:
            continue
        if (config.remember_after or name) == vertex.name:
            keys = _settled(run, data, vertex, name, committed, written)
            commit = Commit(run.execution.id, _first_output(vertex), run.attempt)
            run.project.store.consumed.add(campaign.name, name, commit, _rows(data, keys))


def _settling(run: SegmentRun, config: IncrementalQuery) -> Sequence[str]:
    """The transitions that say that an execution has settled whom it took in."""
    if config.remember_after is None:
        return ()
    output = _first_output(run.compiled.graph[config.remember_after]).partition(".")[2]
    names = {name for _, name in names_of(run.compiled.campaign, config.remember_after)}
    return tuple(sorted(f"{name}.{output}" if output else name for name in names))


def _first_output(vertex: Vertex) -> str:
    return next(iter(vertex.outputs), vertex.name)


def _oldest(run: SegmentRun, config: IncrementalQuery) -> datetime | None:
    if config.remember is None:
        return None
    assert isinstance(config.remember, timedelta)  # parameters are replaced by their values
    return datetime.fromisoformat(run.pins["now"]) - config.remember


def _in_hand(data: BoundData, vertex: Vertex, takings: Sequence[Taking]) -> Iterator[Relation]:
    """The keys that executions under way have taken in and not settled yet."""
    for number, taking in enumerate(takings):
        name = f"taken__{vertex.name}__{number}"
        schema = {column: Type(word) for column, word in taking.schema.items()}
        data.session.bind(name, ParquetFiles((taking.path,), pinned=True), schema)
        rows = Relation.table(name, schema, tuple(schema))
        yield with_key_text(rows, tuple(schema), "person").select(["person"])


def _settled(
    run: SegmentRun,
    data: BoundData,
    vertex: Vertex,
    query: str,
    committed: Mapping[str, ManifestRow],
    written: Written,
) -> Relation:
    """The rows of `query` that this activity has done with.

    A delivery has done with all it planned but those it failed for: a message that is retried late,
    or is uncertain, is in no output and may still arrive. Others with what left by any output.
    """
    dimension = run.project.catalog.dimensions[str(run.compiled.graph[query].dimension)]
    key = data.tables[dimension.entity].key
    tables = {
        name: _bound(data, f"settled__{number}", table, key)
        for number, (name, (table, _)) in enumerate(written.items())
        if table is not None
    }
    if query == vertex.name:
        return tables[query]
    taken = bind_input(data.session, committed[query], key).select(key)
    on = {column: column for column in key}
    failed = tables.pop(f"{vertex.name}.failed", None)
    if not vertex.channel:
        left = [table.select(key) for table in tables.values()]
        return taken.semi(left[0].union(left[1:]), on)
    planned = taken.semi(bind_input(data.session, committed[vertex.plan], key), on)
    return planned if failed is None else planned.anti(failed, on)


def _bound(data: BoundData, name: str, table: WrittenTable, key: tuple[str, ...]) -> Relation:
    data.session.bind(name, ParquetFiles((str(table.path),), pinned=True), table.schema)
    return Relation.table(name, table.schema, key)


def _rows(data: BoundData, keys: Relation) -> Iterator[Consumed]:
    people = with_key_text(keys, keys.key, "person").select(["person"])
    for batch in data.session.batches(people, _BATCH):
        for person in batch.column(0).to_pylist():
            yield Consumed(NO_EVENT, str(person))
