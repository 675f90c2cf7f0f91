"""Rotation of signing keys: a new one signs, old ones stay for the links that are out there."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from campanile.errors import Refused
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.ledger_tables import delivery
from campanile.tracking.tokens import SECRET_BYTES, KeyRing

_HIGHEST = 255


@dataclass(frozen=True)
class KeyUse:
    """A key, and the links that depend on it."""

    id: int
    is_current: bool
    deliveries: int
    unfinished: int  # of these, still to be sent in part
    last_planned: datetime | None


@requires(Right.ADMINISTER)
def key_uses(project: Project) -> list[KeyUse]:
    """The keys by id. A delivery from before keys were noted counts for the first key."""
    uses: dict[int, list[tuple[datetime, bool]]] = {kid: [] for kid in project.keys.to_text()}
    first = min(uses)
    columns = (delivery.c.settings, delivery.c.created_at, delivery.c.finished_at)
    with project.store.databases["ledger"].read() as connection:
        for settings, created_at, finished_at in connection.execute(select(*columns)):
            kid = settings.get("signing_key")
            use = (created_at, finished_at is None)
            uses.setdefault(first if kid is None else int(kid), []).append(use)
    return [_use(kid, kid == project.keys.current, found) for kid, found in sorted(uses.items())]


def with_new_key(keys: KeyRing) -> KeyRing:
    """The keys with a fresh one that signs from now on; raises Refused when all 256 are taken."""
    there = keys.to_text()
    number = next((n for n in range(max(there) + 1, _HIGHEST + 1)), None)
    number = number if number is not None else _lowest_free(there)
    return KeyRing.parse({**there, number: secrets.token_hex(SECRET_BYTES)}, number)


def require_unused(use: KeyUse) -> None:
    """Raise Refused while a delivery waits that was planned with the key."""
    if use.unfinished:
        raise Refused(
            f"{use.unfinished} deliveries planned with key {use.id} are not finished.",
            remedy="Let them finish, or stop their executions; nothing was changed.",
        )


def without_key(keys: KeyRing, number: int) -> KeyRing:
    """The keys without one of them; raises Refused for the one that signs, and for an unknown."""
    there = keys.to_text()
    if number not in there:
        known = ", ".join(map(str, sorted(there)))
        raise Refused(f"there is no key {number}; there are: {known}.", remedy="Nothing changed.")
    if number == keys.current:
        raise Refused(
            f"key {number} signs what is sent now.",
            remedy="Make another first: campanile keys rotate.",
        )
    return KeyRing.parse({k: text for k, text in there.items() if k != number}, keys.current)


def _lowest_free(there: dict[int, str]) -> int:
    free = sorted(set(range(_HIGHEST + 1)) - set(there))
    if not free:
        raise Refused("all 256 key numbers are taken.", remedy="Retire an old one first.")
    return free[0]


def _use(kid: int, is_current: bool, found: Sequence[tuple[datetime, bool]]) -> KeyUse:
    last = max((at for at, _ in found), default=None)
    return KeyUse(kid, is_current, len(found), sum(waits for _, waits in found), last)
