"""The report of a campaign: figures by activity and execution, links, hours and variants."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from campanile.relations.relation import Relation
from campanile.reporting import kpis
from campanile.reporting.numbers import Numbers, Reaction

Rows: TypeAlias = Callable[[Relation], Iterable[tuple[Any, ...]]]
_Group: TypeAlias = tuple[str, str | None]  # activity, execution (None: all)


@dataclass(frozen=True)
class LinkNumbers:
    """Clicks on one link."""

    name: str
    url: str
    clicks: Reaction


@dataclass(frozen=True)
class HourNumbers:
    """What happened for the first time in the hour that begins at `hour`, by kind."""

    hour: datetime
    counts: Mapping[str, int]


@dataclass(frozen=True)
class VariantNumbers:
    """How one variant did."""

    name: str
    sent: int
    opened: int
    clicked: int


@dataclass(frozen=True)
class ActivityReport:
    """One channel activity in one execution, or in all of them (`execution` None)."""

    activity: str
    execution: str | None
    numbers: Numbers
    links: tuple[LinkNumbers, ...] = ()
    hours: tuple[HourNumbers, ...] = ()
    variants: tuple[VariantNumbers, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it; instants are ISO 8601 in UTC."""
        return {
            "activity": self.activity,
            "execution": self.execution,
            **self.numbers.to_dict(),
            "links": [
                {"name": link.name, "url": link.url, **link.clicks.to_dict()} for link in self.links
            ],
            "hours": [{"hour": hour.hour.isoformat(), **hour.counts} for hour in self.hours],
            "variants": [
                {"name": v.name, "sent": v.sent, "opened": v.opened, "clicked": v.clicked}
                for v in self.variants
            ],
        }


@dataclass(frozen=True)
class CampaignReport:
    """A campaign at one moment: `activities` of the execution asked for, or of all together.

    `comparison` has the same activities for every execution, in the order of their keys.
    """

    campaign: str
    execution: str | None
    at: datetime
    activities: tuple[ActivityReport, ...] = ()
    comparison: tuple[ActivityReport, ...] = ()
    mode: str = "live"
    notes: tuple[str, ...] = field(
        default=(
            "Opened and clicked count messages with at least one event of a person.",
            "Events of scanners, robots and prefetching are shown apart as 'machine'.",
            "Delivered means sent and not bounced.",
        )
    )

    def activity(self, name: str) -> ActivityReport:
        """The report of one activity; all zeros when it has not planned anything yet."""
        for one in self.activities:
            if one.activity == name:
                return one
        return ActivityReport(name, self.execution, Numbers())

    def to_dict(self) -> dict[str, Any]:
        """Everything, for `--json`."""
        return {
            "campaign": self.campaign,
            "execution": self.execution,
            "mode": self.mode,
            "at": self.at.isoformat(),
            "activities": [one.to_dict() for one in self.activities],
            "executions": [
                {
                    "activity": one.activity,
                    "execution": one.execution,
                    **one.numbers.to_dict(),
                }
                for one in self.comparison
            ],
            "notes": list(self.notes),
        }


def build_report(
    rows: Rows, campaign: str, at: datetime, *, execution: str | None = None, mode: str = "live"
) -> CampaignReport:
    """Count everything; `rows` runs a relation where the campaign's feedback tables are bound."""
    numbers = _numbers(rows)
    links, hours, variants = _links(rows), _hours(rows), _variants(rows)
    reports = [
        ActivityReport(
            group[0],
            group[1],
            numbers[group],
            tuple(links[group]),
            tuple(hours[group]),
            tuple(variants[group]),
        )
        for group in sorted(numbers, key=lambda group: (group[0], group[1] or ""))
    ]
    return CampaignReport(
        campaign,
        execution,
        at,
        tuple(one for one in reports if one.execution == execution),
        tuple(one for one in reports if one.execution is not None),
        mode,
    )


def _numbers(rows: Rows) -> dict[_Group, Numbers]:
    excluded: defaultdict[_Group, dict[str, int]] = defaultdict(dict)
    failed: defaultdict[_Group, dict[str, int]] = defaultdict(dict)
    for activity, execution, state, reason, count in sorted(rows(kpis.reason_counts()), key=str):
        chosen = excluded if state == "excluded" else failed
        chosen[activity, execution][reason] = count
    reactions: defaultdict[_Group, dict[str, Reaction]] = defaultdict(dict)
    for activity, execution, kind, *counts in rows(kpis.event_counts()):
        reactions[activity, execution][kind] = Reaction(*counts)
    found = {}
    names = ("targeted", *kpis.STATES, "delivered")
    for activity, execution, *counts in rows(kpis.message_counts()):
        group = (activity, execution)
        found[group] = Numbers(
            **dict(zip(names, counts, strict=True)),
            excluded_by=excluded[group],
            failed_by=failed[group],
            reactions={k: reactions[group].get(k, Reaction()) for k in kpis.KINDS},
        )
    return found


def _links(rows: Rows) -> defaultdict[_Group, list[LinkNumbers]]:
    found: defaultdict[_Group, list[LinkNumbers]] = defaultdict(list)
    for activity, execution, name, url, *counts in rows(kpis.link_counts()):
        found[activity, execution].append(LinkNumbers(name, url, Reaction(*counts)))
    for links in found.values():
        links.sort(key=lambda link: (-link.clicks.messages, -link.clicks.total, link.url))
    return found


def _hours(rows: Rows) -> defaultdict[_Group, list[HourNumbers]]:
    counts: defaultdict[_Group, dict[datetime, dict[str, int]]] = defaultdict(dict)
    for activity, execution, kind, hour, count in rows(kpis.hour_counts()):
        counts[activity, execution].setdefault(hour, {})[kind] = count
    found: defaultdict[_Group, list[HourNumbers]] = defaultdict(list)
    for group, by_hour in counts.items():
        found[group] = [
            HourNumbers(hour.replace(tzinfo=UTC), by_hour[hour]) for hour in sorted(by_hour)
        ]
    return found


def _variants(rows: Rows) -> defaultdict[_Group, list[VariantNumbers]]:
    found: defaultdict[_Group, list[VariantNumbers]] = defaultdict(list)
    for activity, execution, name, *counts in sorted(rows(kpis.variant_counts()), key=str):
        found[activity, execution].append(VariantNumbers(name, *counts))
    return found
