"""Have the running clock look now, not at its next tick, and start what it asks for.

It spares seconds; the clock does the same at its next tick when this fails. The webserver is asked
to evaluate the sensor and to launch the runs, as the "test sensor" page of Dagster does.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from campanile.operations.hosting.graphql import ask
from campanile.operations.hosting.reload import LOCATION
from campanile.operations.hosting.stack import running_stack

CLOCK: Final = "campaign_clock"
_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 20
_WHERE = {"repositoryName": LOCATION, "repositoryLocationName": LOCATION}
_EVALUATE = """
mutation Poke($sensor: SensorSelector!) {
  sensorDryRun(selectorData: $sensor, cursor: null) {
    __typename
    ... on DryRunInstigationTick { evaluationResult { error { message } runRequests {
      runKey jobName runConfigYaml tags { key value } assetSelection { path } } } }
  }
}
"""
_KNOWN = """
query Known($keys: [ExecutionTag!]) {
  runsOrError(filter: {tags: $keys}, limit: 1) { ... on Runs { results { runId } } }
}
"""
_LAUNCH = """
mutation Launch($runs: [ExecutionParams!]!) {
  launchMultipleRuns(executionParamsList: $runs) {
    ... on LaunchMultipleRunsResult { launchMultipleRunsResult {
      __typename ... on Error { message } } }
  }
}
"""


def poke_clock(state: Path, deployed: str | None = None) -> int:
    """Let the clock tick once more and launch what is due; returns how many runs that were.

    0 also when nothing serves the project, or the webserver (of the stack, or `deployed`) does not
    do it. A run that Dagster knows by its key already is not launched again.
    """
    stack = running_stack(state)
    url = stack.url if stack is not None else deployed
    if url is None:
        return 0
    try:
        found = _ask(url, _EVALUATE, {"sensor": {**_WHERE, "sensorName": CLOCK}})
        evaluated = found["sensorDryRun"].get("evaluationResult") or {}
        asked = [each for each in evaluated.get("runRequests") or [] if not _is_known(url, each)]
        if asked:
            _ask(url, _LAUNCH, {"runs": [_run_of(each) for each in asked]})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _LOG.info("The clock was not poked, it ticks by itself: %s", error)
        return 0
    return len(asked)


def _run_of(request: Mapping[str, Any]) -> dict[str, Any]:
    tags = [
        *request["tags"],
        {"key": "dagster/run_key", "value": request["runKey"]},
        {"key": "dagster/sensor_name", "value": CLOCK},
    ]
    return {
        "selector": {
            **_WHERE,
            "jobName": request["jobName"],
            "assetSelection": request["assetSelection"],
        },
        "runConfigData": request["runConfigYaml"],
        "executionMetadata": {"tags": list({tag["key"]: tag for tag in tags}.values())},
    }


def _is_known(url: str, request: Mapping[str, Any]) -> bool:
    keys: Sequence[Mapping[str, str]] = [{"key": "dagster/run_key", "value": request["runKey"]}]
    return bool(_ask(url, _KNOWN, {"keys": keys})["runsOrError"]["results"])


def _ask(url: str, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    reply = ask(url, query, variables, seconds=_TIMEOUT_SECONDS)
    if reply.get("errors"):
        raise ValueError(str(reply["errors"])[:300])
    found: dict[str, Any] = reply["data"]
    return found
