"""Files that activities copy, write or delete: what is to be done, and how far each has come.

    planned ──> written ──> arrived ──> settled        failed ──> settled

`written`: the copy is whole under another name. `arrived`: it has its name. `settled`: the activity
is committed and its source is deleted where that was asked for; nothing is left to do.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, insert, select, update

from campanile.store.control_tables import file_move
from campanile.store.database import Database

MoveState = Literal["planned", "written", "arrived", "failed", "settled"]


@dataclass(frozen=True)
class NewFileMove:
    """A file to be moved by an activity; paths are those of campaigns, `connection://path`.

    `local` is the file to be written, for one that the product made. `size` and `modified_at` tell
    whether the source is still the file that was found.
    """

    activity: str
    number: int
    source: str
    target: str | None = None
    local: str | None = None
    size: int = 0
    modified_at: datetime | None = None
    deletes: bool = False
    state: MoveState = "planned"


@dataclass(frozen=True)
class FileMove:
    """A file that an activity of an execution moves."""

    execution_id: int
    activity: str
    number: int
    source: str
    target: str | None
    local: str | None
    size: int
    modified_at: datetime | None
    deletes: bool
    state: MoveState
    reason: str | None
    at: datetime


class FileMoves:
    """The files of all executions; the record of what was sent and received."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def plan(
        self, execution_id: int, activity: str, found: Callable[[], Sequence[NewFileMove]]
    ) -> tuple[FileMove, ...]:
        """The moves of an activity that is not committed; what was planned before goes on.

        `found` is asked where nothing is under way; a restarted activity plans anew.
        """
        known = self.of_activity(execution_id, activity)
        if known and not all(each.state == "settled" for each in known):
            return known
        wanted = found()
        with self._database.write() as connection:
            for each in wanted or ():
                write_move(connection, execution_id, each, self._clock())
            self._forget(connection, execution_id, activity, [each.number for each in wanted])
        return self.of_activity(execution_id, activity)

    def advance(self, move: FileMove, state: MoveState, reason: str | None = None) -> None:
        """Write down how far a file has come."""
        statement = (
            update(file_move)
            .where(
                file_move.c.execution_id == move.execution_id,
                file_move.c.activity == move.activity,
                file_move.c.number == move.number,
            )
            .values(state=state, reason=reason, at=self._clock())
        )
        with self._database.write() as connection:
            connection.execute(statement)

    def of_activity(self, execution_id: int, activity: str) -> tuple[FileMove, ...]:
        """The moves of an activity in one execution, in their order."""
        query = select(file_move).where(
            file_move.c.execution_id == execution_id, file_move.c.activity == activity
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(file_move.c.number)).mappings()
            return tuple(FileMove(**row) for row in rows)

    def _forget(
        self, connection: Connection, execution_id: int, activity: str, kept: Sequence[int]
    ) -> None:
        mine = (file_move.c.execution_id == execution_id) & (file_move.c.activity == activity)
        connection.execute(delete(file_move).where(mine, file_move.c.number.not_in(kept)))


def write_move(
    connection: Connection, execution_id: int, wanted: NewFileMove, now: datetime
) -> None:
    """Write a move down in the caller's transaction, in place of a former one."""
    mine = (
        (file_move.c.execution_id == execution_id)
        & (file_move.c.activity == wanted.activity)
        & (file_move.c.number == wanted.number)
    )
    connection.execute(delete(file_move).where(mine))
    row = {**asdict(wanted), "execution_id": execution_id, "reason": None, "at": now}
    connection.execute(insert(file_move).values(row))
