"""What a run is given: the connection's settings, and the session that its steps share."""

from collections.abc import Callable, Iterator

import dagster as dg

from campanile.orchestration.port import Operations
from campanile.orchestration.session import SegmentSession

OpenOperations = Callable[[], Operations]
SESSION = "session"
DUCKDB = "duckdb"


def build_resources(open_operations: OpenOperations) -> dict[str, dg.ResourceDefinition]:
    """Return the resources of campaign jobs; nothing is opened before a run needs it."""

    @dg.resource(description="The segments this run works on.")
    def session(context: dg.InitResourceContext) -> Iterator[SegmentSession]:
        run = context.run
        opened = SegmentSession(
            operations=open_operations(),
            run_id=run.run_id if run else "",
            tags=run.tags if run else {},
            log=lambda text: context.log.info(text) if context.log else None,
        )
        try:
            yield opened
        finally:
            opened.close()

    return {SESSION: session}
