"""What run workers and sending processes do, done in this process and at a time of one's own."""

from collections.abc import Callable
from datetime import datetime, timedelta

from campanile.channels.smtp import SmtpChannel
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import begin_segment, finish_segment
from campanile.operations.project import Project
from campanile.operations.scheduling.clock import mark_requested
from campanile.operations.scheduling.requests import SegmentRequest
from campanile.operations.scheduling.sends import send_settings
from campanile.operations.sending.failpoints import Failpoints
from campanile.operations.sending.setup import WorkerSetup, location_of
from campanile.operations.sending.worker import Worker


def run_segment(project: Project, request: SegmentRequest) -> None:
    """Run a segment to its end, as a run worker does."""
    mark_requested(project, [request])
    run = begin_segment(
        project,
        request.campaign,
        request.version,
        request.partition,
        request.segment,
        f"past-{request.run_key}",
        request.attempt,
    )
    for activity, part in run.steps():
        run_activity(run, activity, part)
    finish_segment(run)


def send_due(project: Project, delivery_id: int, clock: Callable[[], datetime]) -> None:
    """Send what is due, in this process and at the time of the past."""
    ledger, settings = project.store.databases["ledger"], send_settings(project)
    connection = project.store.deliveries.get(delivery_id).settings.connection
    setup = WorkerSetup(
        location=location_of(ledger),
        delivery_id=delivery_id,
        identity=settings.identity,
        state_folder=settings.state_folder,
        connection=settings.connections[connection],
        secrets=settings.secrets,
        current_key=settings.current_key,
        deadline=clock() + timedelta(minutes=10),
    )
    channel = SmtpChannel(setup.connection)
    worker = Worker(
        setup, channel=channel, clock=clock, say=lambda _: None, failpoints=Failpoints()
    )
    worker.run()
