"""Chance that repeats: a hash of a row's key, the same on all engines."""

from collections.abc import Sequence

from sqlglot import exp

from campanile.relations.sql import ROW, cast, column
from campanile.relations.types import Type


def chance(columns: Sequence[str], salt: str) -> exp.Expr:
    """Return the first eight hexadecimal digits of md5(salt, columns)."""
    text: exp.Expr = exp.Literal.string(salt)
    for name in columns:
        text = exp.DPipe(this=text, expression=exp.Literal.string("\x1f"), safe=True)
        plain = exp.Coalesce(
            this=cast(column(name, ROW), Type.TEXT), expressions=[exp.Literal.string("")]
        )
        text = exp.DPipe(this=text, expression=plain, safe=True)
    return exp.Left(this=exp.MD5(this=text), expression=exp.Literal.number(8))
