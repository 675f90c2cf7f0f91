"""Feedback as a test tells it: who was sent a message, and what they did with it, and when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campanile.activities.local_times import LocalMoment
from campanile.campaigns.tests_file import Happened, MessageStory
from campanile.catalog.entities import Catalog, Dimension, Entity
from campanile.catalog.feedback_entities import MESSAGE_FEEDBACK
from campanile.errors import Refused
from campanile.operations.executing.population import ROW_KEY, person_key
from campanile.relations.feedback_schema import EVENTS, MESSAGES
from campanile.relations.relation import Relation
from campanile.relations.row_keys import key_text
from campanile.relations.scope import EntityTable, Scope
from campanile.relations.types import Schema
from campanile.reporting.feedback_tables import EVENTS_TABLE, MESSAGES_TABLE
from campanile.warehouse.sources import MemoryRows
from campanile.warehouse.warehouse import Session

_LATER = timedelta(hours=1)  # people look into their mail an hour after it was sent
_PERSON = "person__"


@dataclass
class ToldFeedback:
    """The messages and events of one test; `execution` is the key of the one under way."""

    session: Session
    campaign: str
    execution: str
    stories: Mapping[str, MessageStory]
    start: datetime
    zone: ZoneInfo
    messages: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name, story in self.stories.items():
            campaign, _, activity = name.rpartition(".")
            if campaign:
                keys = [(key, key) for key in story.sent]
                self._tell((campaign, "before", activity), story, keys, self.start - _LATER)

    def send(
        self,
        activity: str,
        rows: Relation,
        dimension: Dimension,
        scope: Scope,
        now: datetime,
        *,
        catalog: Catalog,
        tables: Mapping[str, EntityTable],
    ) -> tuple[Relation, Relation]:
        """Send a message to all `rows` but those whom the test leaves out.

        Returns the rows with their key as text, and the messages.
        """
        kept = rows.derive({ROW_KEY: key_text(rows.key)})
        person = person_key(catalog, tables, dimension, scope.over(kept.schema, kept.source))
        found = self.session.rows(kept.derive({_PERSON: person}).select([ROW_KEY, _PERSON]))
        keys = sorted((str(row_key), str(one)) for row_key, one in found)
        story = self.stories.get(activity, MessageStory())
        own = self._tell((self.campaign, self.execution, activity), story, keys, now)
        name = f"told__{activity}"
        self.session.bind(name, _rows(MESSAGES, own))
        return kept, Relation.table(name, MESSAGES, ("row_key",))

    def bind(self, now: datetime) -> None:
        """Make readable what has happened by `now`."""
        self.session.bind(MESSAGES_TABLE, _rows(MESSAGES, self.messages))
        self.session.bind(EVENTS_TABLE, _rows(EVENTS, self._events_by(now)))

    def source(self, entity: Entity, now: datetime) -> MemoryRows:
        """Messages or events as an entity of the catalog."""
        if entity.name == MESSAGE_FEEDBACK:
            return _rows(MESSAGES, self.messages)
        return _rows(EVENTS, self._events_by(now))

    def _events_by(self, now: datetime) -> list[dict[str, Any]]:
        return [one for one in self.events if one["at"] <= _stored(now)]

    def _tell(
        self,
        place: tuple[str, str, str],
        story: MessageStory,
        keys: Sequence[tuple[str, str]],
        now: datetime,
    ) -> list[dict[str, Any]]:
        """Note a message and what became of it; returns its rows."""
        campaign, execution, activity = place
        _require_known(activity, story, keys)
        delivery = len({one["delivery"] for one in self.messages}) + 1
        common = {"campaign": campaign, "execution": execution, "activity": activity}
        told = []
        for ordinal, (row_key, person) in enumerate(keys):
            state, reason = _fate(story, row_key)
            whose = {"delivery": delivery, "ordinal": ordinal, "person": person}
            message = {**common, **whose, "row_key": row_key, "version": 1}
            at = {"planned_at": _stored(now), "settled_at": _stored(now)}
            told.append({**message, **at, "state": state, "reason": reason})
        self.messages += told
        for message in told:
            for event in self._happened(story, message, now):
                self.events.append({**event, "event_id": len(self.events) + 1})
        return told

    def _happened(
        self, story: MessageStory, message: Mapping[str, Any], now: datetime
    ) -> Iterator[dict[str, Any]]:
        for kind, happened in story.events().items():
            for one in happened:
                if one.who in (message["row_key"], message["person"]):
                    facts = {"kind": kind, "link": one.link, "reason": one.reason, "human": True}
                    yield {**message, **facts, "at": _stored(self._when(one, now))}

    def _when(self, one: Happened, now: datetime) -> datetime:
        return one.at.instant(self.zone) if isinstance(one.at, LocalMoment) else now + _LATER


def _fate(story: MessageStory, key: str) -> tuple[str, str | None]:
    if key in story.excluded:
        return "excluded", story.excluded[key]
    if key in story.failed:
        return "failed", story.failed[key]
    return "sent", None


def _require_known(activity: str, story: MessageStory, keys: Sequence[tuple[str, str]]) -> None:
    known = {part for pair in keys for part in pair}
    events = (one.who for happened in story.events().values() for one in happened)
    for key in (*story.excluded, *story.failed, *events):
        if key not in known:
            shown = ", ".join(sorted(known)[:12]) or "nobody"
            raise Refused(
                f"`feedback` of '{activity}' names {key}, who has no such message.",
                remedy=f"It goes to: {shown}.",
            )


def _rows(schema: Schema, told: Sequence[Mapping[str, Any]]) -> MemoryRows:
    return MemoryRows(schema, [[one.get(column) for column in schema] for one in told])


def _stored(moment: datetime) -> datetime:
    """Naive UTC, as engines keep instants."""
    return moment.astimezone(UTC).replace(tzinfo=None)
