"""The figures of a report: counts, and rates that say what they are a share of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rate:
    """A share; `of` says in words what the denominator counts. Nothing of nothing is no rate."""

    name: str
    count: int
    base: int
    of: str

    @property
    def value(self) -> float | None:
        """Between 0 and 1, or None where there is nothing to take a share of."""
        return self.count / self.base if self.base else None

    def to_dict(self) -> dict[str, Any]:
        """The rate with its two numbers."""
        return {"value": self.value, "count": self.count, "base": self.base, "of": self.of}


@dataclass(frozen=True)
class Reaction:
    """One kind of event: `messages` and `people` that had it from a person, and all events."""

    messages: int = 0
    people: int = 0
    total: int = 0
    machine: int = 0  # events of scanners, prefetching and robots

    def to_dict(self) -> dict[str, int]:
        """The four counts."""
        return {
            "messages": self.messages,
            "people": self.people,
            "total": self.total,
            "machine": self.machine,
        }


@dataclass(frozen=True)
class Numbers:
    """What became of the messages of one activity; states and reasons are the ledger's."""

    targeted: int = 0
    waiting: int = 0
    in_flight: int = 0
    sent: int = 0
    failed: int = 0
    excluded: int = 0
    uncertain: int = 0
    delivered: int = 0
    excluded_by: Mapping[str, int] = field(default_factory=dict)
    failed_by: Mapping[str, int] = field(default_factory=dict)
    reactions: Mapping[str, Reaction] = field(default_factory=dict)

    def reaction(self, kind: str) -> Reaction:
        """The counts of one kind of event; zeros where none came."""
        return self.reactions.get(kind, Reaction())

    @property
    def rates(self) -> tuple[Rate, ...]:
        """The usual shares, counted in messages."""
        opened, clicked = self.reaction("opened").messages, self.reaction("clicked").messages
        return (
            Rate("bounce_rate", self.reaction("bounced").messages, self.sent, "sent"),
            Rate("open_rate", opened, self.delivered, "delivered"),
            Rate("click_rate", clicked, self.delivered, "delivered"),
            Rate("click_to_open_rate", clicked, opened, "opened"),
            Rate("unsubscribe_rate", self._had("unsubscribed"), self.delivered, "delivered"),
            Rate("complaint_rate", self._had("complained"), self.delivered, "delivered"),
        )

    def _had(self, kind: str) -> int:
        return self.reaction(kind).messages

    def flat(self) -> dict[str, int | float]:
        """One level of names and numbers, for metadata that plots; no rate without a base."""
        numbers: dict[str, int | float] = {
            name: getattr(self, name)
            for name in (
                "targeted", "waiting", "in_flight", "sent", "failed", "excluded", "uncertain",
                "delivered",
            )
        }  # fmt: skip
        numbers |= {f"excluded_{reason}": count for reason, count in self.excluded_by.items()}
        numbers |= {f"failed_{reason}": count for reason, count in self.failed_by.items()}
        for kind in ("opened", "clicked"):
            reaction = self.reaction(kind)
            numbers |= {
                kind: reaction.messages,
                f"{kind}_total": reaction.total,
                f"{kind}_machine": reaction.machine,
            }
        for kind in ("unsubscribed", "bounced", "complained"):
            numbers[kind] = self.reaction(kind).messages
        return numbers | {r.name: round(r.value, 6) for r in self.rates if r.value is not None}

    def to_dict(self) -> dict[str, Any]:
        """The figures in groups, for people who read JSON."""
        return {
            "targeted": self.targeted,
            "excluded": {"total": self.excluded, "by_reason": dict(self.excluded_by)},
            "waiting": self.waiting,
            "in_flight": self.in_flight,
            "sent": self.sent,
            "failed": {"total": self.failed, "by_reason": dict(self.failed_by)},
            "uncertain": self.uncertain,
            "delivered": self.delivered,
            "reactions": {kind: found.to_dict() for kind, found in self.reactions.items()},
            "rates": {rate.name: rate.to_dict() for rate in self.rates},
        }
