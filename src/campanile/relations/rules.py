"""Rules, values and sort orders as text or tree, compiled for the rows of a scope."""

import re
from collections.abc import Callable, Sequence

from sqlglot import exp

from campanile.errors import DefinitionError
from campanile.relations.compiler import Compiler
from campanile.relations.frames import Frame
from campanile.relations.parse import parse
from campanile.relations.scope import Scope
from campanile.relations.sql import ROW, cast
from campanile.relations.types import Type
from campanile.relations.values import Compiled, Order, Value

Rule = (
    str | bool | list[object] | dict[str, object]
)  # text, or the tree form of format.md section 5

_DIRECTION = re.compile(r"\s+(asc|desc)\s*$", re.IGNORECASE)


def compile_rule(rule: object, scope: Scope) -> Compiled:
    """A condition over the rows of `scope`; raises DefinitionError with an offset in its text."""
    compiler, frame = Compiler(scope), outermost(scope)
    value = guarded(lambda: compiler.tree(rule, frame))
    return finished(compiler, frame, value, Type.BOOLEAN, rule_tree_to_text(rule))


def compile_value(text: str, scope: Scope, *, windows: bool = False) -> Compiled:
    """A value over the rows of `scope`; a condition gives a boolean that is never empty.

    With `windows` it may look at the other rows: what it gives must become a column, or an order.
    """
    compiler, frame = Compiler(scope, windows=windows), outermost(scope)
    value = guarded(lambda: compiler.value(parse(text), frame))
    if value.type is None:
        raise DefinitionError(
            "null alone has no type.", code="type", remedy="Say what it is, as in nullif('', '')."
        )
    return finished(compiler, frame, value, value.type, text)


def compile_order(items: Sequence[str], scope: Scope) -> list[Order]:
    """Sort keys `expression [asc|desc]`; ascending unless said."""
    orders = []
    for item in items:
        text, descending = split_direction(item)
        orders.append(Order(compile_value(text, scope, windows=True), descending))
    return orders


def split_direction(item: str) -> tuple[str, bool]:
    """A sort key as its expression and whether it descends."""
    found = _DIRECTION.search(item)
    if found is None:
        return item, False
    return item[: found.start()], found.group(1).lower() == "desc"


def rule_tree_to_text(rule: object) -> str:
    """The one-line text equal to a rule in tree form; raises DefinitionError for another form."""
    if isinstance(rule, bool):
        return str(rule).lower()
    if isinstance(rule, str):
        return rule.strip()
    if isinstance(rule, list | tuple):
        return _joined(list(rule), "and")
    if isinstance(rule, dict) and rule and set(rule) <= {"all", "any", "except"}:
        parts = []
        for key, word in (("all", "and"), ("any", "or"), ("except", "or")):
            if key in rule:
                inner = rule[key] if isinstance(rule[key], list | tuple) else [rule[key]]
                text = _joined(list(inner), word)
                parts.append(f"not ({text})" if key == "except" else text)
        return parts[0] if len(parts) == 1 else " and ".join(_wrapped(part) for part in parts)
    raise DefinitionError(
        "A rule is a text, a list of rules, or a map of all, any and except.", code="rule_form"
    )


def _joined(rules: list[object], word: str) -> str:
    if not rules:
        raise DefinitionError("A list of rules is empty.", code="empty", remedy="Leave it out.")
    if len(rules) == 1:
        return rule_tree_to_text(rules[0])
    return f" {word} ".join(_wrapped(rule_tree_to_text(rule)) for rule in rules)


def _wrapped(text: str) -> str:
    simple = re.fullmatch(r"[\w.]+(\([\w.]*\))?", text)
    return text if simple else f"({text})"


def outermost(scope: Scope) -> Frame:
    """The frame of the relation's own rows."""
    return Frame(ROW, scope.entity, scope.columns, scope.row_key, scope.direct)


def guarded(compile_it: Callable[[], Value]) -> Value:
    """The result of a compilation; running out of stack becomes DefinitionError."""
    try:
        return compile_it()
    except RecursionError:
        raise DefinitionError(
            "The rule is nested too deeply.", code="too_deep", remedy="Split it into named filters."
        ) from None


def finished(compiler: Compiler, frame: Frame, value: Value, type_: Type, text: str) -> Compiled:
    """The compiled value with what its frame needs; numbers take the full width of their type."""
    tree = value.exact
    if type_ in (Type.INTEGER, Type.NUMBER) and not isinstance(tree, exp.Column | exp.Cast):
        tree = cast(tree, type_)
    found = compiler.references
    return Compiled(
        tree,
        value.tree,
        type_,
        dict(frame.joins),
        frozenset(found.entities),
        frozenset(found.messages),
        frozenset(found.audiences),
        value.enum,
        text,
    )
