"""Feedback enters as data: what happened up to a watermark, as files that never change."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from campanile.operations.feedback.tracking import DeliveryLinks
from campanile.relations.scope import MessageSource
from campanile.relations.types import Schema
from campanile.reporting import feedback_tables as tables
from campanile.reporting.classification import classified_events
from campanile.store.accounts import count_account
from campanile.store.database import Database
from campanile.store.deliveries import Deliveries
from campanile.store.events_tables import raw_event
from campanile.store.ledger_tables import delivery, message
from campanile.store.store import Store
from campanile.tracking.classifier import CLASSIFIER_VERSION
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.sources import EmptyTable, ParquetFiles
from campanile.warehouse.warehouse import Session

BLOCK = 200_000  # raw event ids in one immutable file; at most so many are copied twice
_PAGE = 5_000
_SETTLED = ("settled", "cancelled")


@dataclass(frozen=True)
class FeedbackPins:
    """The files that one segment reads its feedback from; paths are relative to the lake's root."""

    watermark: int
    messages: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The pins as a segment keeps them."""
        return {
            "watermark": self.watermark,
            "messages": list(self.messages),
            "events": list(self.events),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "FeedbackPins":
        """Read what `to_json` wrote."""
        return cls(values["watermark"], tuple(values["messages"]), tuple(values["events"]))

    def with_files_of(self, other: "FeedbackPins") -> "FeedbackPins":
        """These files and those of `other`, up to this watermark."""
        messages, events = (*self.messages, *other.messages), (*self.events, *other.events)
        return FeedbackPins(self.watermark, messages, events)

    def paths(self, root: Path) -> tuple[Path, ...]:
        """All files, so that garbage collection leaves them alone."""
        return tuple(root / path for path in (*self.messages, *self.events))


def bind_feedback(session: Session, pins: FeedbackPins, root: Path) -> None:
    """Make `feedback__messages` and `feedback__events` readable, exactly as pinned."""
    for name, schema, paths in (
        (tables.MESSAGES_TABLE, tables.MESSAGES, pins.messages),
        (tables.EVENTS_TABLE, tables.EVENTS, pins.events),
    ):
        files = tuple(str(root / path) for path in paths)
        source = ParquetFiles(files, pinned=True) if files else EmptyTable(schema)
        session.bind(name, source, schema)


@dataclass(frozen=True)
class _Delivery:
    """What the export must know of a delivery."""

    id: int
    state: str
    created_at: Any


@dataclass(frozen=True)
class FeedbackExporter:
    """Copies feedback from the store into the lake; engines never read the store itself."""

    ledger: Database
    events: Database
    lake: DuckDBLake

    @classmethod
    def of(cls, store: Store, lake: DuckDBLake) -> "FeedbackExporter":
        """The exporter of a project."""
        return cls(store.databases["ledger"], store.databases["events"], lake)

    def watermark(self) -> int:
        """The id of the newest raw event: what a segment that starts now can see."""
        with self.events.read() as connection:
            newest: int | None = connection.execute(select(func.max(raw_event.c.id))).scalar_one()
        return newest or 0

    def export(
        self, sources: Iterable[MessageSource] | None, watermark: int | None = None
    ) -> FeedbackPins:
        """Copy the messages of `sources` (None: of all live deliveries) and their events.

        Call it once when a segment first starts and keep the pins: a retry binds the same files.
        Messages of settled deliveries are copied once and shared; those of live ones each time.
        Raw events up to `watermark` (now) are copied once, in blocks by id, and classified anew.
        """
        upto = self.watermark() if watermark is None else watermark
        found = self._deliveries(None if sources is None else tuple(sources))
        messages = [self._messages(one) for one in found]
        if not found:
            return FeedbackPins(upto)
        events = self._events(found, messages, upto)
        return FeedbackPins(
            upto, tuple(map(self._relative, messages)), tuple(map(self._relative, events))
        )

    # ── messages ────────────────────────────────────────────────────────────────────────────────

    def _deliveries(self, sources: Sequence[MessageSource] | None) -> list[_Delivery]:
        query = select(delivery.c.id, delivery.c.state, delivery.c.created_at)
        if sources is None:
            query = query.where(delivery.c.mode == "live")
        else:
            query = query.where(or_(False, *map(_condition, sources)))
        with self.ledger.read() as connection:
            rows = connection.execute(query.order_by(delivery.c.id)).all()
        return [_Delivery(row.id, row.state, row.created_at) for row in rows]

    def _messages(self, one: _Delivery) -> Path:
        directory = self.lake.feedback_directory("messages", f"delivery-{one.id}")
        with self.ledger.read() as connection:
            if one.state not in _SETTLED:
                return self._write_messages(connection, one.id, directory, f"live-{_unique()}")
            # A decision about the uncertain changes a settled delivery, and always its account.
            digest = _digest(repr(count_account(connection, one.id)), one.state)
            name = f"settled-{digest}"
            if (path := directory / f"{name}.parquet").exists():
                return path
            return self._write_messages(connection, one.id, directory, name)

    def _write_messages(
        self, connection: Connection, delivery_id: int, directory: Path, name: str
    ) -> Path:
        place = cache(self._delivery_links(delivery_id).place)
        streamed = connection.execution_options(stream_results=True, yield_per=_PAGE)
        pages = streamed.execute(_select_messages(delivery_id)).partitions(_PAGE)
        rows = ([(*row[:-1], place(row.variant, row.language)) for row in page] for page in pages)
        return _write_pages(rows, tables.STORED_MESSAGES, directory, name)

    def _delivery_links(self, delivery_id: int) -> DeliveryLinks:
        return DeliveryLinks(Deliveries(self.ledger).content(delivery_id))

    # ── events ──────────────────────────────────────────────────────────────────────────────────

    def _events(
        self, found: Sequence[_Delivery], messages: Sequence[Path], upto: int
    ) -> list[Path]:
        raw = self._raw(min(one.created_at for one in found), upto)
        if not raw:
            return []
        links = [self._links(one.id) for one in found]
        key = _digest(upto, CLASSIFIER_VERSION, *(path.name for path in messages))
        directory = self.lake.feedback_directory("events", f"v{CLASSIFIER_VERSION}-{upto}-{key}")
        with self.lake.session() as session:
            for name, schema, paths in (
                (tables.MESSAGES_TABLE, tables.STORED_MESSAGES, messages),
                (tables.RAW_TABLE, tables.RAW, raw),
                (tables.LINKS_TABLE, tables.LINKS, links),
            ):
                session.bind(name, ParquetFiles(tuple(map(str, paths)), pinned=True), schema)
            return [session.write(classified_events(), directory).path]

    def _raw(self, since: Any, upto: int) -> list[Path]:
        """Files with all raw events since an instant, up to an id, and some older ones."""
        query = select(func.min(raw_event.c.id)).where(raw_event.c.received_at >= since)
        with self.events.read() as connection:
            first = connection.execute(query).scalar_one()
            if first is None or first > upto:
                return []
            numbers = range(first // BLOCK, upto // BLOCK + 1)
            return [self._block(connection, number, upto) for number in numbers]

    def _block(self, connection: Connection, number: int, upto: int) -> Path:
        start, end = number * BLOCK, min((number + 1) * BLOCK - 1, upto)
        directory = self.lake.feedback_directory("raw", f"block-{number:06d}")
        name = f"to-{end}"  # a full block ends at its last id, so it is written once for good
        if (path := directory / f"{name}.parquet").exists():
            return path
        streamed = connection.execution_options(stream_results=True, yield_per=_PAGE)
        pages = streamed.execute(_select_raw(start, end)).partitions(_PAGE)
        return _write_pages(pages, tables.RAW, directory, name)

    def _links(self, delivery_id: int) -> Path:
        directory = self.lake.feedback_directory("links", f"delivery-{delivery_id}")
        if (path := directory / "links.parquet").exists():
            return path
        rows = [
            (delivery_id, place, link.number, link.name, link.url)
            for place, table in enumerate(self._delivery_links(delivery_id).tables)
            for link in table.values()
        ]
        return _write_pages([rows], tables.LINKS, directory, "links")

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.lake.root).as_posix()


def _condition(source: MessageSource) -> Any:
    """All executions means the live ones; a named execution may be a test, which sees itself."""
    named = and_(delivery.c.campaign == source.campaign, delivery.c.activity == source.activity)
    if source.execution is None:
        return and_(named, delivery.c.mode == "live")
    return and_(named, delivery.c.execution_key == source.execution)


def _select_messages(delivery_id: int) -> Select[Any]:
    """The columns of the stored messages in order, with the language in place of the content."""
    return (
        select(
            delivery.c.campaign,
            delivery.c.version,
            delivery.c.execution_key,
            delivery.c.activity,
            message.c.delivery_id,
            message.c.ordinal,
            message.c.person,
            message.c.row_key,
            message.c.state,
            message.c.reason,
            message.c.code,
            message.c.variant,
            delivery.c.created_at,
            message.c.settled_at,
            message.c.language,
        )
        .join(delivery, delivery.c.id == message.c.delivery_id)
        .where(message.c.delivery_id == delivery_id)
        .order_by(message.c.ordinal)
    )


def _select_raw(start: int, end: int) -> Select[Any]:
    return (
        select(
            raw_event.c.id,
            raw_event.c.received_at,
            raw_event.c.kind,
            raw_event.c.delivery,
            raw_event.c.ordinal,
            raw_event.c.link_number,
            raw_event.c.method,
            raw_event.c.user_agent,
            raw_event.c.purpose,
            raw_event.c.remote,
            raw_event.c.value,
        )
        .where(raw_event.c.id.between(start, end))
        .order_by(raw_event.c.id)
    )


def _unique() -> str:
    return uuid.uuid4().hex


def _digest(*parts: object) -> str:
    return blake2b(repr(parts).encode(), digest_size=10).hexdigest()


def _write_pages(
    pages: Iterable[Sequence[Sequence[Any]]], schema: Schema, directory: Path, name: str
) -> Path:
    """Write rows by `write_pages`, which brings pyarrow: half a second, only where rows are."""
    from campanile.operations.feedback.parquet_pages import write_pages

    return write_pages(pages, schema, directory, name)
