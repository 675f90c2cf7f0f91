"""The crash proof: everything is killed with -9 while a delivery is under way, then started again.

The SMTP sink is somebody else's machine: it stays, and judges what was sent.
"""

import json
import tempfile
import time
import urllib.request
from collections import Counter
from importlib import resources
from pathlib import Path

from benchmarks.figures import Claim, Claims
from campanile.channels.sink import read_record
from campanile.demo.performance import Performance
from campanile.demo.stage import Stage
from campanile.errors import EngineError

_SLOW = json.dumps({"kind": "delay", "seconds": 0.04})
_LONGEST_SECONDS = 900.0
_UNFINISHED = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")
_RUNS = """query Unfinished($statuses: [RunStatus!]) {
  runsOrError(filter: {statuses: $statuses}) { ... on Runs { results { runId jobName status } } }
}"""


def prove(customers: int = 2_000) -> list[Claim]:
    """Kill and restart the demonstration in the middle of its largest delivery."""
    claims = Claims("kill_stack")
    with (
        resources.as_file(resources.files("campanile.demo") / "project") as template,
        tempfile.TemporaryDirectory(prefix="campanile-kill-stack-") as place,
        Stage.open(template, Path(place) / "project", faults=[_SLOW]) as stage,
    ):
        project = stage.project()
        performance = Performance(project, project.clock())
        performance.load_shop(customers, 7, lambda _: None)
        performance.publish()
        stage.start_stack()
        sent = _wait_for_sending(stage)
        stage.crash()
        claims.true("it was killed while a delivery was under way", sent > 0, sent)
        stage.start_surroundings()
        stage.start_stack()
        performance.wait(_LONGEST_SECONDS, lambda _: None, stage.ended)
        accounts = performance.accounts()
        claims.true("all campaigns finish", True, [a.campaign for a in accounts])
        claims.true("every account closes", all(a.is_closed for a in accounts), len(accounts))
        _claim_messages(claims, stage, sum(a.account.sent for a in accounts), _in_flight(stage))
        left = _unfinished_runs(stage)
        claims.equal("no Dagster run stays unfinished", left, [])
    return claims.made


def _claim_messages(claims: Claims, stage: Stage, sent: int, in_flight: int) -> None:
    copies = Counter(row["message_id"] for row in read_record(stage.record))
    doubles = sum(number - 1 for number in copies.values())
    claims.equal("what the ledger calls sent, the sink has", len(copies), sent)
    claims.true("doubles stay within the published bound", doubles <= in_flight, doubles)


def _in_flight(stage: Stage) -> int:
    """Messages that a kill may double: connections times processes, of two send runs at most."""
    project = stage.project()
    connections = max(each.connections for each in project.connections.values())
    return 2 * connections * project.processes


def _wait_for_sending(stage: Stage, enough: int = 60, seconds: float = 240) -> int:
    """Return how many messages the sink has once it has `enough`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        count = stage.record.read_bytes().count(b"\n")
        if count >= enough:
            return count
        time.sleep(0.1)
    raise EngineError(f"nothing was sent for {seconds:.0f} s.")


def _unfinished_runs(stage: Stage, seconds: float = 120) -> list[dict[str, str]]:
    """Runs that Dagster does not call finished, once it has had time to notice."""
    deadline = time.monotonic() + seconds
    while True:
        request = urllib.request.Request(
            f"{stage.dagster_url}/graphql",
            data=json.dumps({"query": _RUNS, "variables": {"statuses": _UNFINISHED}}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: list[dict[str, str]] = json.load(answer)["data"]["runsOrError"]["results"]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(2)
