"""One of the two halves of a channel activity: what it commits, and what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from campanile.relations.relation import Relation


@dataclass(frozen=True)
class Half:
    """Relations by transition (or the one of the plan), with what is to be told about them."""

    relations: Mapping[str, Relation]
    why_not: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def relation(self) -> Relation:
        """The only relation."""
        return next(iter(self.relations.values()))
