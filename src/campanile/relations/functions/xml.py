"""The value of an element or attribute of a small XML text, found by its path."""

import re

from sqlglot import exp

from campanile.relations.functions.limits import text
from campanile.relations.functions.rendering import Group
from campanile.relations.functions.text_parts import split_part
from campanile.relations.parse import refusal
from campanile.relations.signatures import Call, Function, Parameter
from campanile.relations.sql import constant
from campanile.relations.types import Type

_STEP = re.compile(r"@?[A-Za-z_][A-Za-z0-9_.:-]*")
_NOT_OF_A_NAME = "[^>A-Za-z0-9_.:/-]"
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))


def _xml_value(call: Call) -> exp.Expr:
    steps = [step for step in str(call.values[1].literal).split("/") if step]
    _check(steps)
    tree = call.args[0]
    is_attribute = steps[-1].startswith("@")
    for step in steps[: -2 if is_attribute else -1]:
        tree = _inside(tree, step)
    tree = _attribute(tree, steps) if is_attribute else _content(tree, steps[-1])
    for entity, character in _ENTITIES:
        tree = exp.Replace(this=tree, expression=text(entity), replacement=text(character))
    return tree


def _check(steps: list[str]) -> None:
    known = all(_STEP.fullmatch(step) for step in steps)
    placed = not any(step.startswith("@") for step in steps[:-1])
    least = 2 if steps and steps[-1].startswith("@") else 1
    if not (known and placed and len(steps) >= least):
        raise refusal(
            "xml_path",
            "The path must be names of elements, the last one may be an attribute.",
            "Write 'order/city' or 'order/@id'.",
        )


def _inside(tree: exp.Expr, element: str) -> exp.Expr:
    """What stands between the first opening tag and the next closing one."""
    pattern = f"(?s)<{_plain(element)}(?:{_NOT_OF_A_NAME}[^>]*)?>(.*)$"
    body = Group(this=tree, pattern=text(pattern))
    return split_part(body, text(f"</{element}"), constant(1, Type.INTEGER))


def _content(tree: exp.Expr, element: str) -> exp.Expr:
    name = _plain(element)
    pattern = f"<{name}(?:{_NOT_OF_A_NAME}[^>]*)?>([^<]*)</{name}"
    return Group(this=tree, pattern=text(pattern))


def _attribute(tree: exp.Expr, steps: list[str]) -> exp.Expr:
    element, name = _plain(steps[-2]), _plain(steps[-1][1:])
    pattern = f"<{element}(?:{_NOT_OF_A_NAME}[^>]*)?{_NOT_OF_A_NAME}{name}=[\"']([^\"'>]*)[\"']"
    return Group(this=tree, pattern=text(pattern))


def _plain(name: str) -> str:
    return name.replace(".", "[.]")


XML: tuple[Function, ...] = (
    Function(
        "xml_value",
        (Parameter("xml", "text"), Parameter("path", "text", constant=True)),
        "text",
        "The text of the first element, or of an attribute, at a path of names; empty without one.",
        "xml_value(details, 'order/city')",
        _xml_value,
    ),
)
