"""Signatures of functions: what they take, what they give, and how their tree is built."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from campanile.relations.parse import did_you_mean, refusal
from campanile.relations.scope import Scope
from campanile.relations.sql import cast
from campanile.relations.types import Type
from campanile.relations.values import Value

MOMENT = "date or timestamp"
ANY = "any"  # any type; all arguments called `any` must agree
ANY_NUMBER = "any number"  # of either type; all arguments called so must agree
FREE = "anything"  # any type, on its own

_SHARED = (ANY, ANY_NUMBER)

_ACCEPTS: dict[str, frozenset[Type]] = {
    "text": frozenset({Type.TEXT}),
    "integer": frozenset({Type.INTEGER}),
    "number": frozenset({Type.INTEGER, Type.NUMBER}),
    "boolean": frozenset({Type.BOOLEAN}),
    "date": frozenset({Type.DATE}),
    "timestamp": frozenset({Type.TIMESTAMP}),
    MOMENT: frozenset({Type.DATE, Type.TIMESTAMP}),
    ANY: frozenset(Type),
    ANY_NUMBER: frozenset({Type.INTEGER, Type.NUMBER}),
    FREE: frozenset(Type),
}


@dataclass(frozen=True)
class Parameter:
    """One argument of a function; `constant` means a literal, `many` that it may be repeated."""

    name: str
    type: str
    optional: bool = False
    many: bool = False
    constant: bool = False

    def __str__(self) -> str:
        text = f"{self.name}: {self.type}" + (", …" if self.many else "")
        return f"[{text}]" if self.optional else text


@dataclass(frozen=True)
class Call:
    """A checked call: argument trees in order, their values, the scope for time, the row's key."""

    args: list[exp.Expr]
    values: list[Value]
    scope: Scope
    row_key: tuple[exp.Expr, ...] = ()

    @property
    def common(self) -> Type | None:
        """The type that all arguments called `any` share (number when integers and numbers mix)."""
        return common_type([value.type for value in self.values])


@dataclass(frozen=True)
class Function:
    """A function of the rule language. `result` is a type or `any`: that of its `any` arguments."""

    name: str
    parameters: tuple[Parameter, ...]
    result: str
    description: str
    example: str
    build: Callable[[Call], exp.Expr]
    aliases: tuple[str, ...] = ()
    kind: str = "text"

    @property
    def signature(self) -> str:
        """The call as it is written in the reference."""
        return f"{self.name}({', '.join(map(str, self.parameters))}) -> {self.result}"

    def parameter(self, position: int) -> Parameter | None:
        """The parameter that takes the argument at `position`."""
        if position < len(self.parameters):
            return self.parameters[position]
        last = self.parameters[-1] if self.parameters else None
        return last if last and last.many else None


def in_their_places(function: Function, node: exp.Anonymous) -> list[exp.Expr]:
    """The arguments of a call in order; those written `name => value` come last.

    Raises DefinitionError for a name that is not a parameter, or one that is given twice.
    """
    placed: list[exp.Expr] = []
    named: dict[str, exp.Expr] = {}
    for argument in node.expressions:
        if isinstance(argument, exp.Kwarg):
            named[_free_name(function, argument, len(placed), named)] = argument.expression
        elif named:
            raise refusal("arguments", "What is written name => value comes last.", at=argument)
        else:
            placed.append(argument)
    for parameter in function.parameters[len(placed) :]:
        if not named:
            break
        if parameter.name not in named:
            raise refusal(
                "arguments",
                f"{function.name} needs {parameter.name} too.",
                f"It is {function.signature}.",
                node,
            )
        placed.append(named.pop(parameter.name))
    return placed


def _free_name(
    function: Function, argument: exp.Kwarg, placed: int, named: dict[str, exp.Expr]
) -> str:
    name = argument.this.name.lower()
    known = [parameter.name for parameter in function.parameters if not parameter.many]
    if name not in known:
        raise refusal(
            "unknown_parameter",
            f"{function.name} has no parameter '{name}'.",
            f"It is {function.signature}.",
            argument,
        )
    if name in named or name in known[:placed]:
        raise refusal("arguments", f"{name} is given twice.", at=argument)
    return str(name)


