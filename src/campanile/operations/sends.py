"""Sending what is due: the settings of a project for send runs, and which deliveries want one."""

from datetime import datetime
from typing import Any

from campanile.operations.project import Project
from campanile.operations.requests import SendRequest
from campanile.operations.sending.send_run import (
    SendReport,
    SendSettings,
    due_deliveries,
    send_delivery,
)


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
    """Deliveries with due messages, or with those of a process that died."""
    ledger = project.store.databases["ledger"]
    return [
        SendRequest(due.delivery_id, due.slice, due.run_key)
        for due in due_deliveries(ledger, send_settings(project), now)
    ]


def send(project: Project, delivery_id: int) -> dict[str, Any]:
    """Send what is due of a delivery, ten minutes at most; returns figures for a person."""
    ledger = project.store.databases["ledger"]
    report = send_delivery(ledger, delivery_id, send_settings(project), clock=project.clock)
    return _figures(report)


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
