"""Saved audiences as files and the store know them, before any of their rows is read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from campanile.relations.types import Schema


@dataclass(frozen=True)
class Writer:
    """An activity that saves an audience, and how."""

    campaign: str
    activity: str
    mode: str


@dataclass(frozen=True)
class KnownAudience:
    """What is known of a saved audience.

    `identity` are the attributes by which a row is known; none: the key of the dimension. `columns`
    is None while nobody has saved it and the campaign that will cannot be read.
    """

    dimension: str
    identity: tuple[str, ...] = ()
    merge_policy: str = "default"
    columns: Schema | None = None
    writers: tuple[Writer, ...] = ()


def merged(
    known: Mapping[str, KnownAudience], found: Mapping[str, KnownAudience]
) -> dict[str, KnownAudience]:
    """What both know: `found` says how an audience will be, and both who writes it."""
    both = dict(known)
    for name, each in found.items():
        before = known.get(name)
        if before is not None:
            writers = dict.fromkeys((*before.writers, *each.writers))
            columns = before.columns if each.columns is None else each.columns
            each = replace(each, writers=tuple(writers), columns=columns)
        both[name] = each
    return both
