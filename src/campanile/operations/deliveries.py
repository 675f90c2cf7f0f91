"""A channel activity's two halves: the plan that freezes a delivery, and the outputs it leaves."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from campanile.activities.base import ActivityContext
from campanile.activities.email import Email
from campanile.campaigns.graph import Vertex, transition_table
from campanile.campaigns.references_check import dimension_of_person
from campanile.campaigns.schedule import AsapSchedule, OnceSchedule
from campanile.catalog.entities import Dimension
from campanile.deliveries.delivery import NewDelivery
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.messages import Recipient
from campanile.deliveries.settings import DeliverySettings
from campanile.errors import DefinitionError, Refused
from campanile.operations.data import BoundData, bind_input
from campanile.operations.effects import text_context
from campanile.operations.feedback import FeedbackExporter, FeedbackPins, bind_feedback
from campanile.operations.row_keys import key_text
from campanile.operations.segment_run import SegmentRun
from campanile.operations.templates import allowed_names, compile_message, thaw_templates
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.scope import MessageSource, Scope
from campanile.relations.types import Type
from campanile.relations.values import Compiled, Order
from campanile.reporting.feedback_tables import MESSAGES, MESSAGES_TABLE
from campanile.store.manifest_rows import ManifestRow
from campanile.store.planning import Planner

ROW_KEY = "row_key__"
_PERSON = "person__"
_ADDRESS = "address__"
_LANGUAGE = "language__"
_FIELD = "field__"
_ALL_ROWS = 2**53


@dataclass(frozen=True)
class Half:
    """Relations by transition (or the one of the plan), with what is to be told about them."""

    relations: Mapping[str, Relation]
    why_not: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def relation(self) -> Relation:
        """The only relation."""
        return next(iter(self.relations.values()))


def plan_delivery(
    run: SegmentRun, data: BoundData, context: ActivityContext, config: Email, why: str
) -> Half:
    """Freeze content and population of a delivery in the ledger; nothing is sent here.

    A plan that was cut off is continued. In a test, and where the path does not come, nothing is
    planned and the delivery is passed by.
    """
    rows = context.inputs[0].relation
    transition = f"{context.activity}.plan"
    kept = rows.derive({ROW_KEY: key_text(rows.key)})
    if why:
        return Half({transition: kept}, {transition: why})
    recipients = _recipients(run, data, context, config, kept)
    if run.mode == "test":
        counted = data.session.count(kept)
        facts = {"targeted": counted, "result": "TEST, nothing is planned or sent"}
        return Half({transition: kept}, {transition: "test: nothing is sent"}, {transition: facts})
    delivery = run.project.store.deliveries.create(
        _new_delivery(run, context, config, recipients.content), run.project.clock()
    )
    ledger = run.project.store.databases["ledger"]
    account = Planner(ledger, run.project.clock()).plan(delivery.id, recipients)
    details = {
        "delivery": delivery.id,
        "targeted": account.planned,
        "to send": account.waiting,
        "excluded": dict(account.excluded),
        "waits for": run.project.store.deliveries.get(delivery.id).waits_for,
    }
    return Half({transition: kept}, details={transition: details})


def delivery_outputs(run: SegmentRun, data: BoundData, vertex: Vertex, plan: ManifestRow) -> Half:
    """Who was sent, excluded (with the reason) and failed, from the ledger."""
    dimension = run.project.catalog.dimensions[str(vertex.dimension)]
    key = data.tables[dimension.entity].key
    planned = bind_input(data.session, plan, key)
    why = plan.not_reached_reason or ""
    facts: dict[str, Any] = {}
    if plan.reached:
        facts = _account(run, vertex)
        source = MessageSource(run.execution.campaign, vertex.name, run.execution.key)
        exporter = FeedbackExporter.of(run.project.store, run.project.warehouse)
        pins = exporter.export([source], watermark=0)
        bind_feedback(data.session, pins, run.project.warehouse.root)
    else:
        bind_feedback(data.session, FeedbackPins(0), run.project.warehouse.root)
    messages = Relation.table(MESSAGES_TABLE, MESSAGES, ("row_key",))
    made = {
        name: _with_state(planned, messages, state, column)
        for name, state, column in _outputs(vertex)
    }
    whys = dict.fromkeys(made, why) if why else {}
    return Half(made, whys, {vertex.name: facts})


def _outputs(vertex: Vertex) -> Iterator[tuple[str, str, str]]:
    """(transition, message state, column taken from the message)."""
    yield vertex.name, "sent", "variant"
    yield f"{vertex.name}.excluded", "excluded", "reason"
    yield f"{vertex.name}.failed", "failed", "reason"


def _with_state(planned: Relation, messages: Relation, state: str, column: str) -> Relation:
    found = messages.where(f"state = '{state}'", Scope(columns=MESSAGES)).select(
        ["row_key", column]
    )
    joined = planned.join_one(found, {ROW_KEY: "row_key"}, {f"{column}__": column}, how="inner")
    return joined.drop([ROW_KEY, *([column] if column in joined.schema else [])]).rename(
        {f"{column}__": column}
    )


def _account(run: SegmentRun, vertex: Vertex) -> dict[str, Any]:
    deliveries = run.project.store.deliveries
    delivery = deliveries.find(run.execution.campaign, run.execution.id, vertex.name)
    if delivery is None:
        raise Refused(f"the delivery of '{vertex.name}' was never planned.")
    account = deliveries.account(delivery.id)
    return {
        "delivery": delivery.id,
        "targeted": account.planned,
        "sent": account.sent,
        "excluded": dict(account.excluded),
        "failed": dict(account.failed),
        "uncertain": account.uncertain,
        "still waiting": account.waiting + account.in_flight,
        "account closes": "yes" if account.closes else "NO",
    }


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


def _recipients(
    run: SegmentRun, data: BoundData, context: ActivityContext, config: Email, rows: Relation
) -> Recipients:
    dimension = context.dimension
    if dimension is None:
        raise DefinitionError("a message needs rows of a targeting dimension.")
    if config.per == "recipient" and dimension.recipient:
        raise DefinitionError("`per: recipient` on a dimension of its own is not built yet.")
    content = _compile(run, config, dimension, rows)
    scope = data.scope(context.inputs[0].relation, dimension)
    over = scope.over(rows.schema, rows.source)
    wanted: dict[str, Compiled] = {
        _PERSON: _person(run, data, dimension, over),
        _ADDRESS: compile_value(_address(run, config, dimension), over),
        _LANGUAGE: compile_value(config.language or dimension.language or "''", over),
    }
    names = _names(content)
    for number, name in enumerate(names):
        wanted[f"{_FIELD}{number}"] = compile_value(_path(name, dimension), over)
    derived = rows.derive(wanted).select([ROW_KEY, *wanted])
    order = [Order(key_text([ROW_KEY]))]
    ordered = Relation(derived.query, derived.schema, (ROW_KEY,)).limit(_ALL_ROWS, order)
    return Recipients(data, ordered, content, names, data.moment.timezone)


def _names(content: FrozenContent) -> tuple[str, ...]:
    """The columns and paths that any language of the content needs."""
    return tuple(sorted({name for one in content.contents.values() for name in one.names}))


def _path(name: str, dimension: Dimension) -> str:
    """A template's name as a rule: `recipient` is the link to the person."""
    if name.startswith("recipient.") and dimension.recipient:
        return f"{dimension.recipient}{name.removeprefix('recipient')}"
    return name


