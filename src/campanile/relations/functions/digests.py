"""Digests of values, and chance made of them: the same for the same row, each time."""

from sqlglot import exp

from campanile.relations.functions.conversions import number_text
from campanile.relations.functions.limits import added, number, text
from campanile.relations.functions.rendering import Sha256
from campanile.relations.functions.search import position_of
from campanile.relations.functions.text import joined
from campanile.relations.parse import refusal
from campanile.relations.signatures import FREE, Call, Function, Parameter
from campanile.relations.sql import cast, coalesce, constant
from campanile.relations.types import Type

_TEXT = Parameter("text", "text")
_DIGITS = "123456789abcdef"  # the place of a digit in it is the digit's value; of 0 it is 0


def _hash_share(call: Call) -> exp.Expr:
    key, salt, share = call.values[0], call.values[1].literal, call.values[2].literal
    is_number = key.type is Type.NUMBER  # engines write fractions in several ways
    written = number_text(call.args[0]) if is_number else cast(call.args[0], Type.TEXT)
    digest = exp.MD5(this=exp.DPipe(this=constant(salt, Type.TEXT), expression=written))
    return below_share(exp.Left(this=digest, expression=number(8)), float(str(share)))


def below_share(bucket: exp.Expr, percent: float) -> exp.Expr:
    """Whether an 8-digit hexadecimal bucket, as text, lies in the first `percent` of 100."""
    limit = round(percent / 100 * 16**8)
    if limit <= 0:
        return exp.false()
    if limit >= 16**8:
        return exp.true()
    return exp.LT(this=bucket, expression=text(f"{limit:08x}"))


def _of_the_row(call: Call) -> exp.Expr:
    """MD5 of the salt and the row's key, as `Relation.hash_value` makes it."""
    salt = str(call.values[0].literal) if call.args else ""
    if not call.row_key:
        raise refusal(
            "no_key", "These rows have no key, so chance could not repeat.", "Use hash_share()."
        )
    parts: list[exp.Expr] = [text(salt)]
    for part in call.row_key:
        parts += [text("\x1f"), coalesce(cast(part.copy(), Type.TEXT), text(""))]
    return exp.MD5(this=joined(parts))


def _chance(call: Call) -> exp.Expr:
    """Eight hexadecimal digits as a fraction, without an engine's own conversion."""
    digest = _of_the_row(call)
    values = []
    for place in range(1, 9):
        digit = exp.Substring(this=digest.copy(), start=number(place), length=number(1))
        value = cast(position_of(text(_DIGITS), digit), Type.NUMBER)
        weight = cast(number(repr(16.0**-place)), Type.NUMBER)
        values.append(exp.Mul(this=value, expression=weight))
    return added(values)


def _uuid(call: Call) -> exp.Expr:
    """Version 8 of RFC 9562: digits of one's own making, from MD5."""
    digest = _of_the_row(call)

    def piece(start: int, length: int) -> exp.Expr:
        return exp.Substring(this=digest.copy(), start=number(start), length=number(length))

    parts = [piece(1, 8), text("-"), piece(9, 4), text("-8"), piece(14, 3), text("-a")]
    return joined([*parts, piece(18, 3), text("-"), piece(21, 12)])


def _sha(call: Call) -> exp.Expr:
    return Sha256(this=call.args[0])


def _md5(call: Call) -> exp.Expr:
    return exp.MD5(this=call.args[0])


_SALT = Parameter("salt", "text", optional=True, constant=True)

DIGESTS: tuple[Function, ...] = (
    Function(
        "md5",
        (_TEXT,),
        "text",
        "The MD5 digest of the text in 32 small hexadecimal digits; no protection for addresses.",
        "md5(lower(email))",
        _md5,
        kind="digest",
    ),
    Function(
        "sha256",
        (_TEXT,),
        "text",
        "The SHA-256 digest of the text in 64 small hexadecimal digits.",
        "sha256(lower(trim(email)))",
        _sha,
        kind="digest",
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
        kind="digest",
    ),
    Function(
        "chance",
        (_SALT,),
        "number",
        "A number from 0 up to 1 for each row, the same every time; another one for another salt.",
        "chance('lottery') < 0.1",
        _chance,
        kind="digest",
    ),
    Function(
        "uuid",
        (_SALT,),
        "text",
        "An identifier of the row in the form of a UUID, the same every time.",
        "uuid('voucher')",
        _uuid,
        kind="digest",
    ),
)
