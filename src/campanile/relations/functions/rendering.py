"""Pieces of SQL that SQLGlot has no common node for, written out for each engine."""

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.generator import Generator


class ByteLength(exp.Expression, exp.Func):
    """The number of bytes of a text in UTF-8."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class Sha256(exp.Expression, exp.Func):
    """The SHA-256 digest of a text in UTF-8, in hexadecimal digits."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class Microseconds(exp.Expression, exp.Func):
    """Microseconds of a UTC timestamp since 1970."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class WordInitials(exp.Expression, exp.Func):
    """The text with the first letter of what stands between `separator`s as a capital."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "separator": True}


class FullNumberText(exp.Expression, exp.Func):
    """A fraction in the shortest digits that give it back, in the form the engine prefers."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class Group(exp.Expression, exp.Func):
    """The first group of a pattern in a text; NULL when the pattern is not found."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "pattern": True}


_FORMS: Mapping[type[exp.Func], Mapping[str, str]] = {
    ByteLength: {
        "duckdb": "STRLEN({this})",
        "postgres": "OCTET_LENGTH({this})",
        "spark": "OCTET_LENGTH({this})",
    },
    Sha256: {
        "duckdb": "SHA256({this})",
        "postgres": "ENCODE(SHA256(CONVERT_TO({this}, 'UTF8')), 'hex')",
        "spark": "SHA2({this}, 256)",
    },
    Microseconds: {
        "duckdb": "EPOCH_US({this})",
        "postgres": "CAST(EXTRACT(EPOCH FROM {this}) * 1000000 AS BIGINT)",
        "spark": "UNIX_MICROS(CAST({this} AS TIMESTAMP))",
    },
    WordInitials: {
        "duckdb": "ARRAY_TO_STRING(LIST_TRANSFORM(STRING_SPLIT({this}, {separator}), "
        "LAMBDA word: UPPER(LEFT(word, 1)) || SUBSTRING(word, 2)), {separator})",
        "postgres": "(SELECT STRING_AGG(UPPER(LEFT(word, 1)) || SUBSTRING(word FROM 2), "
        "{separator} ORDER BY place) FROM UNNEST(STRING_TO_ARRAY({this}, {separator})) "
        "WITH ORDINALITY AS parts(word, place))",
        "spark": "ARRAY_JOIN(TRANSFORM(SPLIT({this}, {separator}), "
        "word -> CONCAT(UPPER(LEFT(word, 1)), SUBSTRING(word, 2))), {separator})",
    },
    FullNumberText: {
        "duckdb": "CAST({this} AS TEXT)",
        "postgres": "CAST({this} AS TEXT)",
        "spark": "CASE WHEN ABS({this}) >= 0.0001 AND ABS({this}) < 1E15 "
        "THEN TRIM(TRAILING '0' FROM CAST(CAST({this} AS DECIMAL(38, 22)) AS STRING)) "
        "WHEN ABS({this}) >= 1 "
        "THEN REPLACE(REPLACE(LOWER(CAST({this} AS STRING)), '.0e', 'e'), 'e', 'e+') "
        "ELSE REGEXP_REPLACE(REPLACE(LOWER(CAST({this} AS STRING)), '.0e', 'e'), "
        "'e-([0-9])$', 'e-0$1') END",
    },
    Group: {
        "duckdb": "CASE WHEN REGEXP_MATCHES({this}, {pattern}) "
        "THEN REGEXP_EXTRACT({this}, {pattern}, 1) END",
        "postgres": "SUBSTRING({this} FROM {pattern})",
        "spark": "CASE WHEN {this} RLIKE {pattern} THEN REGEXP_EXTRACT({this}, {pattern}, 1) END",
    },
}


# Spark's FLOOR and CEIL of a fraction are whole numbers of 64 bits, and stop where it is longer.
_SPARK_STEPS = {
    exp.Floor: "CASE WHEN ABS({this}) < 9E18 THEN FLOOR({this}) ELSE {this} END",
    exp.Ceil: "CASE WHEN ABS({this}) < 9E18 THEN CEIL({this}) ELSE {this} END",
}


def _teach() -> None:
    """Enter the forms into the generators of the three engines."""
    for engine in ("duckdb", "postgres", "spark"):
        transforms = Dialect.get_or_raise(engine).generator_class.TRANSFORMS
        for node, forms in _FORMS.items():
            transforms[node] = _writer(forms[engine])
    spark = Dialect.get_or_raise("spark").generator_class.TRANSFORMS
    spark[exp.JSONObject] = _spark_json
    for step, form in _SPARK_STEPS.items():
        spark[step] = _writer(form)


def _spark_json(generator: Generator, node: exp.JSONObject) -> str:
    """An object with its empty values, as the others write it."""
    pairs = ", ".join(
        f"{generator.sql(pair, 'this')}, {generator.sql(pair, 'expression')}"
        for pair in node.expressions
    )
    return f"TO_JSON(NAMED_STRUCT({pairs}), MAP('ignoreNullFields', 'false'))"


def _writer(form: str):  # type: ignore[no-untyped-def]
    def write(generator: Generator, node: exp.Expr) -> str:
        return form.format(**{name: generator.sql(node, name) for name in node.arg_types})

    return write


_teach()
