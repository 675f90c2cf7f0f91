"""Previews: exact counts and a few masked rows of working tables, committed or rehearsed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from campanile.activities.context import ROW_NUMBER
from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.reach import working_tables
from campanile.catalog.scopes import Moment, build_scope
from campanile.errors import Refused
from campanile.operations.authoring.versions import get_version
from campanile.operations.executing.data import bind_entities, bind_input
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.operations.rehearsing.masking import is_personal, masked_row, personal_columns
from campanile.operations.rehearsing.rehearsals import rehearsal
from campanile.people.rights import Right
from campanile.relations.parse import did_you_mean
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.scope import Scope
from campanile.relations.types import Type
from campanile.relations.values import Order
from campanile.store.manifest_rows import ManifestRow
from campanile.warehouse.warehouse import Session

_MOST_ATTRIBUTES = 6  # of the entity, shown beside the columns of the working table


@dataclass(frozen=True)
class Look:
    """Working tables to look at; `execution` None means that they were rehearsed just now."""

    compiled: CompiledVersion
    rows: Mapping[str, ManifestRow]
    execution: str | None
    version: int
    trouble: str = ""


@dataclass(frozen=True)
class PreviewedTransition:
    """One transition: its exact count, its columns, and some rows by their key, masked.

    `count` is None where a wait or delivery comes first; the columns are known all the same.
    `personal` are those of its columns that are masked.
    """

    transition: str
    count: int | None
    reached: bool
    reason: str
    schema: Mapping[str, Type]
    personal: frozenset[str]
    sample: tuple[Mapping[str, object], ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)  # what is wrong, and what to do

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "transition": self.transition,
            "rows": self.count,
            "reached": self.reached,
            "reason": self.reason or None,
            "schema": [
                {"column": name, "type": type_.value, "personal": name in self.personal}
                for name, type_ in self.schema.items()
            ],
            "sample": [dict(row) for row in self.sample],
            "faults": dict(self.faults),
        }


@requires(Right.VIEW)
@contextmanager
def looking(project: Project, campaign: str, execution: str | None) -> Iterator[Look]:
    """The committed tables of an execution, or a rehearsal of what the campaign file says now."""
    if execution is not None:
        found = project.store.executions.find(campaign, execution)
        compiled = get_version(project, campaign, found.version)
        committed = project.store.manifests.committed(found.id)
        yield Look(compiled, committed, found.key, found.version)
        return
    with rehearsal(project) as place:
        done = place.run(campaign, place.take_file(campaign))
        yield Look(done.compiled, done.rows, None, done.version, done.trouble)


def preview(
    project: Project, look: Look, activity: str | None = None, rows: int = 10
) -> list[PreviewedTransition]:
    """Count every transition; sample the rows of one activity (`activity` or `activity.output`)."""
    wanted = _wanted(look, activity)
    personal = personal_columns(project.catalog, look.compiled.campaign)
    found = []
    with project.warehouse.session() as session:
        for name, row in wanted.items():
            sample = _sample(project, session, look, row, rows) if activity and rows else []
            found.append(
                PreviewedTransition(
                    transition=name,
                    count=row.rows,
                    reached=row.reached,
                    reason=row.not_reached_reason or "",
                    schema={column: Type(word) for column, word in row.schema.items()},
                    personal=frozenset(n for n in row.schema if is_personal(n, personal)),
                    sample=tuple(masked_row(one, personal) for one in sample),
                    faults=row.details.get("fault", {}),
                )
            )
    return found if activity else [*found, *_later(project, look, personal)]


def _later(project: Project, look: Look, personal: frozenset[str]) -> Iterator[PreviewedTransition]:
    """The transitions that have no table yet, with the columns that the rules give them."""
    frozen = replace(project.definitions, filters=look.compiled.filters)
    campaign, graph = look.compiled.campaign, look.compiled.graph
    for name, relation in working_tables(campaign, graph, frozen).items():
        if name not in look.rows:
            yield PreviewedTransition(
                transition=name,
                count=None,
                reached=False,
                reason=look.trouble or "it comes after a wait or a delivery",
                schema=relation.schema,
                personal=frozenset(n for n in relation.schema if is_personal(n, personal)),
            )


def _wanted(look: Look, activity: str | None) -> dict[str, ManifestRow]:
    plans = {name for name in look.rows if name.endswith(".plan")}
    if activity is None:
        return {name: row for name, row in look.rows.items() if name not in plans}
    found = {
        name: row
        for name, row in look.rows.items()
        if name == activity or (row.activity == activity and "." not in activity)
    }
    if found:
        return found
    name = activity.partition(".")[0]
    if name not in look.compiled.graph.vertices:
        remedy = did_you_mean(name, look.compiled.graph.order)
        raise Refused(f"there is no activity '{name}'.", remedy=remedy)
    if look.trouble:
        raise Refused(look.trouble)
    known = [one for one in look.rows if one not in plans]
    raise Refused(
        f"'{activity}' has no table yet: it comes after a wait or a delivery.",
        remedy=f"There is: {', '.join(known)}." if known else "Nothing is committed yet.",
    )


def _sample(
    project: Project, session: Session, look: Look, row: ManifestRow, limit: int
) -> list[dict[str, object]]:
    if row.path is None or not row.rows:
        return []
    dimension = project.catalog.dimensions.get(
        look.compiled.graph.dimension_of(row.transition) or ""
    )
    if dimension is None:
        relation = bind_input(session, row, (ROW_NUMBER,))
        return read_rows(session, relation, limit)
    tables = bind_entities(project, session, project.store.entities.pins(project.catalog.entities))
    table = tables[dimension.entity]
    relation = bind_input(session, row, table.key)
    moment = Moment(now=project.clock(), timezone=project.timezone)
    scope = build_scope(tables, dimension, moment, relation.schema)
    shown = [n for n in table.schema if n not in relation.schema][:_MOST_ATTRIBUTES]
    relation = relation.derive({name: compile_value(name, scope) for name in shown})
    return read_rows(session, relation, limit)


def read_rows(session: Session, relation: Relation, limit: int) -> list[dict[str, object]]:
    """The first rows in the order of their key."""
    scope = Scope(columns=relation.schema)
    order = [Order(compile_value(column, scope)) for column in relation.key]
    found = session.rows(relation.limit(limit, order))
    return [dict(zip(relation.schema, values, strict=True)) for values in found]
