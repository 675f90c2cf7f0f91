"""Our column types as Arrow has them."""

from collections.abc import Mapping

import pyarrow.lib as pa

from campanile.relations.types import Schema, Type

ARROW: Mapping[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: pa.timestamp("us"),
    Type.LINES: pa.string(),
}


def arrow_schema(schema: Schema) -> pa.Schema:
    """The columns in order."""
    return pa.schema([(name, ARROW[type_]) for name, type_ in schema.items()])
