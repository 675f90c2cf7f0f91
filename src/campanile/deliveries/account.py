"""The account of a delivery: every planned recipient in one bucket, each counted by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Account:
    """Counts of messages; `planned` is what the plan wrote down, not the sum of the others.

    `retrying` is the part of `waiting` that a provider put off; `doubts` is how often a message
    was sent again because nobody could know whether it had arrived (at-least-once).
    """

    planned: int
    waiting: int = 0
    in_flight: int = 0
    sent: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)
    uncertain: int = 0
    retrying: int = 0
    doubts: int = 0

    @property
    def failed_total(self) -> int:
        """All failed messages, whatever the reason."""
        return sum(self.failed.values())

    @property
    def excluded_total(self) -> int:
        """All excluded recipients, holdout included."""
        return sum(self.excluded.values())

    @property
    def counted(self) -> int:
        """Sum of the buckets; differs from `planned` only if rows were lost or added."""
        return (
            self.waiting
            + self.in_flight
            + self.sent
            + self.failed_total
            + self.excluded_total
            + self.uncertain
        )

    @property
    def closes(self) -> bool:
        """Whether every planned recipient is in exactly one bucket."""
        return self.planned == self.counted

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more unless somebody decides about the uncertain."""
        return self.waiting == 0 and self.in_flight == 0
