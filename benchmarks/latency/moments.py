"""A moment on a time line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """Something that happened, in seconds after the command was typed."""

    at: float
    what: str
