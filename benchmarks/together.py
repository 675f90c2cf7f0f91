"""Three campaigns and retargeting at once, on one machine: no lock error, and a quick tracker."""

import json
import tempfile
from importlib import resources
from pathlib import Path

from benchmarks.figures import Claim, Claims
from campanile.demo.performance import Performance
from campanile.demo.stage import Stage

_LONGEST_SECONDS = 900.0
_LOCK_WORDS = ("database is locked", "could not set lock", "database table is locked")
_GOAL_SECONDS = 0.05  # 99th percentile of an answer of the tracking service


def prove(customers: int = 6_000) -> list[Claim]:
    """Run the demonstration and look at what its processes said and how long visits took."""
    claims = Claims("together")
    with (
        resources.as_file(resources.files("campanile.demo") / "project") as template,
        tempfile.TemporaryDirectory(prefix="campanile-together-") as place,
        Stage.open(template, Path(place) / "project") as stage,
    ):
        project = stage.project()
        performance = Performance(project, project.clock())
        performance.load_shop(customers, 7, lambda _: None)
        performance.publish()
        stage.start_stack()
        performance.wait(_LONGEST_SECONDS, lambda _: None, stage.ended)
        accounts = performance.accounts()
        claims.true("every account closes", all(a.is_closed for a in accounts), len(accounts))
        claims.equal("no lock error in any log", _lock_errors(stage), [])
        visits = [json.loads(line) for line in stage.visits.read_text().splitlines()]
        refused = [visit for visit in visits if visit["status"] >= 400]
        claims.equal("every visit is answered", len(refused), 0)
        p99 = sorted(visit["seconds"] for visit in visits)[int(len(visits) * 0.99)]
        found = {"p99_ms": round(p99 * 1000, 1), "visits": len(visits)}
        claims.true("tracking answers within 50 ms (99th percentile)", p99 < _GOAL_SECONDS, found)
    return claims.made


def _lock_errors(stage: Stage) -> list[str]:
    return [
        f"{log.name}: {line.strip()[:200]}"
        for log in sorted(stage.processes.log("any").parent.glob("*.log"))
        for line in log.read_text(errors="replace").splitlines()
        if any(word in line.lower() for word in _LOCK_WORDS)
    ]
