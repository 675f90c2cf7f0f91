"""What a run is given: the connection's settings, and the session that its steps share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
from dagster_duckdb import DuckDBResource

from campanile.operations.hosting.poke import poke_clock
from campanile.operations.project import Project
from campanile.orchestration.session import SegmentSession
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.warehouse import Session

OpenProject = Callable[[], Project]
SESSION = "session"
DUCKDB = "duckdb"


def build_resources(open_project: OpenProject) -> dict[str, object]:
    """Return the resources of campaign jobs; nothing is opened before a run needs it.

    `duckdb` is the connection every activity of the default engine computes on: a database in
    memory, one for each activity. What it needs to be set (memory, threads) the warehouse sets.
    """

    @dg.resource(required_resource_keys={DUCKDB}, description="The segments this run works on.")
    def session(context: dg.InitResourceContext) -> Iterator[SegmentSession]:
        project, duckdb = open_project(), context.resources.duckdb
        run = context.run
        log = context.log
        opened = SegmentSession(
            project=project,
            run_id=run.run_id if run else "",
            open_session=lambda: _open_session(project, duckdb),
            tags=run.tags if run else {},
            log=log.info if log else lambda _: None,
            poke=lambda: poke_clock(project.state, project.dagster_url),
        )
        try:
            yield opened
        finally:
            opened.close()

    return {SESSION: session, DUCKDB: DuckDBResource(database=":memory:")}


@contextmanager
def _open_session(project: Project, duckdb: DuckDBResource) -> Iterator[Session]:
    if not isinstance(project.warehouse, DuckDBLake):
        with project.warehouse.session() as session:
            yield session
        return
    with duckdb.get_connection() as connection, project.warehouse.session(connection) as session:
        yield session