def _person(run: SegmentRun, data: BoundData, dimension: Dimension, over: Scope) -> Compiled:
    """The text of the person's key: the row's own, or that at the end of the recipient link."""
    if not dimension.recipient:
        return key_text([ROW_KEY])
    person = dimension_of_person(run.project.catalog, dimension)
    if person is None:
        raise DefinitionError(f"dimension '{dimension.name}': no dimension is its recipient.")
    key = data.tables[person.entity].key
    parts = [f"to_text({dimension.recipient}.{column})" for column in key]
    return compile_value(f" || '{chr(31)}' || ".join(parts), over)


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


def _new_delivery(
    run: SegmentRun, context: ActivityContext, config: Email, content: FrozenContent
) -> NewDelivery:
    now = run.project.clock()
    expires = now + config.expires if isinstance(config.expires, timedelta) else None
    return NewDelivery(
        campaign=run.execution.campaign,
        version=run.execution.version,
        execution_id=run.execution.id,
        execution_key=run.execution.key,
        activity=context.activity,
        mode="live",
        content=content.to_json(),
        settings=_settings(run, config),
        content_date=now,
        expires_at=expires,
    )


def _settings(run: SegmentRun, config: Email) -> DeliverySettings:
    channels = run.project.definitions.channels
    sender = config.sender or channels.default_sender("email") or ""
    topic = channels.topics.get(config.topic) if config.topic else None
    asked = isinstance(run.compiled.campaign.schedule, AsapSchedule | OnceSchedule)
    return DeliverySettings(
        connection=channels.senders[sender].connection,
        sender=sender,
        topic=config.topic,
        topic_default=topic.default if topic else "opt_in",
        category=config.category,
        per=config.per or "recipient",
        doubt=config.doubt,
        rate=config.pace.rate,
        confirm=asked if config.confirm is None else config.confirm,
        settle_seconds=config.settle.total_seconds()
        if isinstance(config.settle, timedelta)
        else 3600,
    )


def planned_table(activity: str) -> str:
    """The table that a plan is committed as."""
    return transition_table(f"{activity}.plan")
