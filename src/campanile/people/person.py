"""People who work with the project, and the tokens by which they are known."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from campanile.errors import Refused
from campanile.people.actor import Actor, Via
from campanile.people.rights import MATRIX, Right, Role

PREFIX: Final = "campanile_"  # so that scanners of leaked secrets find a token
TOKEN_DAYS: Final = 90  # of validity, where nobody says otherwise
LONGEST_DAYS: Final = 366
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")


@dataclass(frozen=True)
class Person:
    """A person with an account; `granted` are rights beside those of the role."""

    name: str
    role: Role
    granted: frozenset[Right]
    limited_to: frozenset[str] | None
    email: str | None
    created_at: datetime
    disabled_at: datetime | None
    groups: tuple[str, ...] = ()

    def acting(self, via: Via) -> Actor:
        """The person as an actor, with the rights of now."""
        return Actor(self.name, MATRIX[self.role] | self.granted, via, self.limited_to)


@dataclass(frozen=True)
class TokenRow:
    """What is kept of a token; the token itself is not."""

    id: int
    person: str
    label: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """One word: good, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "good" if now < self.expires_at else "expired"


def new_token() -> str:
    """A token of 32 random bytes; it is shown once and never stored."""
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def token_digest(token: str) -> str:
    """What is stored of a token. No salt and no slow hash: nobody guesses 256 random bits."""
    return sha256(token.encode()).hexdigest()


def require_name(name: str) -> str:
    """Return the name of a person or group; raises Refused where it cannot be one."""
    if not _NAME.fullmatch(name):
        raise Refused(
            f"'{name}' cannot name a person or group.",
            remedy="Lower-case letters, digits and . _ - (at most 60), as in ada.l",
        )
    return name


def require_lifetime(days: int) -> timedelta:
    """How long a token is good; raises Refused outside 1 to 366 days."""
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(
            f"a token cannot be good for {days} days.", remedy=f"Choose 1 to {LONGEST_DAYS}."
        )
    return timedelta(days=days)
