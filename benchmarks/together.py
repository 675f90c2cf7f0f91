"""All at once on one machine: campaigns, retargeting, a large plan; no lock error, quick answer."""

import csv
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.figures import Claim, Claims
from campanile.demo.performance import Performance
from campanile.demo.recipients import Visit
from campanile.demo.stage import Stage
from campanile.demo.stock import ACTOR
from campanile.demo.visiting import Visitor
from campanile.operations.authoring.versions import apply_campaign, publish
from campanile.operations.entities.loading.load import load_file
from campanile.operations.project import Project
from campanile.store.ledger_tables import delivery, message

_CROWD = Path(__file__).parent / "crowd"
_LONGEST_SECONDS = 1200.0
_LOCK_WORDS = ("database is locked", "could not set lock", "database table is locked")
_GOAL_SECONDS = 0.05  # 99th percentile of an answer of the tracking service
_PACE_SECONDS = 0.02


def prove(customers: int = 6_000, crowd: int = 200_000) -> list[Claim]:
    """Run the demonstration beside a plan of `crowd` messages; look at logs and answers."""
    claims = Claims("together")
    with (
        resources.as_file(resources.files("campanile.demo") / "project") as template,
        tempfile.TemporaryDirectory(prefix="campanile-together-") as place,
    ):
        shutil.copytree(template, Path(place) / "template")
        shutil.copytree(_CROWD, Path(place) / "template", dirs_exist_ok=True)
        with Stage.open(Path(place) / "template", Path(place) / "project") as stage:
            _prove(claims, stage, customers, crowd)
    return claims.made


def _prove(claims: Claims, stage: Stage, customers: int, crowd: int) -> None:
    project = stage.project()
    performance = Performance(project, project.clock())
    performance.load_shop(customers, 7, lambda _: None)
    load_file(project, "prospect", _prospects(project.state / "prospect.csv", crowd), actor=ACTOR)
    stage.start_stack()
    performance.publish()
    apply_campaign(project, "crowd", actor=ACTOR)
    publish(project, "crowd", actor=ACTOR)
    with _steady_visits(project, stage.tracking_url) as steady:
        performance.wait(_LONGEST_SECONDS, lambda _: None, stage.ended)
        planned = _planned(project, crowd)
    accounts = performance.accounts()
    claims.true("every account closes", all(a.is_closed for a in accounts), len(accounts))
    claims.equal(
        "the crowd is planned, and nobody of it was written to", planned, {"waiting": crowd}
    )
    claims.equal("no lock error in any log", _lock_errors(stage), [])
    visits = [json.loads(line) for line in stage.visits.read_text().splitlines()]
    answers = [(visit["status"], visit["seconds"]) for visit in visits]
    _claim_quick(claims, "recipients", answers)
    _claim_quick(claims, "a steady stream of opens", steady)


def _claim_quick(claims: Claims, who: str, answers: list[tuple[int, float]]) -> None:
    refused = [status for status, _ in answers if status >= 400]
    claims.equal(f"every visit is answered: {who}", len(refused), 0)
    ranked = sorted(seconds for _, seconds in answers)
    p99 = ranked[int(len(ranked) * 0.99)]
    found = {"p99_ms": round(p99 * 1000, 1), "longest_ms": round(ranked[-1] * 1000, 1)}
    found["visits"] = len(ranked)
    claims.true(f"99 of 100 are answered within 50 ms: {who}", p99 < _GOAL_SECONDS, found)


def _prospects(file: Path, count: int) -> Path:
    with file.open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["prospect_id", "first_name", "email", "email_ok"])
        rows.writerows((n, f"N{n}", f"prospect{n}@crowd.example", "true") for n in range(count))
    return file


@contextmanager
def _steady_visits(project: Project, url: str) -> Iterator[list[tuple[int, float]]]:
    """Fetch pixels as a mail program's proxy does, one after the other, until the body ends."""
    answers: list[tuple[int, float]] = []
    over = threading.Event()
    visitor = Visitor(url, lambda _, status, seconds: answers.append((status, seconds)))

    def visit() -> None:
        ordinal = 0
        while not over.wait(_PACE_SECONDS):
            ordinal += 1
            pixel = f"{url}/o/{project.keys.sign('track', 1, ordinal % 1000)}.gif"
            visitor.visit(Visit(0.0, "opened", "prefetcher", "GET", pixel, "Mozilla/5.0"))

    thread = threading.Thread(target=visit)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()
        visitor.close()


def _planned(project: Project, crowd: int) -> dict[str, int]:
    """How many messages of the crowd there are by state, once its plan is complete."""
    ledger = project.store.databases["ledger"]
    query = (
        select(message.c.state, func.count())
        .join(delivery, delivery.c.id == message.c.delivery_id)
        .where(delivery.c.campaign == "crowd")
        .group_by(message.c.state)
    )
    deadline = time.monotonic() + _LONGEST_SECONDS
    while True:
        with ledger.read() as connection:
            found = dict(connection.execute(query).tuples().all())
        if sum(found.values()) >= crowd or time.monotonic() > deadline:
            return found
        time.sleep(1)


def _lock_errors(stage: Stage) -> list[str]:
    return [
        f"{log.name}: {line.strip()[:200]}"
        for log in sorted(stage.processes.log("any").parent.glob("*.log"))
        for line in log.read_text(errors="replace").splitlines()
        if any(word in line.lower() for word in _LOCK_WORDS)
    ]
