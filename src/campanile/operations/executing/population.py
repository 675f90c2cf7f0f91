"""The population of a delivery: who is written to, where, and with which values of the template."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from campanile.activities.context import ActivityContext
from campanile.activities.email import Email
from campanile.activities.parts import computed
from campanile.campaigns.references_check import dimension_of_person
from campanile.catalog.entities import Catalog, Dimension
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.messages import Recipient
from campanile.errors import DefinitionError
from campanile.operations.authoring.templates import allowed_names, compile_message, thaw_templates
from campanile.operations.executing.data import BoundData
from campanile.operations.executing.effects import text_context
from campanile.operations.executing.row_places import ROW_PLACE, with_place
from campanile.operations.executing.segment_run import SegmentRun
from campanile.relations.feedback import key_text as joined_key
from campanile.relations.joins import merge_joins
from campanile.relations.relation import Relation
from campanile.relations.row_keys import key_text
from campanile.relations.rules import compile_value
from campanile.relations.scope import EntityTable, Scope
from campanile.relations.sql import ROW, column
from campanile.relations.types import Type
from campanile.relations.values import Compiled, Order

ROW_KEY = "row_key__"
_PERSON = "person__"
_ADDRESS = "address__"
_LANGUAGE = "language__"
_FIELD = "field__"


@dataclass(frozen=True)
class Recipients:
    """The population of a delivery in the order of its keys, read once from the engine."""

    data: BoundData
    relation: Relation
    content: FrozenContent
    names: tuple[str, ...]
    zone: ZoneInfo

    def __iter__(self) -> Iterator[Recipient]:
        schema = self.relation.schema
        for batch in self.data.session.batches(self.relation):
            columns = {name: batch.column(name).to_pylist() for name in schema}
            fields = [columns[f"{_FIELD}{number}"] for number in range(len(self.names))]
            types = [schema[f"{_FIELD}{number}"] for number in range(len(self.names))]
            fixed = [columns[name] for name in (ROW_KEY, _PERSON, _ADDRESS, _LANGUAGE)]
            for row_key, person, address, language, *values in zip(*fixed, *fields, strict=True):
                yield Recipient(
                    person=person or row_key,
                    row_key=row_key,
                    address=address,
                    language=language,
                    fields=self._fields(values, types),
                )

    def _fields(self, values: Sequence[Any], types: Sequence[Type]) -> dict[str, Any]:
        """Values under the names of the template, a path such as `store.name` nested."""
        fields: dict[str, Any] = {}
        for name, value, type_ in zip(self.names, values, types, strict=True):
            *path, last = name.split(".")
            place = fields
            for step in path:
                place = place.setdefault(step, {})
            place[last] = plain_value(value, type_, self.zone)
        return fields


def plain_value(value: Any, type_: Type, zone: ZoneInfo) -> Any:
    """A value as templates take it: lists of maps, dates as text, times local to the campaign."""
    if value is None:
        return None
    if type_ is Type.LINES:
        return json.loads(value)
    if isinstance(value, datetime):
        local = value.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone)
        return local.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def read_population(
    run: SegmentRun, data: BoundData, context: ActivityContext, config: Email, rows: Relation
) -> Recipients:
    """Who a message is for: the rows of a plan with address, language and the values it names."""
    dimension = context.dimension
    if dimension is None:
        raise DefinitionError("a message needs rows of a targeting dimension.")
    if config.per == "recipient" and dimension.recipient:
        raise DefinitionError("`per: recipient` on a dimension of its own is not built yet.")
    content = _compile(run, config, dimension, rows)
    scope = data.scope(context.inputs[0].relation, dimension)
    over = scope.over(rows.schema, rows.source)
    wanted: dict[str, Compiled] = {
        _PERSON: person_key(run.project.catalog, data.tables, dimension, over),
        _ADDRESS: compile_value(_address(run, config, dimension), over),
        _LANGUAGE: compile_value(config.language or dimension.language or "''", over),
    }
    names = _names(content)
    for number, name in enumerate(names):
        wanted[f"{_FIELD}{number}"] = compile_value(_path(name, dimension), over)
    placed = with_place(rows, ROW_KEY, [name for name in rows.schema if name != ROW_KEY])
    derived = placed.derive(wanted).select([ROW_KEY, ROW_PLACE, *wanted])
    order = [Order(key_text([ROW_KEY])), Order(computed(column(ROW_PLACE, ROW), Type.INTEGER))]
    ordered = Relation(derived.query, derived.schema, (ROW_KEY,)).in_order(order)
    return Recipients(data, ordered, content, names, data.moment.timezone)


def _names(content: FrozenContent) -> tuple[str, ...]:
    """The columns and paths that any language of the content needs."""
    return tuple(sorted({name for one in content.contents.values() for name in one.names}))


def _path(name: str, dimension: Dimension) -> str:
    """A template's name as a rule: `recipient` is the link to the person."""
    if name.startswith("recipient.") and dimension.recipient:
        return f"{dimension.recipient}{name.removeprefix('recipient')}"
    return name


def person_key(
    catalog: Catalog, tables: Mapping[str, EntityTable], dimension: Dimension, over: Scope
) -> Compiled:
    """The text of the person's key: the row's own, or that at the end of the recipient link."""
    if not dimension.recipient:
        return key_text([ROW_KEY])
    person = dimension_of_person(catalog, dimension)
    if person is None:
        raise DefinitionError(f"dimension '{dimension.name}': no dimension is its recipient.")
    key = tables[person.entity].key
    parts = [compile_value(f"{dimension.recipient}.{column}", over) for column in key]
    tree = joined_key([part.tree for part in parts])
    return Compiled(tree, tree, Type.TEXT, merge_joins(part.joins for part in parts))


def _address(run: SegmentRun, config: Email, dimension: Dimension) -> str:
    """The rule that gives the address: the message's, the dimension's, or its recipient's."""
    if config.address is not None:
        return config.address
    if "email" in dimension.addresses:
        return dimension.addresses["email"]
    person = dimension_of_person(run.project.catalog, dimension)
    if person is None or "email" not in person.addresses:
        raise DefinitionError(f"dimension '{dimension.name}' has no e-mail address.")
    return f"{dimension.recipient}.{person.addresses['email']}"


def _compile(run: SegmentRun, config: Email, dimension: Dimension, rows: Relation) -> FrozenContent:
    columns = {name: type_ for name, type_ in rows.schema.items() if name != ROW_KEY}
    return compile_message(
        run.project,
        config,
        thaw_templates(run.project, run.execution.campaign, run.execution.version),
        allowed=allowed_names(run.project.catalog, dimension, columns),
        date=run.project.clock(),
        constants=text_context(run),
    )
