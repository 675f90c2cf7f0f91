"""Functions that take a part out of a text; the first character, part or line is 1."""

from sqlglot import exp

from campanile.relations.functions.limits import (
    at_least,
    blank_as_null,
    number,
    small,
    text,
)
from campanile.relations.functions.search import position_of
from campanile.relations.signatures import Call, Function, Parameter
from campanile.relations.sql import case

_TEXT = Parameter("text", "text")
_SIZE = Parameter("characters", "integer")
_PLACE = Parameter("position", "integer")


def _substring(call: Call) -> exp.Expr:
    """A start below 1 counts as 1, a length below 0 as 0: engines have three other ideas."""
    length = at_least(call, 2, 0) if len(call.args) > 2 else None
    return exp.Substring(this=call.args[0], start=at_least(call, 1, 1), length=length)


def _end(node: type[exp.Expr]):  # type: ignore[no-untyped-def]
    return lambda call: node(this=call.args[0], expression=at_least(call, 1, 0))


def split_part(tree: exp.Expr, separator: exp.Expr, place: exp.Expr) -> exp.Expr:
    """The part at a place; NULL beyond the last, before the first and for no separator."""
    if not isinstance(place, exp.Literal):
        known = exp.GTE(this=place.copy(), expression=number(1))
        place = small(case([(known, place)]))
    elif int(place.name) < 1:
        place = exp.cast(exp.null(), exp.DType.INT)
    if not (isinstance(separator, exp.Literal) and separator.name):
        separator = blank_as_null(separator)
    return blank_as_null(exp.SplitPart(this=tree, delimiter=separator, part_index=place))


def _split_part(call: Call) -> exp.Expr:
    return split_part(*call.args)


def _line(call: Call) -> exp.Expr:
    """Lines end as on Unix, on Windows or on old Macs."""
    tree = call.args[0]
    for ending in ("\r\n", "\r"):
        tree = exp.Replace(this=tree, expression=text(ending), replacement=text("\n"))
    return split_part(tree, text("\n"), call.args[1])


def _email_domain(call: Call) -> exp.Expr:
    """After the first @; a text without one has no domain."""
    tree = call.args[0]
    there = exp.GT(this=position_of(tree.copy(), text("@")), expression=number(0))
    return case([(there, exp.Lower(this=split_part(tree, text("@"), number(2))))])


PARTS: tuple[Function, ...] = (
    Function(
        "substring",
        (_TEXT, Parameter("start", "integer"), Parameter("length", "integer", True)),
        "text",
        "Part of the text from a character on, the first is 1; to its end without a length.",
        "substring(zip, 1, 2)",
        _substring,
        ("substr",),
    ),
    Function(
        "left",
        (_TEXT, _SIZE),
        "text",
        "The first characters.",
        "left(zip, 2)",
        _end(exp.Left),
    ),
    Function(
        "right",
        (_TEXT, _SIZE),
        "text",
        "The last characters.",
        "right(mobile, 4)",
        _end(exp.Right),
    ),
    Function(
        "split_part",
        (_TEXT, Parameter("separator", "text"), _PLACE),
        "text",
        "The part at a position (the first is 1), empty beyond the last.",
        "split_part(email, '@', 2)",
        _split_part,
    ),
    Function(
        "line",
        (_TEXT, Parameter("number", "integer")),
        "text",
        "That line of the text, the first is 1; empty beyond the last.",
        "line(postal_address, 2)",
        _line,
    ),
    Function(
        "email_domain",
        (_TEXT,),
        "text",
        "What follows the @ of an address, in small letters; empty without one.",
        "email_domain(email) = 'example.org'",
        _email_domain,
    ),
)
