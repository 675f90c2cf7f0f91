"""The accounts of all deliveries of some executions, for whoever wants to see them close."""

from collections.abc import Iterable
from dataclasses import dataclass

from campanile.deliveries.account import Account
from campanile.operations.project import Project
from campanile.store.execution_rows import Execution


@dataclass(frozen=True)
class DeliveryAccount:
    """What became of the messages of one delivery."""

    campaign: str
    execution: str
    activity: str
    account: Account

    @property
    def is_closed(self) -> bool:
        """Whether every planned recipient is accounted for, once and for good."""
        return self.account.closes and self.account.is_final and self.account.uncertain == 0


def delivery_accounts(project: Project, executions: Iterable[Execution]) -> list[DeliveryAccount]:
    """The accounts of `executions`, in the order in which their deliveries were planned."""
    return [
        DeliveryAccount(
            execution.campaign,
            execution.key,
            delivery.activity,
            project.store.deliveries.account(delivery.id),
        )
        for execution in executions
        for delivery in project.store.deliveries.of_execution(execution.id)
    ]
