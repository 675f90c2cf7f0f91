"""The job that sends what is due of one delivery, ten minutes at most."""

import dagster as dg

from campanile.operations.hosting.poke import poke_clock
from campanile.operations.scheduling.sends import send as send_due
from campanile.orchestration import keys
from campanile.orchestration.failures import reported_as_failures
from campanile.orchestration.metadata import describe_details
from campanile.orchestration.resources import OpenProject
from campanile.orchestration.worker_marks import marked_executor

MAX_SECONDS = 600
_GRACE_SECONDS = 120


class SendConfig(dg.Config):
    """Which slice of which delivery; content and population are frozen in the ledger."""

    delivery_id: int
    slice: int = 0


def build_send_job(open_project: OpenProject) -> dg.JobDefinition:
    """Return the one job of all send runs; it needs no campaign version, as content is frozen."""

    @dg.op(name=keys.SEND_JOB, description="Sends what is due of one delivery, then stops.")
    def send(context: dg.OpExecutionContext, config: SendConfig) -> None:
        project = open_project()
        with reported_as_failures():
            account = send_due(project, config.delivery_id)
        context.log.info(f"Delivery {config.delivery_id}: {dict(account)}")
        context.add_output_metadata(describe_details(account))
        poke_clock(project.state, project.dagster_url)  # what waits for the delivery goes on

    @dg.job(
        name=keys.SEND_JOB,
        executor_def=marked_executor,
        description="Sends what is due of one delivery. Pressing Launch twice sends nothing twice.",
        tags={"campanile/send": "yes", "dagster/max_runtime": MAX_SECONDS + _GRACE_SECONDS},
    )
    def send_job() -> None:
        send()

    return send_job
