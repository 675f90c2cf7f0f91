"""What a committed output tells about itself in Dagster: never a row of anybody's data."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from campanile.operations.executing.segment_run import CommittedOutput

_DAGSTER_TYPES = {
    "integer": "bigint",
    "number": "double",
    "timestamp": "timestamp (UTC)",
    "lines": "json",
}


def describe_output(output: CommittedOutput, mode: str, waits_for: str) -> dict[str, Any]:
    """List the facts of `output` as they are to be read: mode and rows first, SQL last."""
    facts: dict[str, Any] = {
        "mode": "LIVE" if mode == "live" else "TEST, nothing was sent",
        "rows": f"{output.rows_in:,} in → {output.rows:,} out",
    }
    if waits_for:
        facts["waits for"] = waits_for
    facts["reached"] = "yes" if output.reached else f"not reached: {output.reason}"
    if output.reused:
        facts["reused"] = "yes: committed before; materialising again changes nothing"
    facts["dagster/row_count"] = output.rows
    facts["table"] = f"work__{output.asset}"
    facts["seconds"] = round(output.seconds, 3)
    facts.update(_describe_checks(output.details.get("checks", ())))
    plain = {name: value for name, value in output.details.items() if name != "checks"}
    facts.update(describe_details(plain))
    facts["dagster/column_schema"] = _column_schema(output.schema)
    if output.sql:
        facts["sql"] = dg.MetadataValue.md(f"```sql\n{output.sql}\n```")
    return facts


def _describe_checks(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One line for each check: whether it holds, and the numbers it saw."""
    return {
        f"check {number} ({one['kind']})": one["sentence"] for number, one in enumerate(results, 1)
    }


def describe_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """Turn an activity's figures into metadata; numbers stay numbers, so that they plot.

    A mapping such as {"no_address": 3} under "excluded" becomes "excluded: no_address".
    """
    facts: dict[str, Any] = {}
    for name, value in details.items():
        if isinstance(value, Mapping):
            facts.update({f"{name}: {inner}": _plain(v) for inner, v in value.items()})
        elif value is not None:
            facts[name] = _plain(value)
    return facts


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return str(value)


def _column_schema(schema: Mapping[str, Any]) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.table_schema(
        dg.TableSchema(
            columns=[
                dg.TableColumn(name=name, type=_DAGSTER_TYPES.get(str(kind), str(kind)))
                for name, kind in schema.items()
            ]
        )
    )
