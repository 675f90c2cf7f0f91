"""How a name or a dotted path of a rule becomes a column: of its rows, or over their links."""

from sqlglot import exp

from campanile.relations.frames import Frame, Spot, Visitor, attribute, follow, own_spot
from campanile.relations.parse import did_you_mean, refusal
from campanile.relations.scope import Scope
from campanile.relations.sql import column, constant
from campanile.relations.types import Schema, Type
from campanile.relations.values import Value


def path_of(node: exp.Expr) -> tuple[str, ...] | None:
    """The names of a dotted path, or None when the node is something else."""
    if isinstance(node, exp.Dot):
        left, right = path_of(node.this), node.expression
        return (*left, right.name) if left and isinstance(right, exp.Identifier) else None
    if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
        return None
    return tuple(part.name for part in node.parts)


def resolve(visitor: Visitor, frame: Frame, parts: tuple[str, ...], at: exp.Expr) -> Value:
    """The value of a path: parameter, column of the row, attribute, or attribute over one-links."""
    if parts[0] == "param" and len(parts) == 2:
        return _parameter(visitor.scope, parts[1], at)
    if parts[0] == "row" and len(parts) == 2 and not _has_link(frame, "row"):
        return _row_column(visitor, frame, parts[1], at)
    if len(parts) == 1:
        return _bare(visitor, frame, parts[0], at)
    spot = own_spot(frame)
    if spot is None:
        raise refusal(
            "unknown_column",
            f"'{'.'.join(parts)}': these rows stand for no entity.",
            did_you_mean(parts[0], frame.columns),
            at,
        )
    start = 0
    if parts[0] == spot.entity.name and parts[0] not in spot.entity.links:
        start = 1
    for name in parts[start:-1]:
        spot = follow(visitor, spot, name, at)
    return _attribute_value(visitor, spot, parts[-1], at)


def _has_link(frame: Frame, name: str) -> bool:
    return frame.entity is not None and name in frame.entity.links


def _parameter(scope: Scope, name: str, at: exp.Expr) -> Value:
    if name not in scope.parameters:
        raise refusal(
            "unknown_parameter",
            f"There is no parameter '{name}'.",
            did_you_mean(name, scope.parameters),
            at,
        )
    type_, value = scope.parameters[name]
    return Value(constant(value, type_), type_, literal=value, is_given=True)


def _row_column(visitor: Visitor, frame: Frame, name: str, at: exp.Expr) -> Value:
    """`row.x` is always the column of the outermost row, also from inside set functions."""
    outermost = frame
    passed = []
    while outermost.outer is not None:
        passed.append(outermost)
        outermost = outermost.outer
    if name not in outermost.columns:
        raise refusal(
            "unknown_column",
            f"The rows have no column '{name}'.",
            did_you_mean(name, outermost.columns),
            at,
        )
    for inner in passed:
        inner.reads_outer = True
    enum = visitor.scope.column_enums.get(name, ())
    return Value(column(name, outermost.alias), outermost.columns[name], enum=enum)


def _bare(visitor: Visitor, frame: Frame, name: str, at: exp.Expr) -> Value:
    entity = frame.entity
    attributes: Schema = entity.schema if entity else {}
    if name in frame.columns and name in attributes:
        assert entity is not None
        if not (frame.direct or name in frame.row_key):
            raise refusal(
                "ambiguous",
                f"'{name}' is both a column of these rows and an attribute of {entity.name}.",
                f"Write row.{name} or {entity.name}.{name}.",
                at,
            )
    elif name in frame.columns:
        enum = visitor.scope.column_enums.get(name, ())
        return Value(column(name, frame.alias), frame.columns[name], enum=enum)
    spot = own_spot(frame)
    if spot is None:
        raise refusal(
            "unknown_column", f"There is no column '{name}'.", did_you_mean(name, frame.columns), at
        )
    if frame.direct and name in frame.columns:
        visitor.references.entities.add(spot.entity.name)
    return _attribute_value(visitor, spot, name, at, beside=frame.columns)


def _attribute_value(
    visitor: Visitor, spot: Spot, name: str, at: exp.Expr, beside: Schema | None = None
) -> Value:
    entity = spot.entity
    if name not in entity.schema:
        if name in entity.links:
            link = entity.links[name]
            remedy = (
                f"Use exists({name}) or count({name})."
                if link.many
                else f"Write {name}.attribute, for an attribute of {link.target}."
            )
            raise refusal("link_as_value", f"'{name}' is a link, not an attribute.", remedy, at)
        known = [*entity.schema, *entity.links, *(beside or ())]
        raise refusal(
            "unknown_column",
            f"{entity.name} has no attribute '{name}'.",
            did_you_mean(name, known),
            at,
        )
    tree = attribute(visitor, spot, name)
    return Value(tree, Type(entity.schema[name]), enum=tuple(entity.enums.get(name, ())))
