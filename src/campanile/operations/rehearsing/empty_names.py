"""Template names that have no value for some rows: a message would show a gap there."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from campanile.deliveries.frozen_content import FrozenContent


class EmptyNames:
    """Counts, for each name of a content without a default, the rows that leave it empty."""

    def __init__(self, names: Iterable[str]) -> None:
        self._paths = {name: name.split(".") for name in sorted(names)}
        self._counts = dict.fromkeys(self._paths, 0)

    @classmethod
    def of(cls, content: str, allowed: Iterable[str]) -> "EmptyNames":
        """For frozen content as JSON; `allowed` are names that may be empty."""
        contents = FrozenContent.from_json(content).contents.values()
        names = {name for one in contents for name in one.names if name not in one.defaults}
        return cls(names - set(allowed))

    def look_at(self, fields: str) -> None:
        """Take the fields of one message, as JSON text."""
        if not self._paths:
            return
        values = json.loads(fields)
        for name, path in self._paths.items():
            if _value(values, path) in (None, "", []):
                self._counts[name] += 1

    @property
    def counts(self) -> dict[str, int]:
        """The names that are empty at all, and for how many rows."""
        return {name: count for name, count in self._counts.items() if count}


def _value(values: Mapping[str, Any], path: Iterable[str]) -> Any:
    found: Any = values
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found
