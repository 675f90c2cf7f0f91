"""The production form on PostgreSQL: four services by the commands of their units, and killed.

PostgreSQL and the SMTP sink are somebody else's machines: they stay.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import select

from benchmarks.deployed.server import DEPLOY, Server, postgres_server
from benchmarks.deployed.services import Services
from benchmarks.figures import Claim, Claims
from campanile.channels.sink import read_record
from campanile.demo.accounts import delivery_accounts
from campanile.demo.processes import Processes, free_port
from campanile.operations.project import Project
from campanile.settings.project import open_project
from campanile.store.ledger_tables import message

_SLOW = json.dumps({"kind": "delay", "seconds": 0.25})
_LONGEST_SECONDS = 600.0
_PROJECT = Path(__file__).parent / "deployed" / "project"
_ENVIRONMENT = "campanile.env"
_RUNS = """query Ended($statuses: [RunStatus!]) {
  runsOrError(filter: {statuses: $statuses}) { ... on Runs { results { runId jobName status } } }
}"""
_UNFINISHED = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")


def prove(customers: int = 2_000) -> list[Claim]:
    """Run a shop of `customers` on the deployed form, and break it in the middle of a delivery."""
    claims = Claims("postgres_stack")
    with ExitStack() as opened:
        place = Path(
            opened.enter_context(tempfile.TemporaryDirectory(prefix="campanile-deployed-"))
        )
        server = opened.enter_context(postgres_server())
        surroundings = opened.enter_context(_surroundings(place))
        record = place / "record.jsonl"
        services = deploy(place, server, _smtp(surroundings, record))
        opened.callback(services.stop)
        _prove(claims, server, services, record, customers)
    return claims.made


def deploy(place: Path, server: Server, smtp: int) -> Services:
    """Set a shop up as docs/how-to/production.md says; `smtp` is the port of its mail server."""
    folder = place / "srv"
    shutil.copytree(_PROJECT, folder)
    tracking, webserver = free_port(8400), free_port(3000)
    settings = (folder / "campanile.yaml").read_text()
    settings = settings.replace("8400", str(tracking)).replace("2525", str(smtp))
    (folder / "campanile.yaml").write_text(settings)
    home = folder / "dagster_home"
    for path in (home, place / "run", place / "logs", home / "campanile" / "tracking"):
        path.mkdir(parents=True)
    shutil.copy(DEPLOY / "dagster.yaml", home)
    shutil.copy(DEPLOY / "workspace.yaml", folder)
    services = Services(
        places={
            "/srv/campanile": str(folder),
            "/run/campanile": str(place / "run"),
            "5432": str(server.port),
            "8400": str(tracking),
            "3000": str(webserver),
        },
        secrets={
            _ENVIRONMENT: {
                "PGPASSWORD": server.passwords["campanile_store"],
                "CAMPANILE_DAGSTER_PGPASSWORD": server.passwords["campanile_dagster"],
            },
            "tracking.env": {"PGPASSWORD": server.passwords["campanile_tracking"]},
        },
        logs=place / "logs",
    )
    campanile(services, "status")  # makes the tables
    grants = str(DEPLOY / "postgres" / "grants.sql")
    server.psql("-f", grants, role="campanile_store", database="campanile_store")
    return services


def campanile(services: Services, *words: str, **changed: str) -> str:
    """Run a command of the project as its operator does; returns what it printed."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "campanile"), *words],
        env={**os.environ, **services.environment(_ENVIRONMENT), **changed},
        cwd=services.places["/srv/campanile"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"campanile {' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout


def _prove(
    claims: Claims,
    server: Server,
    services: Services,
    record: Path,
    customers: int,
) -> None:
    os.environ.update(services.environment(_ENVIRONMENT))  # libpq reads it
    claims.true("the four services answer", True, {"seconds": round(services.start_all(), 1)})
    project = open_project(Path(services.places["/srv/campanile"]))
    people = _people(project.folder / "customer.csv", customers)
    campanile(services, "load", "customer", str(people))
    began = time.monotonic()
    campanile(services, "apply", "campaigns")
    campanile(services, "publish", "letter")
    wait_for_messages(record, 1)
    claims.true(
        "a published campaign sends", True, {"seconds_to_first": round(time.monotonic() - began, 1)}
    )
    wait_for_messages(record, 60)
    _claim_reload(claims, services)
    sent = _messages(record)
    for name in ("daemon", "code"):
        services.kill(name)
    claims.true("killed with -9 while a delivery was under way", True, {"sent": sent})
    time.sleep(2)
    again = time.monotonic()
    services.start_all()
    _wait_for_end(project, services)
    claims.true("started again, it finishes", True, {"seconds": round(time.monotonic() - again, 1)})
    _claim_messages(claims, project, record)
    _claim_public_side(claims, services, server, project)
    _claim_keeping(claims, services, server)
    left = _runs(services, _UNFINISHED)
    claims.equal("no Dagster run stays unfinished", left, [])
    project.store.close()


def _claim_reload(claims: Claims, services: Services) -> None:
    """Publish something else meanwhile: the code server loads anew, the send run goes on."""
    said = campanile(services, "publish", "later")
    claims.true("what is published meanwhile is loaded", "has loaded it" in said, said.strip())
    time.sleep(25)  # the watch over workers looks every ten seconds
    failed = [run["jobName"] for run in _runs(services, ("FAILURE", "CANCELED"))]
    claims.equal("no live run is taken for dead after a reload", failed, [])


def _claim_messages(claims: Claims, project: Project, record: Path) -> None:
    accounts = delivery_accounts(project, project.store.executions.of_campaign("letter"))
    claims.true("every account closes", all(a.is_closed for a in accounts), len(accounts))
    copies = Counter(row["message_id"] for row in read_record(record))
    doubles = sum(number - 1 for number in copies.values())
    sent = sum(a.account.sent for a in accounts)
    claims.equal("what the ledger calls sent, the sink has", len(copies), sent)
    limit = project.connections["inbox"].connections * project.processes
    claims.true("doubles stay within the published bound", doubles <= limit, doubles)


def _claim_public_side(
    claims: Claims, services: Services, server: Server, project: Project
) -> None:
    """One-click works with the rights that the public side has, and they reach no address."""
    delivery = project.store.executions.of_campaign("letter")[0]
    found = project.store.deliveries.of_execution(delivery.id)[0]
    row = next(each for each in project.store.messages.rows(found.id) if each.state == "sent")
    url = f"http://127.0.0.1:{services.places['8400']}"
    token = project.keys.sign("unsub", found.id, row.ordinal)
    body = b"List-Unsubscribe=One-Click"
    with urllib.request.urlopen(f"{url}/u/{token}", data=body, timeout=30) as answer:
        claims.equal("one-click is answered", answer.status, 200)
    query = select(message.c.address_hash).where(
        message.c.delivery_id == found.id, message.c.ordinal == row.ordinal
    )
    with project.store.databases["ledger"].read() as connection:
        address_hash = connection.execute(query).scalar_one()
    decided = project.store.consents.of_address(address_hash)
    claims.true("and is a decision in the store", any(d.decision == "out" for d in decided), 1)
    with urllib.request.urlopen(f"{url}/health", timeout=30) as answer:
        claims.equal("the public side is well", answer.status, 200)
    for table in ("message", "worker", "execution"):
        refused = False
        try:
            query = f"SELECT * FROM {table} LIMIT 1"
            server.psql("-c", query, role="campanile_tracking", database="campanile_store")
        except RuntimeError as error:
            refused = "permission denied" in str(error)
        claims.true(f"its role cannot read table {table}", refused, "permission denied")


def _claim_keeping(claims: Claims, services: Services, server: Server) -> None:
    """The doctor is content, and a backup comes back in another database, disarmed."""
    found = json.loads(campanile(services, "doctor", "--connect", "--json"))
    wrong = [one for one in found["findings"] if one["verdict"] == "fail"]
    claims.equal("the doctor finds nothing that fails", wrong, [])
    folder = Path(services.places["/srv/campanile"])
    copy = folder.with_name("copy")
    copy.mkdir()
    settings = (folder / "campanile.yaml").read_text()
    (copy / "campanile.yaml").write_text(settings.replace("_store", "_copy"))
    server.psql("-c", "CREATE DATABASE campanile_copy OWNER campanile_store")
    programs = f"{server.programs}{os.pathsep}{os.environ['PATH']}"  # pg_dump as old as the server
    file = str(folder.with_name("backup.tar"))
    made = json.loads(campanile(services, "backup", file, "--json", PATH=programs))
    claims.true("a backup is made while it runs", made["missing"] == 0, made["bytes"])
    campanile(services, "restore", file, str(copy), PATH=programs)
    there = {"CAMPANILE_PROJECT": str(copy), "PGDATABASE": "campanile_copy"}
    said = json.loads(campanile(services, "status", "--json", **there))["sending_refused"]
    claims.true("what is restored from it sends nothing", "restored from" in (said or ""), said)


def _people(file: Path, count: int) -> Path:
    rows = [f"{n},Name{n},c{n}@shop.example,true" for n in range(1, count + 1)]
    file.write_text("\n".join(["customer_id,first_name,email,email_ok", *rows]) + "\n")
    return file


def _wait_for_end(project: Project, services: Services) -> None:
    """Return once the execution has finished; raises with its state when it does not."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while True:
        execution = project.store.executions.of_campaign("letter")[0]
        if execution.status == "finished":
            return
        if ended := services.ended():
            raise RuntimeError(f"{', '.join(ended)} ended by itself; see {services.logs}")
        if time.monotonic() > deadline or execution.status in ("failed", "paused", "held"):
            raise RuntimeError(f"{execution.name} is {execution.status}: {execution.reason}")
        time.sleep(0.5)


def wait_for_messages(record: Path, enough: int, seconds: float = 240) -> None:
    """Return once the sink has accepted `enough` messages."""
    deadline = time.monotonic() + seconds
    while _messages(record) < enough:
        if time.monotonic() > deadline:
            raise RuntimeError(f"nothing was sent for {seconds:.0f} s")
        time.sleep(0.1)


def _messages(record: Path) -> int:
    return record.read_bytes().count(b"\n")


def _runs(services: Services, statuses: tuple[str, ...]) -> list[Mapping[str, str]]:
    """The runs of Dagster in these states, as its pages would say."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{services.places['3000']}/graphql",
        data=json.dumps({"query": _RUNS, "variables": {"statuses": statuses}}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: list[Mapping[str, str]] = json.load(answer)["data"]["runsOrError"]["results"]
    return found


@contextmanager
def _surroundings(place: Path) -> Iterator[Processes]:
    processes = Processes(place / "surroundings")
    try:
        yield processes
    finally:
        processes.stop()
        processes.close()


def _smtp(surroundings: Processes, record: Path) -> int:
    """Start the sink; it takes its time for each message, so that there is a middle."""
    record.touch()
    port = free_port(2525)
    words = ("--port", str(port), "--record", str(record), "--fault", _SLOW)
    surroundings.start("smtp", ("-m", "campanile.channels.sink", *words))
    surroundings.wait_for("smtp", port)
    return port


if __name__ == "__main__":
    sys.exit(0 if all(claim.holds for claim in prove()) else 1)
