"""The doctor: everything about a project that can be looked at without changing it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from campanile.errors import CampanileError, EngineError
from campanile.operations.hosting.heartbeat import last_tick, ticks
from campanile.operations.hosting.stack import running_stack
from campanile.operations.keeping.findings import Finding, fail, ok, warn
from campanile.operations.keeping.machine import (
    examine_descriptors,
    examine_disk,
    examine_packages,
    examine_temporary,
    examine_wal,
)
from campanile.operations.project import Project
from campanile.operations.sending.sequence_file import SequenceFile
from campanile.store.database import AREAS
from campanile.store.revisions import fit, revisions

_SKEW = timedelta(seconds=2)
_LONG_TRANSACTION = timedelta(minutes=10)


def examine(project: Project) -> Iterator[Finding]:
    """Look at one thing after the other; what cannot be looked at is a finding too."""
    yield examine_packages()
    yield _store(project)
    yield _time(project)
    yield _transactions(project)
    identity = project.store.project.identity()
    now = project.clock()
    yield examine_disk(project.state, identity.created_at if identity else now, now)
    yield examine_temporary(project.state / "tmp")
    yield examine_descriptors()
    yield _files(project)
    yield _clock(project)
    yield _sending(project)
    yield _spool(project)


def examine_dagster(project: Project, found: str | None) -> Finding:
    """Whether the Dagster instance, by its identity, is the one this store belongs to."""
    known = project.store.project.identity()
    bound = known.dagster_identity if known else None
    if found is None:
        remedy = "Is DAGSTER_HOME set, and its database up? Services need it."
        return fail("dagster", "the Dagster instance does not answer", remedy)
    if bound is None:
        return ok("dagster", "the store takes this instance as its own when campaigns are loaded")
    if bound != found:
        remedy = (
            "Set DAGSTER_HOME to this project's instance; two would move one store's campaigns."
        )
        return fail("dagster", f"the store belongs to instance {bound}, this is {found}", remedy)
    return ok("dagster", "instance and store belong together")


def _store(project: Project) -> Finding:
    found = revisions(project.store.databases)
    kind = "SQLite" if project.store.databases["control"].is_sqlite else "PostgreSQL"
    listed = ", ".join(f"{area} {revision}" for area, revision in found.items())
    if any(fit(area, revision) == "older" for area, revision in found.items()):
        remedy = "campanile upgrade"
        return fail("store", f"{kind}, of an older version ({listed})", remedy)
    return ok("store", f"{kind}, up to date ({listed})")


def _time(project: Project) -> Finding:
    """This machine's clock beside the store's."""
    database = project.store.databases["control"]
    if database.is_sqlite:
        return ok("time", f"{project.clock():%Y-%m-%d %H:%M:%S} UTC; the store has no clock")
    before = project.clock()
    with database.read() as connection:
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    ours = before + (project.clock() - before) / 2
    skew = abs(theirs - ours)
    sentence = f"the store's clock and ours differ by {skew.total_seconds():.1f} s"
    if skew > _SKEW:
        return fail("time", sentence, "Synchronise both machines (chrony, systemd-timesyncd).")
    return ok("time", sentence)


def _transactions(project: Project) -> Finding:
    """What holds the store up: a large write-ahead log, or a transaction that was forgotten."""
    databases = project.store.databases
    if databases["control"].is_sqlite:
        files = [Path(f"{databases[area].engine.url.database}-wal") for area in AREAS]
        return examine_wal(files)
    query = text(
        "SELECT max(clock_timestamp() - xact_start) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with databases["control"].read() as connection:
        longest = connection.execute(query).scalar_one() or timedelta(0)
    sentence = f"the longest open transaction is {longest.total_seconds():.0f} s old"
    if longest > _LONG_TRANSACTION:
        return warn("transactions", sentence, "Find it in pg_stat_activity and end it.")
    return ok("transactions", sentence)


def _files(project: Project) -> Finding:
    try:
        broken = project.definitions.broken
    except CampanileError as error:
        return fail("files", str(error).splitlines()[0], "campanile validate")
    if broken:
        names = ", ".join(broken)
        return warn("files", f"faults in {names}", f"campanile validate {next(iter(broken))}")
    return ok("files", f"{len(project.definitions.campaigns)} campaigns, no faults")


def _clock(project: Project) -> Finding:
    """Whether somebody moves the campaigns: daemon, sensor and code server in one sign of life."""
    now, last = project.clock(), last_tick(project.state)
    waiting = len(project.store.executions.open_executions())
    waiting += len(project.store.campaigns.inventory(["scheduled", "live"]))
    ago = "never" if last is None else f"{(now - last).total_seconds():,.0f} s ago"
    sentence = f"the clock ticked {ago}"
    if ticks(project.state, now):
        return ok("clock", sentence)
    if not waiting:
        return ok("clock", f"{sentence}; nothing waits for it")
    remedy = "campanile serve, or systemctl start campanile.target"
    if running_stack(project.state) is not None:
        remedy = "Turn the sensor campaign_clock on in Dagster's page Automation; read its log."
    return fail("clock", f"{sentence}, and {waiting} campaigns or executions wait for it", remedy)


def _sending(project: Project) -> Finding:
    state = project.store.sending.state()
    gap = SequenceFile(project.state).read() - state.sequence
    refusal = state.refusal(project.identity)
    if gap > 0:
        sentence = f"the store is an old copy: it does not know of {gap:,} messages at least"
        return fail("sending", sentence, "campanile arm shows the gap and asks")
    if refusal is not None:
        return warn("sending", refusal.partition(";")[0], "campanile arm")
    return ok("sending", f"armed for {project.identity}")


def _spool(project: Project) -> Finding:
    waiting = list((project.state / "tracking" / "spool").glob("spool*.jsonl"))
    if waiting:
        remedy = "They are kept; see why the tracking service cannot reach the store."
        return warn("tracking", "events wait on disk for the store", remedy)
    return ok("tracking", "no event waits for the store")


def unopened(error: CampanileError) -> Finding:
    """The one finding of a project that does not open."""
    subject = "store" if isinstance(error, EngineError) else "project"
    return fail(subject, error.message, error.remedy)
