"""Functions that look for something in a text; case counts, as written."""

from sqlglot import exp

from campanile.relations.functions.limits import blank_as_null, number
from campanile.relations.functions.rendering import ByteLength
from campanile.relations.signatures import Call, Function, Parameter
from campanile.relations.sql import case, cast
from campanile.relations.types import Type

_TEXT = Parameter("text", "text")
_PART = Parameter("part", "text")


def position_of(text: exp.Expr, part: exp.Expr) -> exp.Expr:
    """The place of the first character of `part`, from 1; 0 when it is not there."""
    return exp.StrPosition(this=text, substr=part)


def _contains(call: Call) -> exp.Expr:
    return exp.GT(this=position_of(*call.args), expression=number(0))


def _ends_with(call: Call) -> exp.Expr:
    text, end = call.args
    tail = exp.Right(this=text, expression=exp.Length(this=end.copy()))
    return exp.EQ(this=tail, expression=end)


def _character_code(call: Call) -> exp.Expr:
    """Of an empty text there is none; engines say 0 or -1."""
    return cast(exp.Unicode(this=blank_as_null(call.args[0])), Type.INTEGER)


def _character(call: Call) -> exp.Expr:
    """Of ASCII: Spark counts beyond it in its own way, and none can write the character 0."""
    code = call.args[0]
    known = exp.Between(this=code.copy(), low=number(1), high=number(127))
    return exp.Chr(expressions=[exp.cast(case([(known, code)]), exp.DType.INT)])


SEARCH: tuple[Function, ...] = (
    Function(
        "length",
        (_TEXT,),
        "integer",
        "The number of characters.",
        "length(mobile) >= 10",
        lambda call: cast(exp.Length(this=call.args[0]), Type.INTEGER),
        ("len",),
    ),
    Function(
        "byte_length",
        (_TEXT,),
        "integer",
        "The number of bytes of the text in UTF-8.",
        "byte_length(comment) <= 160",
        lambda call: cast(ByteLength(this=call.args[0]), Type.INTEGER),
    ),
    Function(
        "contains",
        (_TEXT, _PART),
        "boolean",
        "Whether the text holds the part, case as written.",
        "contains(lower(address), 'paris')",
        _contains,
    ),
    Function(
        "starts_with",
        (_TEXT, _PART),
        "boolean",
        "Whether the text begins with the part.",
        "starts_with(mobile, '+33')",
        lambda call: exp.StartsWith(this=call.args[0], expression=call.args[1]),
    ),
    Function(
        "ends_with",
        (_TEXT, _PART),
        "boolean",
        "Whether the text ends with the part.",
        "ends_with(email, '.fr')",
        _ends_with,
    ),
    Function(
        "position",
        (_TEXT, _PART),
        "integer",
        "The place of the part in the text, from 1; 0 when it is not there.",
        "position(email, '@') > 1",
        lambda call: cast(position_of(*call.args), Type.INTEGER),
    ),
    Function(
        "character_code",
        (_TEXT,),
        "integer",
        "The Unicode number of the first character; empty for ''.",
        "character_code(last_name) between 65 and 90",
        _character_code,
    ),
    Function(
        "character",
        (Parameter("code", "integer"),),
        "text",
        "The character with that ASCII number, 1 to 127; empty for others.",
        "replace(address, character(10), ' ')",
        _character,
    ),
)