def common_type(types: list[Type | None]) -> Type | None:
    """The one type of several values, None when they have none or disagree."""
    known = {type_ for type_ in types if type_ is not None}
    if known == {Type.INTEGER, Type.NUMBER}:
        return Type.NUMBER
    return known.pop() if len(known) == 1 else None


def check_call(
    function: Function,
    values: list[Value],
    scope: Scope,
    at: exp.Expr,
    row_key: tuple[exp.Expr, ...] = (),
) -> Value:
    """The typed result of a call; raises DefinitionError with the signature if it does not fit."""
    _check_count(function, len(values), at)
    for position, value in enumerate(values):
        _check_argument(function, position, value, at)
    values = [
        Value(cast(exp.null(), Type.TEXT), Type.TEXT)
        if value.type is None and _type_at(function, position) == FREE
        else value
        for position, value in enumerate(values)
    ]
    any_values = [v for i, v in enumerate(values) if _type_at(function, i) in _SHARED]
    agreed = common_type([value.type for value in any_values])
    if any_values and agreed is None and any(value.type for value in any_values):
        raise refusal(
            "type",
            f"The arguments of {function.name} have different types: "
            f"{', '.join(str(v.type or 'null') for v in any_values)}.",
            at=at,
        )
    shared = function.result in _SHARED
    result = (agreed or _default(function.result)) if shared else Type(function.result)
    trees = [_argument(function, position, value, agreed) for position, value in enumerate(values)]
    tree = function.build(Call(trees, values, scope, row_key))
    enum = any_values[0].enum if shared and any_values else ()
    return Value(tree, result, rule=result is Type.BOOLEAN and not shared, enum=enum)


def _default(wanted: str) -> Type:
    return Type.NUMBER if wanted == ANY_NUMBER else Type.TEXT


def _type_at(function: Function, position: int) -> str:
    parameter = function.parameter(position)
    assert parameter is not None
    return parameter.type


def _argument(function: Function, position: int, value: Value, agreed: Type | None) -> exp.Expr:
    wanted = _type_at(function, position)
    if value.type is None:
        target = agreed if wanted in _SHARED else next(iter(sorted(_ACCEPTS[wanted])))
        return cast(exp.null(), target or _default(wanted))
    if wanted in _SHARED and agreed is Type.NUMBER and value.type is Type.INTEGER:
        return cast(value.exact, Type.NUMBER)
    return value.exact


def _check_count(function: Function, given: int, at: exp.Expr) -> None:
    least = sum(not parameter.optional for parameter in function.parameters)
    most = len(function.parameters)
    unbounded = bool(function.parameters) and function.parameters[-1].many
    if given < least or (given > most and not unbounded):
        raise refusal(
            "arguments",
            f"{function.name} does not take {given} argument(s).",
            f"It is {function.signature}.",
            at,
        )


def _check_argument(function: Function, position: int, value: Value, at: exp.Expr) -> None:
    parameter = function.parameter(position)
    assert parameter is not None
    if parameter.constant and value.literal is None:
        raise refusal(
            "constant",
            f"Argument {position + 1} of {function.name} must be a fixed value.",
            f"It is {function.signature}.",
            at,
        )
    if value.type is not None and value.type not in _ACCEPTS[parameter.type]:
        raise refusal(
            "type",
            f"Argument {position + 1} of {function.name} must be {parameter.type}, "
            f"not {value.type}.",
            f"It is {function.signature}.",
            at,
        )


def instant(scope: Scope, which: str) -> datetime | None:
    """The named instant of the scope."""
    instants = {"now": scope.now, "started": scope.started_at, "previous": scope.previous_start}
    return instants[which]


def unknown_function(name: str, known: list[str], at: exp.Expr) -> Exception:
    """The refusal of a call to a function that is not in the catalogue."""
    return refusal(
        "unknown_function", f"There is no function '{name}'.", did_you_mean(name, known), at
    )
