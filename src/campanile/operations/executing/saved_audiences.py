"""Saving an audience: the new rows take over, are added, or renew those that are there."""

from campanile.activities.effects import SaveAudience
from campanile.campaigns.graph import Vertex
from campanile.catalog.scopes import audience_table_name
from campanile.errors import DefinitionError, Refused
from campanile.operations.executing.segment_run import SegmentRun
from campanile.relations.relation import Relation
from campanile.relations.types import Type
from campanile.store.audiences import AudienceVersion, NewAudienceVersion
from campanile.warehouse.sources import ParquetFiles
from campanile.warehouse.warehouse import Session


def new_audience_version(
    run: SegmentRun, session: Session, vertex: Vertex, effect: SaveAudience, name: str
) -> NewAudienceVersion:
    """Write the rows that the audience `name` has from this commit on.

    They are made from its version of now, not of the segment's start: who saved meanwhile is kept.
    """
    if vertex.dimension is None:
        raise DefinitionError("rows without a targeting dimension cannot be saved as an audience.")
    current = run.project.store.audiences.current([name]).get(name)
    rows = effect.relation
    if current is not None and effect.mode != "replace":
        _require_same_identity(current, effect)
        rows = _merged(_bound(session, current, effect.identity), rows, effect)
    expected = current.version if current else 0
    directory = run.project.warehouse.audience_directory(name, expected + 1)
    table = session.write(rows, directory)
    return NewAudienceVersion(
        audience=name,
        dimension=vertex.dimension,
        expected=expected,
        paths=[str(table.path)],
        rows=table.rows,
        schema={column: type_.value for column, type_ in table.schema.items()},
        execution_id=run.execution.id,
        activity=vertex.name,
        attempt=run.attempt,
        merge_policy=run.compiled.campaign.merge_policy,
        identity=effect.identity,
    )


def _bound(session: Session, current: AudienceVersion, identity: tuple[str, ...]) -> Relation:
    name = f"{audience_table_name(current.audience)}__current"
    schema = {column: Type(word) for column, word in current.schema.items()}
    session.bind(name, ParquetFiles(tuple(current.paths), pinned=True), schema)
    return Relation.table(name, schema, identity)


def _merged(current: Relation, new: Relation, effect: SaveAudience) -> Relation:
    """All rows of both by their identity: `append` keeps the old of two, `update` the new one.

    A column that only one side has is empty in the other's rows; an updated row keeps those that
    the new one lacks.
    """
    _require_same_types(current, new, effect.audience)
    on = {column: column for column in effect.identity}
    lacking = {column: column for column in current.schema if column not in new.schema}
    if effect.mode == "update":
        fresh = new.join_one(current, on, lacking) if lacking else new
        kept = current.anti(new, on)
    else:
        fresh, kept = new.anti(current, on), current
    added = [column for column in fresh.schema if column not in current.schema]
    columns = [*current.schema, *added]
    return fresh.union([kept]).select(columns)


def _require_same_identity(current: AudienceVersion, effect: SaveAudience) -> None:
    known = tuple(current.identity or effect.identity)
    if known != effect.identity:
        raise Refused(
            f"rows of audience '{current.audience}' are known by {', '.join(known)}, the new ones "
            f"by {', '.join(effect.identity)}.",
            remedy="Give both the same `identity`, or write it anew with `mode: replace`.",
        )


def _require_same_types(current: Relation, new: Relation, audience: str) -> None:
    for column, type_ in new.schema.items():
        known = current.schema.get(column, type_)
        if known != type_:
            raise Refused(
                f"column '{column}' of audience '{audience}' is {known}, the new one is {type_}.",
                remedy="Save it under another name, or write it anew with `mode: replace`.",
            )
