"""The row that a rule speaks about at one point, and the rows that its links lead to."""

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from campanile.relations.joins import Join, Lookup, merge_joins
from campanile.relations.parse import did_you_mean, refusal
from campanile.relations.scope import EntityTable, Link, Scope
from campanile.relations.sql import column
from campanile.relations.types import Schema
from campanile.relations.values import Value


@dataclass
class Frame:
    """One row: of the relation itself (outermost) or of a linked entity inside a set function.

    `joins` collects what the row's FROM needs; `reads_outer` notes that the row around was read.
    With `back` a link back to the row around reads that row, where it would be joined otherwise.
    """

    alias: str
    entity: EntityTable | None
    columns: Schema = field(default_factory=dict)
    row_key: tuple[str, ...] = ()
    direct: bool = True
    outer: "Frame | None" = None
    depth: int = 0
    joins: dict[str, Join] = field(default_factory=dict)
    reads_outer: bool = False
    back: "WayBack | None" = None

    def join(self, join: Join) -> None:
        """Add a join, or merge it with the one of the same alias."""
        self.joins = merge_joins([self.joins, {join.alias: join}])


@dataclass
class References:
    """What a rule reads: entities, messages, saved audiences (names)."""

    entities: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)
    audiences: set[str] = field(default_factory=set)


class Visitor(Protocol):
    """What set functions and feedback need of the compiler."""

    scope: Scope
    references: References

    def condition(self, node: exp.Expr, frame: Frame) -> Value:
        """The node as a condition."""

    def value(self, node: exp.Expr, frame: Frame) -> Value:
        """The node as a value."""


@dataclass(frozen=True)
class Spot:
    """An entity's row within a frame; `alias` None: the row's own, joined when needed."""

    frame: Frame
    entity: EntityTable
    alias: str | None


@dataclass(frozen=True)
class WayBack:
    """The row around a linked one, and the pairs (linked column, its column) that tie them."""

    spot: Spot
    on: frozenset[tuple[str, str]]

    def is_walked_by(self, link: Link) -> bool:
        """Whether a link leads to that row, and to no other."""
        entity = self.spot.entity
        whole = {right for _, right in link.on} >= set(entity.key)
        return link.target == entity.name and whole and self.on == frozenset(link.on)


def short_hash(text: str) -> str:
    """Ten hexadecimal digits that name a piece of SQL."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:10]


def own_spot(frame: Frame) -> Spot | None:
    """The entity that the frame's row stands for."""
    if frame.entity is None:
        return None
    return Spot(frame, frame.entity, frame.alias if frame.direct else None)


def key_columns(frame: Frame) -> tuple[exp.Expr, ...]:
    """The columns that tell the frame's row from others; none when it stands for no entity."""
    names = frame.row_key
    if not names and frame.entity is not None and frame.direct:
        names = frame.entity.key
    return tuple(column(name, frame.alias) for name in names)


def attribute(visitor: Visitor, spot: Spot, name: str) -> exp.Column:
    """The column of an attribute that exists; joins the entity unless the row has it already."""
    frame = spot.frame
    visitor.references.entities.add(spot.entity.name)
    if spot.alias is not None:
        return column(name, spot.alias)
    if name in spot.entity.key and len(frame.row_key) == len(spot.entity.key):
        return column(frame.row_key[spot.entity.key.index(name)], frame.alias)
    return column(name, _join_own(frame, spot.entity))


def start_of(visitor: Visitor, spot: Spot, link: Link, name: str) -> exp.Column:
    """The column of this side that a link starts at."""
    return column(name, spot.frame.alias) if link.of_rows else attribute(visitor, spot, name)


def _join_own(frame: Frame, entity: EntityTable) -> str:
    alias = _alias_for("__t", entity.name)
    if len(frame.row_key) != len(entity.key):
        raise refusal(
            "no_key",
            f"These rows do not carry the key of {entity.name} "
            f"({', '.join(entity.key)}), so its attributes cannot be read.",
        )
    pairs = zip(frame.row_key, entity.key, strict=True)
    on = exp.and_(
        *[exp.EQ(this=column(a, frame.alias), expression=column(b, alias)) for a, b in pairs]
    )
    frame.join(Lookup(alias, entity.rows(), on))
    return alias


def _alias_for(base: str, name: str) -> str:
    alias = f"{base}__{name}"
    return alias if len(alias) <= 48 else f"__t_{short_hash(alias)}"


def target_of(visitor: Visitor, spot: Spot, link: Link, at: exp.Expr | None) -> EntityTable:
    """The entity a link leads to."""
    found = visitor.scope.entities.get(link.target)
    if found is None:
        known = visitor.scope.entities
        raise refusal(
            "unknown_entity",
            f"Link '{link.name}' of {spot.entity.name} leads to '{link.target}', "
            "which is not in the catalog.",
            did_you_mean(link.target, known),
            at,
        )
    return found


def follow(visitor: Visitor, spot: Spot, name: str, at: exp.Expr | None) -> Spot:
    """The row at the other end of a one-link; each link path is joined once a query."""
    link = link_named(spot, name, at)
    if link.many:
        raise refusal(
            "many_link",
            f"'{name}' leads to many rows of {link.target}.",
            f"Use it in a set function, such as exists({name}, …) or sum({name}.…).",
            at,
        )
    target = target_of(visitor, spot, link, at)
    visitor.references.entities.add(target.name)
    frame = spot.frame
    if frame.back is not None and spot.alias == frame.alias and frame.back.is_walked_by(link):
        frame.reads_outer = True
        return frame.back.spot
    alias = _alias_for(spot.alias or f"__t__{spot.entity.name}", name)
    on = exp.and_(
        *[
            exp.EQ(this=start_of(visitor, spot, link, left), expression=column(right, alias))
            for left, right in link.on
        ]
    )
    spot.frame.join(Lookup(alias, target.rows(), on))
    return Spot(spot.frame, target, alias)


def link_named(spot: Spot, name: str, at: exp.Expr | None) -> Link:
    """The link of that name, or a refusal that names the nearest."""
    link = spot.entity.links.get(name)
    if link is None:
        raise refusal(
            "unknown_link",
            f"{spot.entity.name} has no link '{name}'.",
            did_you_mean(name, spot.entity.links),
            at,
        )
    return link
