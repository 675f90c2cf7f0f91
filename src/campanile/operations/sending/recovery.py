"""Recovery: what a dead process left behind goes to the ledger, before anything is claimed."""

import random
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from campanile.deliveries.messages import Settlement
from campanile.deliveries.outcomes import Outcomes
from campanile.operations.sending.failpoints import Failpoints
from campanile.operations.sending.hosts import boot_id
from campanile.operations.sending.journal import journal_path, locked_if_dead, read_journal
from campanile.store.database import Database
from campanile.store.deliveries import Deliveries
from campanile.store.leases import Lease, Leases, TakenOver
from campanile.store.settling import settle_messages

_BATCH = 500


class Recovery:
    """Takes over from dead processes of any delivery whose journal lies on this machine.

    A lock on its journal says that a process lives. Where there is no journal (another machine, a
    lost folder) only the end of its lease says that it is dead, and all that it held is in doubt.
    """

    def __init__(self, ledger: Database, journals: Path, failpoints: Failpoints) -> None:
        self._ledger = ledger
        self._journals = journals
        self._failpoints = failpoints
        self._leases = Leases(ledger)

    def is_alive(self, lease: Lease, now: datetime) -> bool:
        """Whether the process of a lease may still be sending."""
        with locked_if_dead(journal_path(self._journals, lease.owner)) as dead:
            return lease.lease_until > now if dead is None else not dead

    def run(self, now: datetime, delivery_id: int | None = None) -> list[TakenOver]:
        """Take over from every dead process (of one delivery, or of all); repeating is harmless."""
        taken = []
        for lease in self._leases.all(delivery_id):
            path = journal_path(self._journals, lease.owner)
            with locked_if_dead(path) as dead:
                if dead is None and lease.lease_until <= now:
                    taken.append(self._leases.take_over(lease, now, in_doubt=None))
                elif dead:
                    taken.append(self._replay(lease, path, now))
        if delivery_id is None:
            self._remove_orphans()
        return taken

    def _replay(self, lease: Lease, path: Path, now: datetime) -> TakenOver:
        held = {(one.ordinal, one.attempt): one for one in self._leases.held(lease)}
        begun: set[int] = set()
        known: dict[int, Settlement] = {}
        found = Deliveries(self._ledger).get(lease.delivery_id)
        outcomes = Outcomes(found.settings.doubt, found.expires_at, random.random)
        for record in read_journal(path):
            one = held.get((record.ordinal, record.attempt))
            if one is None:
                continue
            if record.reply is None:
                begun.add(record.ordinal)
            else:
                known[record.ordinal] = outcomes.settle(record.reply, one, now)
        self._settle(lease, list(known.values()), now)
        self._failpoints.reach("replayed")
        # After a power cut the last 50 ms of the journal may be missing: then nobody knows.
        in_doubt = begun - known.keys() if lease.boot == boot_id() else None
        taken = self._leases.take_over(lease, now, in_doubt=in_doubt)
        self._failpoints.reach("taken_over")
        path.unlink(missing_ok=True)
        return taken

    def _settle(self, lease: Lease, settlements: Sequence[Settlement], now: datetime) -> None:
        for at in range(0, len(settlements), _BATCH):
            batch = settlements[at : at + _BATCH]
            settle_messages(self._ledger, lease.delivery_id, lease.epoch, batch, now)

    def _remove_orphans(self) -> None:
        """Remove journals without a lease: their processes ended just before or after it."""
        for path in self._journals.glob("*.journal"):
            with locked_if_dead(path) as dead:
                owners = {lease.owner for lease in self._leases.all()}
                if dead and path.stem not in owners:
                    path.unlink(missing_ok=True)
