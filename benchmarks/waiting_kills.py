"""Waiting executions whose clock and workers are killed with -9 again and again: each goes on once.

    python -m benchmarks.waiting_kills --executions 40 --kills 10

Every execution waits, saves its people, alerts, and starts another campaign. The process that does
it all is killed at random instants and started again. Prints one line of JSON for each claim.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from benchmarks.figures import Claim, Claims
from campanile.demo.in_process import run_segment
from campanile.errors import CampanileError
from campanile.operations.authoring.signals import send_signal
from campanile.operations.authoring.versions import apply_campaign, publish
from campanile.operations.entities.loading.load import load_file
from campanile.operations.project import Project
from campanile.operations.scheduling.clock import run_ended, started_runs, tick
from campanile.settings.project import open_project
from campanile.store.execution_rows import Execution

_LONGEST_SECONDS = 900.0
_PEOPLE = 20
_TRANSITIONS = 6
_FILES = {
    "campanile.yaml": "name: waits\ntimezone: UTC\n",
    "channels.yaml": "{}\n",
    "catalog/waits.yaml": """\
entities:
  customer: {source: {loaded: true}, key: id, columns: {id: integer, seen_in: text}}
dimensions:
  customer: {default: true}
""",
    "campaigns/waits.yaml": """\
name: waits
schedule: {signal: true, overlap: allow}
parameters: {rest: {type: text, default: 5 seconds}, number: {type: integer}}
activities:
  people: {type: build_audience}
  numbered: {type: enrichment, from: people, add: {number: param.number}}
  rest: {type: wait, from: numbered, for: param.rest}
  saved:
    type: save_audience
    from: rest
    audience: rested
    columns: {number: number}
  tell: {type: alert, from: saved, title: Rested}
  over: {type: end, from: tell, signal: {campaign: follows, with: {number: "{{ param.number }}"}}}
""",
    "campaigns/follows.yaml": """\
name: follows
schedule: {signal: true, overlap: allow}
parameters: {number: {type: integer}}
activities:
  people: {type: build_audience}
""",
}


def prove(executions: int = 40, kills: int = 10, seed: int = 7) -> list[Claim]:
    """Start the executions, kill whoever moves them on, and look at what became of them."""
    claims, chance = Claims("waiting_kills"), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="campanile-waiting-kills-") as place:
        project = _project(Path(place))
        try:
            for number in range(executions):
                given = {"rest": f"{chance.randint(1, 30)} seconds", "number": number}
                send_signal(project, "waits", given, actor="proof")
            killed = _kill_and_restart(project, kills, executions, chance)
            claims.equal("it was killed so often", killed, kills)
            _judge(claims, project, executions)
        finally:
            project.store.close()
    return claims.made


def _project(folder: Path) -> Project:
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    project = open_project(folder)
    rows = "".join(f"{number},here\n" for number in range(_PEOPLE))
    (folder / "customers.csv").write_text(f"id,seen_in\n{rows}")
    load_file(project, "customer", folder / "customers.csv", actor="proof")
    for name in ("follows", "waits"):
        apply_campaign(project, name, actor="proof")
        publish(project, name, actor="proof")
    return project


def _kill_and_restart(project: Project, kills: int, executions: int, chance: random.Random) -> int:
    """Keep a worker up until all is over, but for `kills` times; returns how many those were."""
    deadline, killed = time.monotonic() + _LONGEST_SECONDS, 0
    while not _is_over(project, executions):
        if time.monotonic() > deadline:
            break
        worker = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.waiting_kills", "--work", str(project.folder)]
        )
        lives_until = time.monotonic() + (chance.uniform(3, 9) if killed < kills else 1e9)
        while worker.poll() is None and not _is_over(project, executions):
            if time.monotonic() > min(lives_until, deadline):
                break
            time.sleep(0.2)
        if worker.poll() is None:
            worker.send_signal(signal.SIGKILL)
            killed += not _is_over(project, executions)
        worker.wait()
    return killed


def _is_over(project: Project, executions: int) -> bool:
    begun = len(project.store.executions.of_campaign("follows", limit=10 * executions))
    return begun >= executions and not project.store.executions.open_executions()


def _work(folder: Path) -> None:
    """Be the clock and the workers in one process: what Dagster's daemon and runs do together."""
    project = open_project(folder)
    for started in started_runs(project):  # of a process that is gone
        run_ended(project, started, "missing")
    while True:
        requests = tick(project, project.clock()).segments
        for request in requests:
            with suppress(CampanileError):
                run_segment(project, request)
        for started in started_runs(project) if requests else ():
            run_ended(project, started, "failure")
        time.sleep(0.2)


def _judge(claims: Claims, project: Project, executions: int) -> None:
    store = project.store
    waits = store.executions.of_campaign("waits", limit=10 * executions)
    follows = store.executions.of_campaign("follows", limit=10 * executions)
    claims.equal("every execution finished", _statuses(waits), {"finished": executions})
    claims.equal("each started the other campaign once", len(follows), executions)
    claims.equal("and with its own number", _numbers(follows), list(range(executions)))
    claims.equal("which finished", _statuses(follows), {"finished": executions})
    claims.equal("each told once", len(store.alerts.newest(limit=10_000)), executions)
    saved = store.audiences.current()["rested"].version
    claims.equal("each saved its people once", saved, executions)
    versions = Counter(
        len(store.manifests.history(one.id, transition))
        for one in waits
        for transition in store.manifests.committed(one.id)
    )
    claims.equal(
        "every transition was committed once", dict(versions), {1: _TRANSITIONS * executions}
    )
    attempts = sum(row.attempt - 1 for one in waits for row in store.segments.of_execution(one.id))
    claims.true("segments were tried again", attempts > 0, attempts)


def _statuses(found: tuple[Execution, ...]) -> dict[str, int]:
    return dict(Counter(one.status for one in found))


def _numbers(found: tuple[Execution, ...]) -> list[int]:
    return sorted(int(one.parameters["number"]) for one in found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--executions", type=int, default=40)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work is not None:
        os.setpriority(os.PRIO_PROCESS, 0, 5)
        _work(given.work)
    return 0 if all(one.holds for one in prove(given.executions, given.kills, given.seed)) else 1


if __name__ == "__main__":
    sys.exit(main())
