"""Consent and suppression of record: who said yes or no to what, and which addresses are dead."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, case, delete, or_, select

from campanile.deliveries.consent import Decision, is_allowed
from campanile.deliveries.settings import DeliverySettings
from campanile.store.among import among_hashes
from campanile.store.database import Database
from campanile.store.ledger_tables import consent, suppression
from campanile.store.sending import raise_generation
from campanile.store.upserts import insert_into

EVERY_TOPIC = "*"
_BATCH = 1_000

_SUPPRESSED = select(suppression.c.address_hash).where(
    suppression.c.channel == bindparam("channel"),
    among_hashes(suppression.c.address_hash, "hashes"),
)
_SUPPRESSED_SINCE = _SUPPRESSED.where(suppression.c.generation > bindparam("known"))
_CHOSEN = (
    consent.c.channel == bindparam("channel"),
    among_hashes(consent.c.address_hash, "hashes"),
)
_SAID_NO_SINCE = select(consent.c.address_hash).where(
    *_CHOSEN, consent.c.decision == "out", consent.c.generation > bindparam("known")
)
_DECIDED = select(consent.c.address_hash, consent.c.topic, consent.c.decision, consent.c.at).where(
    *_CHOSEN, consent.c.topic.in_([EVERY_TOPIC, bindparam("topic")])
)


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """One decision, and where it came from (`source`: a page, a file, a person; no address)."""

    channel: str
    topic: str
    address_hash: bytes
    decision: Literal["in", "out"]
    at: datetime
    source: str


class Consents:
    """Repository of consent and suppression, both by address hash."""

    def __init__(self, ledger: Database) -> None:
        self._ledger = ledger

    def record(self, changes: Iterable[ConsentChange]) -> int:
        """Keep the latest decision of each (channel, topic, address); returns rows written.

        An `out` beats an `in` of the same instant. Repeating a record changes nothing. Batches of
        1,000 commit by themselves, so a cut-off load is finished by repeating it.
        """
        written = 0
        for batch in _batches(changes):
            with self._ledger.write() as connection:
                written += self._record_batch(connection, batch)
        return written

    def suppress(
        self, channel: str, address_hashes: Iterable[bytes], reason: str, now: datetime
    ) -> int:
        """Never write to these addresses again on this channel; returns how many were new."""
        added = 0
        for batch in _batches(address_hashes):
            with self._ledger.write() as connection:
                added += suppress_in(connection, channel, batch, reason, now)
        return added

    def of_address(self, address_hash: bytes) -> list[ConsentChange]:
        """Everything an address decided, by channel and topic."""
        query = (
            select(
                consent.c.channel,
                consent.c.topic,
                consent.c.address_hash,
                consent.c.decision,
                consent.c.at,
                consent.c.source,
            )
            .where(consent.c.address_hash == address_hash)
            .order_by(consent.c.channel, consent.c.topic)
        )
        with self._ledger.read() as connection:
            return [ConsentChange(*row) for row in connection.execute(query)]

    def suppressions_of(self, address_hash: bytes) -> list[tuple[str, str, datetime]]:
        """(channel, reason, since) of an address."""
        query = select(suppression.c.channel, suppression.c.reason, suppression.c.at).where(
            suppression.c.address_hash == address_hash
        )
        with self._ledger.read() as connection:
            return [(row.channel, row.reason, row.at) for row in connection.execute(query)]

    def forget(self, address_hash: bytes) -> None:
        """Drop the consents of an address (erasure); its suppressions stay, to protect it."""
        with self._ledger.write() as connection:
            connection.execute(delete(consent).where(consent.c.address_hash == address_hash))

    @staticmethod
    def _record_batch(connection: Connection, batch: Sequence[ConsentChange]) -> int:
        generation = raise_generation(connection)
        insert = insert_into(connection, consent)
        new = insert.excluded
        written = connection.execute(
            insert.on_conflict_do_update(
                index_elements=[consent.c.channel, consent.c.topic, consent.c.address_hash],
                set_={
                    "decision": new.decision,
                    "at": new.at,
                    "source": new.source,
                    # Only a change of mind must reach the processes that send right now.
                    "generation": case(
                        (consent.c.decision != new.decision, new.generation),
                        else_=consent.c.generation,
                    ),
                },
                where=or_(
                    new.at > consent.c.at,
                    and_(
                        new.at == consent.c.at,
                        new.decision == "out",
                        consent.c.decision == "in",
                    ),
                ),
            ),
            [
                {
                    "channel": change.channel,
                    "topic": change.topic,
                    "address_hash": change.address_hash,
                    "decision": change.decision,
                    "at": change.at,
                    "source": change.source,
                    "generation": generation,
                }
                for change in _latest(batch)
            ],
            execution_options={"preserve_rowcount": True},
        )
        return max(written.rowcount, 0)


def suppress_in(
    connection: Connection, channel: str, hashes: Sequence[bytes], reason: str, now: datetime
) -> int:
    """Suppress addresses within a transaction; returns how many were new."""
    if not hashes:
        return 0
    generation = raise_generation(connection)
    rows = [
        {
            "channel": channel,
            "address_hash": hashed,
            "reason": reason,
            "at": now,
            "generation": generation,
        }
        for hashed in dict.fromkeys(hashes)
    ]
    insert = insert_into(connection, suppression).on_conflict_do_nothing()
    added = connection.execute(insert, rows, execution_options={"preserve_rowcount": True})
    return max(added.rowcount, 0)


def refusals(
    connection: Connection, settings: DeliverySettings, hashes: Sequence[bytes]
) -> dict[bytes, str]:
    """Which of these addresses must not be written to now: `suppressed` or `no_consent`.

    This is the one place where planning, claiming and a last look before the body ask.
    """
    suppressed = _suppressed(connection, settings.channel, hashes)
    if settings.category != "marketing":
        return suppressed
    return {**_without_consent(connection, settings, hashes), **suppressed}


def withdrawn_since(
    connection: Connection,
    settings: DeliverySettings,
    hashes: Sequence[bytes],
    generation: int,
) -> set[bytes]:
    """Those of these addresses that said no, or were suppressed, after `generation`."""
    queries = [_SUPPRESSED_SINCE]
    if settings.category == "marketing":
        queries.append(_SAID_NO_SINCE)
    given = {"channel": settings.channel, "hashes": hashes, "known": generation}
    return {hashed for query in queries for hashed in connection.execute(query, given).scalars()}


def _suppressed(connection: Connection, channel: str, hashes: Sequence[bytes]) -> dict[bytes, str]:
    found = connection.execute(_SUPPRESSED, {"channel": channel, "hashes": hashes})
    return dict.fromkeys(found.scalars(), "suppressed")


def _without_consent(
    connection: Connection, settings: DeliverySettings, hashes: Sequence[bytes]
) -> dict[bytes, str]:
    given = {"channel": settings.channel, "hashes": hashes, "topic": settings.topic or EVERY_TOPIC}
    decisions: dict[bytes, dict[str, Decision]] = {}
    for hashed, topic, decision, at in connection.execute(_DECIDED, given):
        decisions.setdefault(hashed, {})[topic] = Decision(decision, at)
    silent = is_allowed(on_topic=None, on_every=None, default=settings.topic_default)
    asked = decisions if silent else dict.fromkeys(hashes)
    return {
        hashed: "no_consent"
        for hashed in asked
        if not is_allowed(
            on_topic=decisions.get(hashed, {}).get(settings.topic or EVERY_TOPIC),
            on_every=decisions.get(hashed, {}).get(EVERY_TOPIC),
            default=settings.topic_default,
        )
    }


def _latest(changes: Sequence[ConsentChange]) -> list[ConsentChange]:
    latest: dict[tuple[str, str, bytes], ConsentChange] = {}
    for change in changes:
        key = (change.channel, change.topic, change.address_hash)
        if key not in latest or _rank(change) > _rank(latest[key]):
            latest[key] = change
    return list(latest.values())


def _rank(change: ConsentChange) -> tuple[datetime, bool]:
    return change.at, change.decision == "out"


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch
