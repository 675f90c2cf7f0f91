"""Answers to why nothing was sent: one line for each thing that a message has to get past."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One line of the answer: `ok` None means that it is not known yet, or neither good nor bad."""

    what: str
    ok: bool | None
    sentence: str
