"""Failpoints: named places of the send path where a test ends the process as a crash would."""

import os
from collections.abc import Callable
from typing import Final, Literal, get_args

Point = Literal[
    "journal_made",  # the journal is locked, no lease yet
    "registered",  # the lease is there, nothing is claimed
    "claimed",  # a claim is committed, the sequence file does not know
    "sequenced",  # the sequence file knows too
    "rendered",  # the text is made, nothing has left
    "intended",  # the intent is in the journal, the body has not left
    "answered",  # the provider has answered, nothing is written down
    "journaled",  # the answer is in the journal, not in the ledger
    "settled",  # a batch of answers is in the ledger
    "released",  # the lease has ended, the journal is still there
    "replayed",  # the journal of a dead process is in the ledger, its lease goes on
    "taken_over",  # the lease of a dead process has ended, its journal is still there
]
POINTS: Final[tuple[Point, ...]] = get_args(Point)
CRASHED: Final = 86  # exit status of a process that a failpoint ended


class Failpoints:
    """Does something at the n-th time a point is reached; without orders, nothing."""

    def __init__(self) -> None:
        self._point: str | None = None
        self._left = 0
        self._action: Callable[[], None] = crash

    def arm(self, point: str, *, times: int = 1, action: Callable[[], None] | None = None) -> None:
        """Do `action` (crash) when `point` is reached for the `times`-th time."""
        if point not in POINTS:
            raise ValueError(f"no failpoint '{point}'; there are: {', '.join(POINTS)}")
        self._point, self._left, self._action = point, times, action or crash

    def arm_from(self, text: str) -> None:
        """Read an order such as `settled` or `settled:3` (the third time); nothing for ''."""
        if text:
            point, _, times = text.partition(":")
            self.arm(point, times=int(times or 1))

    def reach(self, point: Point) -> None:
        """Say that the send path has come to `point`."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                self._action()


def crash() -> None:
    """End the process at once: no finally, no flush, no goodbye."""
    os._exit(CRASHED)
