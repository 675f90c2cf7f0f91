"""The text form of a key: what messages, feedback and memory know a row or a person by."""

from collections.abc import Sequence

from sqlglot import exp

from campanile.relations.relation import Relation
from campanile.relations.sql import ROW, cast, column
from campanile.relations.types import Type
from campanile.relations.values import Compiled

SEPARATOR = chr(31)


def key_text(columns: Sequence[str]) -> Compiled:
    """The values of `columns` of a row as one text; parts of a composite key are joined."""
    parts: list[exp.Expr] = [cast(column(name, ROW), Type.TEXT) for name in columns]
    tree: exp.Expr = parts[0]
    for part in parts[1:]:
        glue = exp.DPipe(this=tree, expression=exp.Literal.string(SEPARATOR), safe=True)
        tree = exp.DPipe(this=glue, expression=part, safe=True)
    return Compiled(tree, tree, Type.TEXT)


def with_key_text(rows: Relation, columns: Sequence[str], alias: str) -> Relation:
    """`rows` with the text form of a key as the column `alias`."""
    return rows.derive({alias: key_text(columns)})
