"""Delivery accounts: every planned recipient of an execution in exactly one bucket."""

from dataclasses import dataclass
from typing import Any

from campanile.deliveries.account import Account
from campanile.deliveries.delivery import Delivery
from campanile.errors import Refused
from campanile.operations.people.rights import requires, requires_for_campaign
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution


@dataclass(frozen=True)
class DeliveryAccount:
    """One delivery, its buckets counted just now, and what it waits for."""

    delivery: Delivery
    account: Account
    waits_for: str

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        counts = self.account
        return {
            "activity": self.delivery.activity,
            "delivery": self.delivery.id,
            "execution": self.delivery.execution_key,
            "state": self.delivery.state,
            "planned": counts.planned,
            "waiting": counts.waiting,
            "retrying": counts.retrying,
            "in_flight": counts.in_flight,
            "sent": counts.sent,
            "failed": {"total": counts.failed_total, "by_reason": dict(counts.failed)},
            "excluded": {"total": counts.excluded_total, "by_reason": dict(counts.excluded)},
            "uncertain": counts.uncertain,
            "sent_again_in_doubt": counts.doubts,
            "closes": counts.closes,
            "waits_for": self.waits_for,
        }


@requires(Right.VIEW)
def delivery_accounts(project: Project, execution: Execution) -> list[DeliveryAccount]:
    """The accounts of all deliveries of one execution, in the order they were planned."""
    deliveries = project.store.deliveries
    refusal = project.store.sending.state().refusal(project.identity)
    found = []
    for one in deliveries.of_execution(execution.id):
        account = deliveries.account(one.id)
        waits = one.waits_for
        if refusal and one.may_be_sent and not account.is_final:
            waits = refusal
        found.append(DeliveryAccount(one, account, waits))
    return found


@requires(Right.REPORT_MESSAGES)
def uncertain_deliveries(project: Project, campaign: str) -> list[DeliveryAccount]:
    """All deliveries of a campaign with messages that may have arrived or not."""
    project.store.campaigns.get(campaign)
    return [
        account
        for execution in project.store.executions.of_campaign(campaign, limit=1_000)
        for account in delivery_accounts(project, execution)
        if account.account.uncertain
    ]


@requires_for_campaign(Right.PUBLISH)
def decide_uncertain(
    project: Project, campaign: str, *, resend: bool, actor: str
) -> tuple[int, int]:
    """Send every uncertain message of a campaign once more, or leave them; (messages, deliveries).

    Raises Refused when there is none.
    """
    found = uncertain_deliveries(project, campaign)
    if not found:
        raise Refused(f"no message of '{campaign}' is uncertain.")
    total = 0
    for one in found:
        decision = "resend" if resend else "give_up"
        decided = project.store.messages.decide_uncertain(
            one.delivery.id, "resend" if resend else "give_up", project.clock()
        )
        total += decided
        project.store.audit.record(
            actor,
            "decide_uncertain",
            f"execution:{campaign}/{one.delivery.execution_key}",
            activity=one.delivery.activity,
            decision=decision,
            messages=decided,
        )
    return total, len(found)
