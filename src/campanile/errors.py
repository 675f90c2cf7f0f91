"""The family of errors, cut by who can do what about it.

    CampanileError
    ├── DefinitionError          the author of a file or rule can mend it
    │   └── FaultsFound              all faults of one or more files, together
    ├── ConfigurationError       whoever set the project up can mend it
    ├── Refused                  the state of things does not allow it; the message says what would
    │   └── Overtaken                another execution was first; the same again may work
    ├── DataError                rows or files that came in cannot be used
    ├── EngineError              the warehouse or the store failed
    │   └── NotPinnedAnymore         a pinned version is gone
    ├── DeliveryError            a message was not handed to its channel
    │   ├── TransientDeliveryError   another attempt may work
    │   └── PermanentDeliveryError   another attempt will not
    └── InvalidToken             a link is not one that we made

Every message says where, what is wrong, what there is and what to do. None holds personal data.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal


class CampanileError(Exception):
    """Base of all errors that are somebody's to mend; a traceback is never shown for one."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.where: list[str] = []

    def __str__(self) -> str:
        place = ", ".join(self.where)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} {self.remedy}".rstrip()


class DefinitionError(CampanileError):
    """A campaign, catalog or rule says something that cannot be.

    `code` is a short stable word such as `unknown_column`; `offset` is the 0-based character
    in the faulty text (a rule, a template), where known; `path` leads to the option it stands in.
    """

    def __init__(
        self, message: str, *, remedy: str = "", code: str = "invalid", offset: int | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.offset = offset
        self.path: tuple[str | int, ...] = ()


class ConfigurationError(CampanileError):
    """A setting, key or folder of the project is missing or wrong."""


class Refused(CampanileError):
    """The command is not allowed now; nothing was changed."""


class Overtaken(Refused):
    """Another execution changed what this one had read; computing it anew may work."""


class DataError(CampanileError):
    """Rows or files that came in cannot be used; good data stays untouched."""


class EngineError(CampanileError):
    """The warehouse or the operational store could not do what was asked."""


class NotPinnedAnymore(EngineError):
    """A version of a table that a segment pinned does not exist any more."""


class DeliveryError(CampanileError):
    """A message was not handed to its channel.

    `code` is the reply or status code, `enhanced` the enhanced status code (RFC 3463) or empty.
    """

    def __init__(
        self, message: str, *, remedy: str = "", code: int = 0, enhanced: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.enhanced = enhanced


class TransientDeliveryError(DeliveryError):
    """Another attempt may work."""


class PermanentDeliveryError(DeliveryError):
    """Another attempt will not work."""


class InvalidToken(CampanileError):
    """A tracking or unsubscribe token was not made by this project, or was made for another use."""


@dataclass(frozen=True, order=True)
class Place:
    """A place in a file; `line` and `column` count from 1, 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a file: where, what, and what to do about it."""

    place: Place
    message: str
    remedy: str = ""
    code: str = "invalid"
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.message} {self.remedy}".rstrip()


class FaultsFound(DefinitionError):
    """All the faults of the files read, sorted by place; nothing was applied."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.place))
        super().__init__("\n".join(str(fault) for fault in self.faults), code="faults")


@contextmanager
def in_option(*path: str | int) -> Iterator[None]:
    """Say of any error of a definition that passes through which option it is about."""
    try:
        yield
    except DefinitionError as error:
        error.path = (*path, *error.path)
        raise


@contextmanager
def located(where: str) -> Iterator[None]:
    """Add `where` (such as "campaign 'x', activity 'y'") to any error that passes through."""
    try:
        yield
    except CampanileError as error:
        error.where.insert(0, where)
        raise
