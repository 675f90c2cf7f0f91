"""Things called by name in a rule: filters of the project, saved audiences, transitions."""

from dataclasses import replace
from typing import Protocol

from sqlglot import exp

from campanile.errors import DefinitionError
from campanile.relations import comparisons, literals
from campanile.relations.frames import Frame, References, Spot, attribute, own_spot
from campanile.relations.parse import did_you_mean, offset_of, refusal
from campanile.relations.paths import path_of
from campanile.relations.scope import FilterParameter, NamedFilter, SavedAudience, Scope
from campanile.relations.sql import column, table
from campanile.relations.types import Type
from campanile.relations.values import Value


class FilterVisitor(Protocol):
    """A compiler that can enter a filter: its scope changes for the time being."""

    scope: Scope
    references: References
    filters: tuple[str, ...]

    def condition(self, node: exp.Expr, frame: Frame) -> Value:
        """The node as a condition."""

    def value(self, node: exp.Expr, frame: Frame) -> Value:
        """The node as a value."""

    def tree(self, rule: object, frame: Frame) -> Value:
        """A rule as text or tree."""


def compile_filter(compiler: FilterVisitor, node: exp.Anonymous, frame: Frame, name: str) -> Value:
    """A named filter: its rule in the same frame, with its own parameters."""
    named = compiler.scope.filters[name]
    if name in compiler.filters:
        path = " -> ".join((*compiler.filters, name))
        raise refusal("filter_cycle", f"Filters call each other in a circle: {path}.", at=node)
    if named.entity and (frame.entity is None or frame.entity.name != named.entity):
        rows = f"these rows are of {frame.entity.name}" if frame.entity else "these are of nothing"
        message = f"Filter '{name}' is about rows of {named.entity}; {rows}."
        remedy = f"Call it where a row of {named.entity} is meant, as in exists(link, {name}())."
        raise refusal("filter_entity", message, remedy, node)
    parameters = _filter_arguments(compiler, node, frame, name, named)
    scope, chain, columns = compiler.scope, compiler.filters, frame.columns
    compiler.scope = replace(scope, parameters=parameters)
    compiler.filters = (*chain, name)
    frame.columns = columns if frame.direct else {}  # it knows its entity, not what was computed
    try:
        return compiler.tree(named.rule, frame)
    except DefinitionError as error:
        error.offset = offset_of(node)
        error.message = f"In filter '{name}': {error.message}"
        raise
    finally:
        compiler.scope, compiler.filters, frame.columns = scope, chain, columns


def _filter_arguments(
    compiler: FilterVisitor, node: exp.Anonymous, frame: Frame, name: str, named: NamedFilter
) -> dict[str, tuple[Type, object]]:
    given: dict[str, tuple[Type, object]] = {}
    for argument in node.expressions:
        if not isinstance(argument, exp.Kwarg):
            raise refusal(
                "arguments", f"Arguments of filter '{name}' are written name => value.", at=argument
            )
        key = argument.this.name
        if key not in named.parameters:
            raise refusal(
                "unknown_parameter",
                f"Filter '{name}' has no parameter '{key}'.",
                did_you_mean(key, named.parameters),
                argument,
            )
        given[key] = _filter_argument(compiler, argument, frame, named.parameters[key])
    for key, parameter in named.parameters.items():
        if key not in given and parameter.required:
            raise refusal(
                "arguments", f"Filter '{name}' needs {key} => a {parameter.type}.", at=node
            )
        given.setdefault(key, (parameter.type, parameter.default))
    return given


def _filter_argument(
    compiler: FilterVisitor, argument: exp.Kwarg, frame: Frame, parameter: FilterParameter
) -> tuple[Type, object]:
    key = argument.this.name
    value = compiler.value(argument.expression, frame)
    found = literals.as_parameter(value, parameter.type, key, argument)
    if parameter.values and not value.is_given and found[1] not in parameter.values:
        remedy = comparisons.nearest_value(str(found[1]), parameter.values)
        raise refusal("enum", f"'{found[1]}' is not a value of {key}.", remedy, argument)
    return found


def compile_audience(compiler: FilterVisitor, node: exp.Anonymous, frame: Frame) -> Value:
    """Whether the row's entity is in a saved audience."""
    path = path_of(node.expressions[0]) if len(node.expressions) == 1 else None
    if path is None or len(path) != 1:
        raise refusal("arguments", "It is written in_audience(name).", at=node)
    audience = compiler.scope.audiences.get(path[0])
    if audience is None:
        raise refusal(
            "unknown_audience",
            f"There is no saved audience '{path[0]}'.",
            did_you_mean(path[0], compiler.scope.audiences),
            node,
        )
    spot = own_spot(frame)
    if spot is None or spot.entity.name != audience.entity:
        raise refusal(
            "audience_entity", f"Audience '{path[0]}' holds rows of {audience.entity}.", at=node
        )
    compiler.references.audiences.add(path[0])
    return _held_in(audience, compiler, frame, spot)


def compile_transition(compiler: FilterVisitor, node: exp.Anonymous, frame: Frame) -> Value:
    """Whether the row's entity is in a transition of the same execution."""
    path = path_of(node.expressions[0]) if len(node.expressions) == 1 else None
    if path is None or len(path) > 2:
        raise refusal("arguments", "It is written in_transition(activity.output).", at=node)
    name = ".".join(path)
    known = compiler.scope.transitions
    if name not in known:
        raise refusal(
            "unknown_transition",
            f"No transition '{name}' comes before this.",
            did_you_mean(name, known) or "Only a table rule (`checks`, `test`) may ask for one.",
            node,
        )
    spot = own_spot(frame)
    if spot is None or spot.entity.name != known[name].entity:
        message = f"Transition '{name}' holds rows of {known[name].entity}."
        raise refusal("transition_entity", message, at=node)
    return _held_in(known[name], compiler, frame, spot)


def _held_in(held: SavedAudience, compiler: FilterVisitor, frame: Frame, spot: Spot) -> Value:
    alias = f"__s{frame.depth}"
    ties = [
        exp.EQ(this=column(name, alias), expression=attribute(compiler, spot, name))
        for name in held.key
    ]
    query = exp.Select().select("1").from_(table(held.table, alias)).where(*ties)
    return Value(exp.Exists(this=query), Type.BOOLEAN, rule=True)
