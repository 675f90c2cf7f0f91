"""Feedback predicates: what became of a message, as EXISTS over messages and events."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from campanile.relations.frames import Frame, Visitor, attribute, follow, own_spot
from campanile.relations.linked_rows import Rows, correlated
from campanile.relations.parse import refusal
from campanile.relations.paths import path_of
from campanile.relations.scope import EntityTable, MessageSource
from campanile.relations.sql import aliased, cast, column, identifier
from campanile.relations.types import Type
from campanile.relations.values import Value

MESSAGES, EVENTS = "feedback__messages", "feedback__events"
STATES: Mapping[str, tuple[str, ...]] = {
    "planned": (),
    "sent": ("sent",),
    "excluded": ("excluded",),
    "failed": ("failed",),
}
KINDS = frozenset({"opened", "clicked", "bounced", "unsubscribed", "complained"})
PREDICATES = frozenset({*STATES, *KINDS, "delivered"})
_OF_PEOPLE = frozenset({"opened", "clicked"})
_TIE = ("campaign", "activity", "execution", "person", "row_key", "delivery", "ordinal")

_MESSAGE_SCHEMA = {
    "at": Type.TIMESTAMP,
    "reason": Type.TEXT,
    "variant": Type.TEXT,
    "execution": Type.TEXT,
}
_EVENT_SCHEMA = {
    **_MESSAGE_SCHEMA,
    "link": Type.TEXT,
    "url": Type.TEXT,
    "device": Type.TEXT,
    "human": Type.BOOLEAN,
}


def compile_feedback(visitor: Visitor, frame: Frame, name: str, node: exp.Anonymous) -> Value:
    """A feedback predicate; matches the row's key or its recipient, as it was sent."""
    arguments = list(node.expressions)
    path = path_of(arguments[0]) if arguments else None
    if path is None or len(arguments) > 2 or len(path) > 2:
        raise refusal(
            "arguments", f"{name} is written {name}(message[, rule over the event]).", at=node
        )
    if frame.outer is not None:
        raise refusal(
            "nested_feedback",
            f"{name} asks about the row's own messages, so it cannot stand inside a set function.",
            "Put it beside the set function.",
            node,
        )
    source = _source(visitor, ".".join(path), node)
    rule = arguments[1] if len(arguments) == 2 else None
    if name == "delivered":
        tree: exp.Expr = _delivered(visitor, frame, source, rule, node)
    elif name in STATES:
        tree = _of_messages(visitor, frame, source, name, rule, node)
    else:
        tree = _of_events(visitor, frame, source, name, rule, node)
    return Value(tree, Type.BOOLEAN, rule=True)


def _source(visitor: Visitor, reference: str, at: exp.Expr) -> MessageSource:
    if visitor.scope.messages is None:
        raise refusal("no_messages", "Messages cannot be asked about here.", at=at)
    source = visitor.scope.messages(reference)
    visitor.references.messages.add(reference)
    return source


def _delivered(
    visitor: Visitor, frame: Frame, source: MessageSource, rule: exp.Expr | None, at: exp.Expr
) -> exp.Expr:
    """A delivered event, or sent and not bounced (many providers never say "delivered")."""
    told = _of_events(visitor, frame, source, "delivered", rule, at)
    if rule is not None and _names(rule) & {"link", "url", "device", "human"}:
        return told
    sent = _of_messages(visitor, frame, source, "sent", rule, at)
    inner, alias = "__b1", "__l1_0"
    bounced = (
        exp.Select()
        .select(exp.Literal.number(1))
        .from_(aliased(exp.Table(this=identifier(EVENTS)), inner))
        .where(
            *[
                exp.EQ(this=column(n, inner), expression=column(n, alias))
                for n in ("delivery", "ordinal")
            ],
            exp.EQ(this=column("kind", inner), expression=exp.Literal.string("bounced")),
        )
    )
    sent.this.where(exp.Not(this=exp.Exists(this=bounced)), copy=False)
    return exp.paren(exp.or_(told, sent, copy=False), copy=False)


def _names(rule: exp.Expr) -> set[str]:
    return {node.name for node in rule.find_all(exp.Column)}


def _of_messages(
    visitor: Visitor,
    frame: Frame,
    source: MessageSource,
    name: str,
    rule: exp.Expr | None,
    at: exp.Expr,
) -> exp.Exists:
    moment = "planned_at" if name == "planned" else "settled_at"
    inner = (
        exp.Select()
        .select(
            *[column(n, "__m") for n in (*_TIE, "state", "reason", "variant")],
            exp.alias_(column(moment, "__m"), "at", quoted=True),
        )
        .from_(aliased(exp.Table(this=identifier(MESSAGES)), "__m"))
    )
    states = [exp.Literal.string(state) for state in STATES[name]]
    extra: list[exp.Expr] = (
        [exp.In(this=column("state", "__l1_0"), expressions=states)] if states else []
    )
    entity = EntityTable(
        f"the message of {name}", MESSAGES, _MESSAGE_SCHEMA, ("delivery", "ordinal")
    )
    return _exists(visitor, frame, source, inner, entity, extra, rule, at)


