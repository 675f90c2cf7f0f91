"""The linked rows that a set function is about: a chain of joins, tied to the row around."""

from dataclasses import dataclass

from sqlglot import exp

from campanile.relations.frames import (
    Frame,
    Spot,
    Visitor,
    WayBack,
    follow,
    link_named,
    own_spot,
    start_of,
    target_of,
)
from campanile.relations.joins import attach
from campanile.relations.parse import did_you_mean, refusal
from campanile.relations.sql import aliased, column


@dataclass
class Rows:
    """The linked rows of a set function: a chain of joins, its keys, the frame of its last row."""

    chain: exp.Select
    keys: tuple[tuple[exp.Expr, exp.Expr], ...]  # outer tree, inner tree
    frame: Frame
    rest: tuple[str, ...] = ()  # what of the path is left after the last link
    back: WayBack | None = None  # to the row around, where the chain is one link


def linked_rows(
    visitor: Visitor, frame: Frame, path: tuple[str, ...], whole: bool, at: exp.Expr
) -> Rows:
    """The rows a path leads to; `whole` says that every name of the path is a link."""
    spot = own_spot(frame)
    if spot is None:
        raise refusal(
            "unknown_link", f"These rows stand for no entity, so '{path[0]}' is no link.", at=at
        )
    if path[0] == spot.entity.name and path[0] not in spot.entity.links:
        path = path[1:]
    links, rest = _split_path(visitor, spot, path, whole, at)
    while len(links) > 1 and not link_named(spot, links[0], at).many:
        spot, links = follow(visitor, spot, links[0], at), links[1:]
    return _chain(visitor, frame, spot, links, rest, at)


def _split_path(
    visitor: Visitor, spot: Spot, path: tuple[str, ...], whole: bool, at: exp.Expr
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The links up to the last many-link, and the value's path from there."""
    entity, last = spot.entity, len(path) if whole else 0
    for position, name in enumerate(path if whole else path[:-1]):
        link = link_named(Spot(spot.frame, entity, None), name, at)
        entity = target_of(visitor, spot, link, at)
        if link.many:
            last = position + 1
    if whole:
        last = len(path)
    if last == 0:
        many = [link.name for link in spot.entity.links.values() if link.many]
        raise refusal(
            "no_link",
            f"'{'.'.join(path)}' follows no link to many rows.",
            f"Begin with one. {did_you_mean(path[0], many)}",
            at,
        )
    return path[:last], path[last:]


def _chain(
    visitor: Visitor,
    frame: Frame,
    spot: Spot,
    links: tuple[str, ...],
    rest: tuple[str, ...],
    at: exp.Expr,
) -> Rows:
    depth = frame.depth + 1
    first = link_named(spot, links[0], at)
    entity = target_of(visitor, spot, first, at)
    alias = f"__l{depth}_0"
    keys = tuple(
        (start_of(visitor, spot, first, left), column(right, alias)) for left, right in first.on
    )
    chain = exp.Select().from_(aliased(entity.rows(), alias))
    visitor.references.entities.add(entity.name)
    for position, name in enumerate(links[1:], start=1):
        link = link_named(Spot(frame, entity, alias), name, at)
        entity, before = target_of(visitor, Spot(frame, entity, alias), link, at), alias
        alias = f"__l{depth}_{position}"
        on = [exp.EQ(this=column(a, before), expression=column(b, alias)) for a, b in link.on]
        chain = chain.join(aliased(entity.rows(), alias), on=exp.and_(*on), join_type="inner")
        visitor.references.entities.add(entity.name)
    inner = Frame(alias, entity, outer=frame, depth=depth)
    back = WayBack(spot, frozenset((b, a) for a, b in first.on)) if len(links) == 1 else None
    return Rows(chain, keys, inner, rest, back)


def correlated(rows: Rows, condition: exp.Expr | None) -> exp.Select:
    """The chain tied to the outer row, for EXISTS and scalar subqueries."""
    ties = [exp.EQ(this=inner.copy(), expression=outer.copy()) for outer, inner in rows.keys]
    query = attach(rows.chain.copy(), rows.frame.joins).where(*ties, copy=False)
    return query.where(condition.copy(), copy=False) if condition is not None else query
