"""Whoever asks for an operation: a person or the product itself, and what it may do."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from campanile.errors import Refused
from campanile.people.rights import GRANTABLE, SEEING, Right, roles_with

Via = Literal["command line", "api", "session", "system"]


class NotAllowed(Refused):
    """Whoever asks has not the right to; nothing was changed."""


class NotSignedIn(Refused):
    """Nobody is known by the token that was given, or none was given."""


@dataclass(frozen=True)
class Actor:
    """Who acts, under the name of the audit log, and by which way in.

    `limited_to` are tags: what changes something is allowed for campaigns that carry one of them.
    """

    name: str
    rights: frozenset[Right]
    via: Via
    limited_to: frozenset[str] | None = None

    def may(self, right: Right, tags: Collection[str] = ()) -> bool:
        """Whether an operation on a campaign with `tags` (none: on the project) is allowed."""
        return right in self.rights and not self._is_outside(right, tags)

    def require(self, right: Right, tags: Collection[str] = ()) -> None:
        """Raise NotAllowed, which says who may, unless `may`."""
        if right not in self.rights:
            raise NotAllowed(f"{self.name} has not the right '{right}'.", remedy=_who_may(right))
        if self._is_outside(right, tags):
            listed = ", ".join(sorted(self.limited_to or ()))
            raise NotAllowed(
                f"{self.name} has the right '{right}' for campaigns tagged {listed} only.",
                remedy="Tag the campaign so, or ask somebody without this limit.",
            )

    def _is_outside(self, right: Right, tags: Collection[str]) -> bool:
        if self.limited_to is None or right in SEEING:
            return False
        return self.limited_to.isdisjoint(tags)


def _who_may(right: Right) -> str:
    roles = " or ".join(roles_with(right))
    given = f", and whoever was given it: campanile users role NAME ROLE --grant {right}"
    return f"It takes the role {roles}{given if right in GRANTABLE else ''}."


def unrestricted(name: str, via: Via) -> Actor:
    """Somebody who may do everything: the product itself, or a person while there are no people."""
    return Actor(name, frozenset(Right), via)


SYSTEM: Final = unrestricted("system", "system")
"""The clock, runs of Dagster, the tracking service: nobody in particular."""
