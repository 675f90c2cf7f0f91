"""What recipients do: opens, clicks and opt-outs, on their way into the store."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Literal, TypeAlias

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from campanile.content.links import Link
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.settings import DeliverySettings
from campanile.errors import DataError, EngineError
from campanile.operations.project import Project
from campanile.store.consents import EVERY_TOPIC, ConsentChange, Consents
from campanile.store.database import Database
from campanile.store.events import Events, NewEvent
from campanile.store.ledger_tables import delivery, delivery_content, message
from campanile.store.store import Store

HitKind = Literal["opened", "clicked", "unsubscribed"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INSERT = (
    "INSERT INTO raw_event (received_at, kind, delivery, ordinal, link_number, method, user_agent,"
    " purpose, remote) VALUES "
)
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MOST_ROWS = 256  # of one statement: 2,304 parameters

LinkTable: TypeAlias = Mapping[int, Link]  # by number


@dataclass(frozen=True, slots=True)
class Hit:
    """One request to the tracking service with a token of ours; nothing of the person is in it.

    `network` is the client's address cut to /24 (IPv6: /48); `prefetch` says that a browser
    declared to fetch ahead; `link` is the number of the link.
    """

    kind: HitKind
    delivery: int
    ordinal: int
    at: datetime
    link: int | None = None
    method: str = "GET"
    agent: str = ""
    prefetch: bool = False
    network: str = ""


def hit_to_json(hit: Hit) -> str:
    """Write a hit as one line."""
    return json.dumps({**asdict(hit), "at": hit.at.isoformat()})


def hit_from_json(line: str) -> Hit:
    """Read what `hit_to_json` wrote."""
    fields = json.loads(line)
    return Hit(**{**fields, "at": datetime.fromisoformat(fields["at"])})


@dataclass(frozen=True)
class TrackingStore:
    """Where the tracking service writes: raw events, and consent in the ledger.

    Every function raises EngineError when the database cannot be asked.
    """

    events: Events
    database: Database  # of the events
    ledger: Database

    @classmethod
    def of(cls, store: Store) -> "TrackingStore":
        """The part of a project's store that the tracking service needs."""
        return cls(store.events, store.databases["events"], store.databases["ledger"])

    def ping(self) -> None:
        """Return when the databases answer."""
        for database in (self.database, self.ledger):
            with _store_errors("asking the store"), database.read() as connection:
                connection.execute(select(1))

    def record(self, hits: Sequence[Hit]) -> None:
        """Append raw events in one durable transaction; every one is kept, also a repeated one."""
        with _store_errors("keeping events"):
            if not self.database.is_sqlite:
                self.events.append([_event(hit) for hit in hits])
                return
            # BEGIN IMMEDIATE alone keeps ids in the order of commits here, so the driver may be
            # asked directly: that is a tenth of the CPU for each event.
            with self.database.write() as connection:
                for statement, values in _inserts(hits):
                    connection.exec_driver_sql(statement, values)

    def unsubscribe(self, hits: Sequence[Hit]) -> None:
        """Write the consent that each wish means, then the events.

        The topic is that of the message. The ledger's consent generation rises, so a message that
        is claimed and not yet handed over stops too. A repeated wish only adds events.
        """
        with _store_errors("keeping an opt-out"):
            changes = [change for hit in hits if (change := self._change(hit)) is not None]
            Consents(self.ledger).record(changes)
        self.record(hits)

    def content(self, delivery_id: int) -> str | None:
        """The frozen content of a delivery as JSON text; None when there is no such delivery."""
        query = (
            select(delivery_content.c.content)
            .join(delivery, delivery.c.content_digest == delivery_content.c.digest)
            .where(delivery.c.id == delivery_id)
        )
        with _store_errors("reading a link table"), self.ledger.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def spoken_to(self, delivery_id: int, ordinal: int) -> tuple[str | None, str | None]:
        """The variant and language that a message was written in; nothing of an unknown one."""
        query = select(message.c.variant, message.c.language).where(
            message.c.delivery_id == delivery_id, message.c.ordinal == ordinal
        )
        with _store_errors("reading a message"), self.ledger.read() as connection:
            found = connection.execute(query).one_or_none()
        return (None, None) if found is None else (found.variant, found.language)

    def _change(self, hit: Hit) -> ConsentChange | None:
        query = (
            select(message.c.address_hash, delivery.c.settings)
            .join(delivery, delivery.c.id == message.c.delivery_id)
            .where(message.c.delivery_id == hit.delivery, message.c.ordinal == hit.ordinal)
        )
        with self.ledger.read() as connection:
            found = connection.execute(query).one_or_none()
        if found is None or found.address_hash is None:  # erased: nobody to write to any more
            return None
        settings = DeliverySettings.model_validate(found.settings)
        return ConsentChange(
            channel=settings.channel,
            topic=settings.topic or EVERY_TOPIC,
            address_hash=found.address_hash,
            decision="out",
            at=hit.at,
            source=f"unsubscribe link of delivery {hit.delivery}, message {hit.ordinal}",
        )


def unsubscribe(project: Project, token: str, at: datetime) -> None:
    """Opt out the recipient of the message that an unsubscribe token names.

    Raises InvalidToken when the token is not ours or was made for another use.
    """
    delivery_id, ordinal = project.keys.verify("unsub", token)
    wish = Hit("unsubscribed", delivery_id, ordinal, at, method="")
    TrackingStore.of(project.store).unsubscribe([wish])


class DeliveryLinks:
    """The links of one delivery: a table for each content, and nearly always only one content."""

    def __init__(self, content: str) -> None:
        self._frozen = FrozenContent.from_json(content)
        self.tables: tuple[LinkTable, ...] = tuple(
            {link.number: link for link in one.links} for one in self._frozen.contents.values()
        )
        self._places = {key: place for place, key in enumerate(self._frozen.contents)}

    @property
    def only(self) -> LinkTable | None:
        """The one table, when it is the same whatever a message's variant and language."""
        first = self.tables[0]
        return first if all(table == first for table in self.tables[1:]) else None

    def place(self, variant: str | None, language: str | None) -> int | None:
        """Which of the tables belongs to a message; None when no content fits it."""
        try:
            return self._places[self._frozen.choose(variant, language)]
        except DataError:
            return None


def _inserts(hits: Sequence[Hit]) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Few statements of many rows: between two, the driver hands the interpreter to the requests.

    The numbers of rows are powers of two, so that nearly every statement is one prepared before.
    """
    at = 0
    while at < len(hits):
        size = min(1 << ((len(hits) - at).bit_length() - 1), _MOST_ROWS)
        rows = hits[at : at + size]
        at += size
        yield _INSERT + ", ".join([_ROW] * size), tuple(chain.from_iterable(map(_row, rows)))


def _row(hit: Hit) -> tuple[object, ...]:
    """The values of `_ROW`."""
    return (
        (hit.at - _EPOCH) // _MICROSECOND,
        hit.kind,
        hit.delivery,
        hit.ordinal,
        hit.link,
        hit.method,
        hit.agent,
        "prefetch" if hit.prefetch else None,
        hit.network,
    )


def _event(hit: Hit) -> NewEvent:
    return NewEvent(
        received_at=hit.at,
        kind=hit.kind,
        delivery=hit.delivery,
        ordinal=hit.ordinal,
        link_number=hit.link,
        method=hit.method,
        user_agent=hit.agent,
        purpose="prefetch" if hit.prefetch else None,
        remote=hit.network,
    )


@contextmanager
def _store_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, EngineError) as error:
        raise EngineError(f"Failed {doing}: the store refused ({type(error).__name__}).") from error
