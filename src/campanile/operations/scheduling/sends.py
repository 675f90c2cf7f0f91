"""Sending what is due: the settings of a project for send runs, and which deliveries want one."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from campanile.deliveries.delivery import Delivery
from campanile.errors import Refused
from campanile.operations.project import Project
from campanile.operations.scheduling.requests import SendRequest
from campanile.operations.sending.send_run import (
    SendReport,
    SendSettings,
    due_deliveries,
    send_delivery,
)

_STARTS_NOTHING = ("paused", "held", "failed")  # what is under way goes on to its end


def send_settings(project: Project) -> SendSettings:
    """How this project sends."""
    return SendSettings(
        identity=project.identity,
        state_folder=project.state,
        connections=project.connections,
        secrets=project.keys.to_text(),
        current_key=project.keys.current,
        processes=project.processes,
    )


def due_sends(project: Project, now: datetime) -> list[SendRequest]:
    """Deliveries with due messages, or with those of a process that died.

    Only of plans that are committed. What an execution planned that was stopped at that moment is
    called back.
    """
    ledger = project.store.databases["ledger"]
    return [
        SendRequest(due.delivery_id, due.slice, due.run_key)
        for due in due_deliveries(ledger, send_settings(project), now)
        if _may_leave(project, project.store.deliveries.get(due.delivery_id))
    ]


def send(project: Project, delivery_id: int) -> dict[str, Any]:
    """Send what is due of a delivery, ten minutes at most; returns figures for a person.

    Raises Refused while its plan is not committed, and for an execution that was stopped.
    """
    delivery = project.store.deliveries.get(delivery_id)
    if not _may_leave(project, delivery):
        raise Refused(
            f"the plan of '{delivery.activity}' of execution {delivery.campaign}/"
            f"{delivery.execution_key} is not committed, or the execution does not go on.",
            remedy=f"See: campanile show {delivery.campaign}. Nothing was sent now.",
        )
    ledger = project.store.databases["ledger"]
    report = send_delivery(ledger, delivery_id, send_settings(project), clock=project.clock)
    return _figures(report)


def pause_sending(project: Project, delivery_id: int, *, by: str, reason: str) -> None:
    """Send nothing more of a delivery until somebody resumes; what is over stays as it is."""
    found = project.store.deliveries.get(delivery_id)
    with suppress(Refused):
        project.store.deliveries.pause(delivery_id, reason)
        project.store.audit.record(
            by,
            "pause_delivery",
            f"execution:{found.campaign}/{found.execution_key}",
            reason=reason,
            activity=found.activity,
            delivery=delivery_id,
        )


def _may_leave(project: Project, delivery: Delivery) -> bool:
    """Whether the plan is committed and stands; a plan of a stopped execution is called back.

    Whoever stops or pauses an execution does so to the deliveries there are; a plan that a worker
    finishes right then would otherwise be sent after all. What is over is only looked after by a
    send run: it settles what a dead process left.
    """
    if delivery.state in ("cancelled", "settled"):
        return True
    try:
        execution = project.store.executions.get(delivery.execution_id)
    except Refused:
        execution = None  # deleted with its campaign, while retries were left
    if execution is None or execution.status == "stopped":
        project.store.deliveries.cancel(delivery.id, project.clock())
        return False
    if execution.status in _STARTS_NOTHING and delivery.started_at is None:
        return False
    plan = project.store.manifests.committed(execution.id).get(f"{delivery.activity}.plan")
    if plan is not None and not plan.reached:  # an error was ignored after it was planned
        project.store.deliveries.cancel(delivery.id, project.clock())
    return plan is not None and plan.reached


def _figures(report: SendReport) -> dict[str, Any]:
    account = report.account
    return {
        "ended": report.note or report.reason,
        "sent in this run": report.sent,
        "sent": account.sent,
        "still waiting": account.waiting + account.in_flight,
        "failed": account.failed_total,
        "excluded": dict(account.excluded),
        "uncertain": account.uncertain,
        "seconds": round(report.seconds, 2),
        "account closes": "yes" if account.closes else "NO",
    }
