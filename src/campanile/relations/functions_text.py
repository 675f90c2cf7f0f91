"""Functions over text, and those that choose between values of any type."""

from sqlglot import exp

from campanile.relations.signatures import ANY, FREE, Call, Function, Parameter
from campanile.relations.types import Type
from campanile.relations.values import case, cast, coalesce, constant

_TEXT = Parameter("text", "text")


def _concat(call: Call) -> exp.Expr:
    parts = [coalesce(part, exp.Literal.string("")) for part in call.args]
    tree = parts[0]
    for part in parts[1:]:
        tree = exp.DPipe(this=tree, expression=part, safe=True)
    return exp.paren(tree, copy=False)


def _ends_with(call: Call) -> exp.Expr:
    text, end = call.args
    tail = exp.Right(this=text, expression=exp.Length(this=end.copy()))
    return exp.EQ(this=tail, expression=end)


def _contains(call: Call) -> exp.Expr:
    position = exp.StrPosition(this=call.args[0], substr=call.args[1])
    return exp.GT(this=position, expression=exp.Literal.number(0))


def _capitalize(call: Call) -> exp.Expr:
    text = call.args[0]
    one, two = exp.Literal.number(1), exp.Literal.number(2)
    head = exp.Upper(this=exp.Left(this=text, expression=one))
    tail = exp.Lower(this=exp.Substring(this=text.copy(), start=two))
    return exp.paren(exp.DPipe(this=head, expression=tail, safe=True), copy=False)


def _is_empty(call: Call) -> exp.Expr:
    tree, value = call.args[0], call.values[0]
    nothing: exp.Expr = exp.Is(this=tree, expression=exp.null())
    if value.type is Type.TEXT:
        blank = exp.EQ(this=tree.copy(), expression=exp.Literal.string(""))
        nothing = exp.paren(exp.or_(nothing, blank, copy=False), copy=False)
    return nothing


def _if(call: Call) -> exp.Expr:
    return case([(call.args[0], call.args[1])], call.args[2] if len(call.args) > 2 else None)


def _nullif(call: Call) -> exp.Expr:
    return exp.Nullif(this=call.args[0], expression=call.args[1])


def _rank_of(call: Call) -> exp.Expr:
    value, *choices = call.args
    branches: list[tuple[exp.Expr, exp.Expr]] = [
        (exp.EQ(this=value.copy(), expression=choice), constant(position, Type.INTEGER))
        for position, choice in enumerate(choices, start=1)
    ]
    return case(branches)


def _split_part(call: Call) -> exp.Expr:
    text, separator, position = call.args
    return exp.Nullif(
        this=exp.SplitPart(this=text, delimiter=separator, part_index=position),
        expression=exp.Literal.string(""),
    )


def _hash_share(call: Call) -> exp.Expr:
    key, salt, share = call.args[0], call.values[1].literal, call.values[2].literal
    digest = exp.MD5(
        this=exp.DPipe(this=constant(salt, Type.TEXT), expression=cast(key, Type.TEXT))
    )
    return below_share(exp.Left(this=digest, expression=exp.Literal.number(8)), float(str(share)))


def below_share(bucket: exp.Expr, percent: float) -> exp.Expr:
    """Whether an 8-digit hexadecimal bucket, as text, lies in the first `percent` of 100."""
    limit = round(percent / 100 * 16**8)
    if limit <= 0:
        return exp.false()
    if limit >= 16**8:
        return exp.true()
    return exp.LT(this=bucket, expression=exp.Literal.string(f"{limit:08x}"))


def _one(node: type[exp.Expr]):  # type: ignore[no-untyped-def]
    return lambda call: node(this=call.args[0])


def _substring(call: Call) -> exp.Expr:
    length = call.args[2] if len(call.args) > 2 else None
    return exp.Substring(this=call.args[0], start=call.args[1], length=length)


_PART = Parameter("part", "text")
_SIZE = Parameter("characters", "integer")

TEXTS: tuple[Function, ...] = (
    Function(
        "lower", (_TEXT,), "text", "The text in small letters.", "lower(email)", _one(exp.Lower)
    ),
    Function(
        "upper", (_TEXT,), "text", "The text in capitals.", "upper(last_name)", _one(exp.Upper)
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
        "length",
        (_TEXT,),
        "integer",
        "The number of characters.",
        "length(mobile) >= 10",
        lambda call: cast(exp.Length(this=call.args[0]), Type.INTEGER),
        ("len",),
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
        "replace",
        (_TEXT, _PART, Parameter("by", "text")),
        "text",
        "The text with every occurrence of the part replaced.",
        "replace(mobile, ' ', '')",
        lambda call: exp.Replace(
            this=call.args[0], expression=call.args[1], replacement=call.args[2]
        ),
    ),
    Function(
        "substring",
        (_TEXT, Parameter("start", "integer"), Parameter("length", "integer", True)),
        "text",
        "Part of the text; the first character is 1.",
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
        lambda call: exp.Left(this=call.args[0], expression=call.args[1]),
    ),
    Function(
        "right",
        (_TEXT, _SIZE),
        "text",
        "The last characters.",
        "right(mobile, 4)",
        lambda call: exp.Right(this=call.args[0], expression=call.args[1]),
    ),
    Function(
        "concat",
        (Parameter("text", "text", many=True),),
        "text",
        "The texts one after another; empty ones count as ''.",
        "concat(first_name, ' ', last_name)",
        _concat,
    ),
    Function(
        "coalesce",
        (Parameter("value", ANY, many=True),),
        ANY,
        "The first value that is not empty.",
        "coalesce(billing_email, email)",
        lambda call: coalesce(*call.args),
        kind="choice",
    ),
    Function(
        "nullif",
        (Parameter("value", ANY), Parameter("nothing", ANY)),
        ANY,
        "Empty when both are equal, else the first.",
        "nullif(city, 'n/a')",
        _nullif,
        kind="choice",
    ),
    Function(
        "is_empty",
        (Parameter("value", FREE),),
        "boolean",
        "Whether there is no value; a text without characters is none.",
        "is_empty(email)",
        _is_empty,
        kind="choice",
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
        "split_part",
        (_TEXT, Parameter("separator", "text"), Parameter("position", "integer")),
        "text",
        "The part at a position (the first is 1), empty beyond the last.",
        "split_part(email, '@', 2)",
        _split_part,
    ),
    Function(
        "if",
        (
            Parameter("condition", "boolean"),
            Parameter("then", ANY),
            Parameter("else", ANY, optional=True),
        ),
        ANY,
        "One value when the condition holds, the other (or nothing) when not.",
        "if(tier = 'gold', 10, 5)",
        _if,
        kind="choice",
    ),
    Function(
        "rank_of",
        (Parameter("value", ANY), Parameter("choice", ANY, many=True, constant=True)),
        "integer",
        "1 for the first choice, 2 for the second …; empty for any other value.",
        "rank_of(tier, 'gold', 'silver')",
        _rank_of,
        kind="choice",
    ),
    Function(
        "hash_share",
        (
            Parameter("value", FREE),
            Parameter("salt", "text", constant=True),
            Parameter("percent", "number", constant=True),
        ),
        "boolean",
        "True for that share of all values, the same ones every time.",
        "hash_share(customer_id, 'panel', 10)",
        _hash_share,
        kind="choice",
    ),
)
