"""Checks of an activity -> asset checks: shown beside the asset, and never in anybody's way.

None is blocking: our store holds the execution, and Dagster only shows that it does.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from campanile.operations.executing.segment_run import CommittedOutput, Part
from campanile.orchestration import keys
from campanile.orchestration.shapes import ActivityShape


def checked_asset(activity: ActivityShape, part: Part, drawn: Sequence[str]) -> str | None:
    """The name of the asset that an activity's checks are shown at, where this step makes it."""
    if not activity.checks or (activity.channel and part != "plan"):
        return None
    name = keys.plan_name(activity.name) if part == "plan" else activity.name
    return name if name in drawn else None


def build_check_specs(
    folder: str, activity: ActivityShape, asset: str | None
) -> list[dg.AssetCheckSpec]:
    """Describe the checks of an activity."""
    if asset is None:
        return []
    return [
        dg.AssetCheckSpec(
            name=_name(number, kind),
            asset=keys.asset_key(folder, asset),
            description=f"`{rule}`: when false, {_follows(kind)}.",
            blocking=False,
        )
        for number, (kind, rule) in enumerate(activity.checks, 1)
    ]


def check_results(
    folder: str, activity: ActivityShape, output: CommittedOutput
) -> Iterator[dg.AssetCheckResult]:
    """Tell what each check found; of a path that was not reached, that it was not asked."""
    found = output.details.get("checks", ())
    for number, (kind, _) in enumerate(activity.checks, 1):
        one = found[number - 1] if number <= len(found) else None
        yield dg.AssetCheckResult(
            check_name=_name(number, kind),
            asset_key=keys.asset_key(folder, output.asset),
            passed=one is None or one["passed"],
            severity=dg.AssetCheckSeverity.WARN if kind == "warn" else dg.AssetCheckSeverity.ERROR,
            metadata=_facts(one),
        )


def _facts(one: Mapping[str, Any] | None) -> dict[str, Any]:
    if one is None:
        return {"found": "not asked: there was nothing to check"}
    return {"found": one["sentence"], **{f"seen: {k}": v for k, v in _numbers(one)}}


def _numbers(one: Mapping[str, Any]) -> Iterator[tuple[str, int | float]]:
    for call, value in one["seen"].items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield call, value


def _name(number: int, kind: str) -> str:
    return f"{kind}_{number}"


def _follows(kind: str) -> str:
    if kind == "hold":
        return "the execution is held until somebody approves it"
    return "it is told, and goes on"
