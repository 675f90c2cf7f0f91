"""Functions that change how a text is written: case, spaces, padding, joining, replacing."""

from sqlglot import exp

from campanile.relations.functions.limits import LONGEST_TEXT, blank_as_null, number, text
from campanile.relations.functions.rendering import WordInitials
from campanile.relations.signatures import Call, Function, Parameter
from campanile.relations.sql import case, coalesce

_TEXT = Parameter("text", "text")
_TEXTS = Parameter("text", "text", many=True)


def joined(parts: list[exp.Expr]) -> exp.Expr:
    """Texts one after another; NULL as soon as one is."""
    tree = parts[0]
    for part in parts[1:]:
        tree = exp.DPipe(this=tree, expression=part, safe=True)
    return exp.paren(tree, copy=False)


def _one(node: type[exp.Expr]):  # type: ignore[no-untyped-def]
    return lambda call: node(this=call.args[0])


def _trim(position: str):  # type: ignore[no-untyped-def]
    return lambda call: exp.Trim(this=call.args[0], position=position)


def _concat(call: Call) -> exp.Expr:
    return joined([coalesce(part, text("")) for part in call.args])


def _join_words(call: Call) -> exp.Expr:
    """Each word brings the space before it; the first space goes with the trimming."""
    words = [
        coalesce(joined([text(" "), blank_as_null(exp.Trim(this=part))]), text(""))
        for part in call.args
    ]
    return exp.Trim(this=joined(words))


def _capitalize(call: Call) -> exp.Expr:
    tree = call.args[0]
    head = exp.Upper(this=exp.Left(this=tree, expression=number(1)))
    tail = exp.Lower(this=exp.Substring(this=tree.copy(), start=number(2)))
    return joined([head, tail])


def _capitalize_words(call: Call) -> exp.Expr:
    """After a space, then after a hyphen; '' has no words, and PostgreSQL would make it NULL."""
    tree: exp.Expr = exp.Lower(this=call.args[0])
    for separator in (" ", "-"):
        tree = WordInitials(this=tree, separator=text(separator))
    none = exp.EQ(this=call.args[0].copy(), expression=text(""))
    return case([(none, text(""))], tree)


def _replace(call: Call) -> exp.Expr:
    """Nothing to look for changes nothing, on every engine."""
    found, part, by = call.args
    nothing = exp.EQ(this=part.copy(), expression=text(""))
    changed = exp.Replace(this=found.copy(), expression=part, replacement=by)
    if isinstance(part, exp.Literal):
        return changed if part.name else found
    return case([(nothing, found)], changed)


def _pad(is_left: bool):  # type: ignore[no-untyped-def]
    """Engines differ on negative lengths and on padding with nothing: '' and NULL here."""

    def build(call: Call) -> exp.Expr:
        tree, length = call.args[:2]
        fill = blank_as_null(call.args[2]) if len(call.args) > 2 else text(" ")
        low = exp.LT(this=length.copy(), expression=number(0))
        high = exp.GT(this=length.copy(), expression=number(LONGEST_TEXT))
        size = exp.cast(
            case([(low, number(0)), (high, number(LONGEST_TEXT))], length), exp.DType.INT
        )
        return exp.Pad(this=tree, fill_pattern=fill, expression=size, is_left=is_left)

    return build


_LENGTH = Parameter("length", "integer")
_FILL = Parameter("fill", "text", optional=True)

TEXTS: tuple[Function, ...] = (
    Function(
        "lower", (_TEXT,), "text", "The text in small letters.", "lower(email)", _one(exp.Lower)
    ),
    Function(
        "upper", (_TEXT,), "text", "The text in capitals.", "upper(last_name)", _one(exp.Upper)
    ),
    Function(
        "capitalize",
        (_TEXT,),
        "text",
        "First letter capital, the others small.",
        "capitalize(first_name)",
        _capitalize,
        ("initcap",),
    ),
    Function(
        "capitalize_words",
        (_TEXT,),
        "text",
        "The first letter of the text, and each after a space or hyphen, capital; others small.",
        "capitalize_words(first_name)",
        _capitalize_words,
    ),
    Function(
        "trim",
        (_TEXT,),
        "text",
        "The text without spaces at both ends.",
        "trim(first_name)",
        _one(exp.Trim),
    ),
    Function(
        "ltrim",
        (_TEXT,),
        "text",
        "The text without spaces at its beginning.",
        "ltrim(first_name)",
        _trim("LEADING"),
    ),
    Function(
        "rtrim",
        (_TEXT,),
        "text",
        "The text without spaces at its end.",
        "rtrim(first_name)",
        _trim("TRAILING"),
    ),
    Function(
        "lpad",
        (_TEXT, _LENGTH, _FILL),
        "text",
        "The text filled at its beginning to so many characters (with spaces); cut when longer.",
        "lpad(to_text(store_id), 5, '0')",
        _pad(True),
    ),
    Function(
        "rpad",
        (_TEXT, _LENGTH, _FILL),
        "text",
        "The text filled at its end to so many characters (with spaces); cut when longer.",
        "rpad(city, 20)",
        _pad(False),
    ),
    Function(
        "replace",
        (_TEXT, Parameter("part", "text"), Parameter("by", "text")),
        "text",
        "The text with every occurrence of the part replaced.",
        "replace(mobile, ' ', '')",
        _replace,
    ),
    Function(
        "concat",
        (_TEXTS,),
        "text",
        "The texts one after another; empty ones count as ''.",
        "concat(first_name, ' ', last_name)",
        _concat,
    ),
    Function(
        "join_words",
        (_TEXTS,),
        "text",
        "The texts with one space between; empty ones are left out.",
        "join_words(title, first_name, last_name)",
        _join_words,
    ),
)