def _of_events(
    visitor: Visitor,
    frame: Frame,
    source: MessageSource,
    name: str,
    rule: exp.Expr | None,
    at: exp.Expr,
) -> exp.Exists:
    names = _names(rule) if rule is not None else set()
    own = (*_TIE, "kind", "at", "link", "url", "device", "human", "reason")
    inner = (
        exp.Select()
        .select(*[column(n, "__e") for n in own])
        .from_(aliased(exp.Table(this=identifier(EVENTS)), "__e"))
    )
    if "variant" in names:
        on = [
            exp.EQ(this=column(n, "__e"), expression=column(n, "__m"))
            for n in ("delivery", "ordinal")
        ]
        messages = aliased(exp.Table(this=identifier(MESSAGES)), "__m")
        inner = inner.select(column("variant", "__m")).join(
            messages, on=exp.and_(*on), join_type="left"
        )
    extra: list[exp.Expr] = [
        exp.EQ(this=column("kind", "__l1_0"), expression=exp.Literal.string(name))
    ]
    if name in _OF_PEOPLE and "human" not in names:
        extra.append(column("human", "__l1_0"))
    entity = EntityTable(f"the event {name}", EVENTS, _EVENT_SCHEMA, ("event_id",))
    return _exists(visitor, frame, source, inner, entity, extra, rule, at)


def _exists(
    visitor: Visitor,
    frame: Frame,
    source: MessageSource,
    inner: exp.Select,
    entity: EntityTable,
    extra: list[exp.Expr],
    rule: exp.Expr | None,
    at: exp.Expr,
) -> exp.Exists:
    alias = "__l1_0"
    whose = "row_key" if source.per == "row" else "person"
    subject = row_key_text(frame, at) if source.per == "row" else person_text(visitor, frame, at)
    chain = exp.Select().from_(aliased(inner.subquery(), alias))
    own = Frame(alias, entity, outer=frame, depth=frame.depth + 1)
    entities = set(visitor.references.entities)
    condition = visitor.condition(rule, own).tree if rule is not None else None
    visitor.references.entities = (visitor.references.entities - {entity.name}) | entities
    wanted = {
        "campaign": source.campaign,
        "activity": source.activity,
        "execution": source.execution,
    }
    fixed = [
        exp.EQ(this=column(name, alias), expression=exp.Literal.string(value))
        for name, value in wanted.items()
        if value is not None
    ]
    query = correlated(Rows(chain, ((subject, column(whose, alias)),), own), condition)
    return exp.Exists(this=query.where(*fixed, *extra, copy=False).select("1", copy=False))


def person_text(visitor: Visitor, frame: Frame, at: exp.Expr | None = None) -> exp.Expr:
    """The key of the row's recipient as text, parts joined by the unit separator."""
    spot = own_spot(frame)
    if spot is None:
        raise refusal(
            "no_recipient", "These rows stand for no entity, so no person is known.", at=at
        )
    for position, name in enumerate(visitor.scope.recipient):
        link = spot.entity.links[name]
        target = visitor.scope.entities[link.target]
        by_key = {right: left for left, right in link.on}
        if position == len(visitor.scope.recipient) - 1 and set(by_key) == set(target.key):
            return key_text([attribute(visitor, spot, by_key[part]) for part in target.key])
        spot = follow(visitor, spot, name, at)
    return key_text([attribute(visitor, spot, part) for part in spot.entity.key])


def row_key_text(frame: Frame, at: exp.Expr | None = None) -> exp.Expr:
    """The row's own primary key as text, parts joined by the unit separator."""
    if not frame.row_key:
        raise refusal("no_key", "These rows have no key, so no message of theirs is known.", at=at)
    return key_text([column(part, frame.alias) for part in frame.row_key])


def key_text(parts: Sequence[exp.Expr]) -> exp.Expr:
    """Key parts as one text, the same on every engine."""
    tree = cast(parts[0], Type.TEXT)
    for part in parts[1:]:
        tree = exp.DPipe(this=tree, expression=exp.Literal.string("\x1f"), safe=True)
        tree = exp.DPipe(this=tree, expression=cast(part, Type.TEXT), safe=True)
    return tree
