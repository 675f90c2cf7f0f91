"""Reviews: a version is submitted, and published only after those whom policies name agreed."""

from collections.abc import Callable, Sequence
from datetime import datetime

from campanile.campaigns.questions import NewQuestion
from campanile.errors import Refused
from campanile.store.campaign_rows import lock_campaign, require_version
from campanile.store.database import Database
from campanile.store.question_rows import Question, ask_publication, is_open, read_questions
from campanile.store.question_tables import question
from campanile.store.review_rows import (
    close_publication,
    end_review,
    move_campaign,
    questions_of,
)


class Reviews:
    """The reviews of all campaigns."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def submit(
        self,
        name: str,
        version: int,
        wanted: Sequence[NewQuestion],
        *,
        by: str,
        comment: str | None = None,
    ) -> tuple[Question, ...]:
        """Ask for approval of a version, one question for each policy; a draft is locked by it.

        Raises Refused while the campaign is under review already.
        """
        now = self._clock()
        with self._database.write() as connection:
            current = lock_campaign(connection, name)
            require_version(connection, name, version)
            pending = [one for one in questions_of(connection, name) if one.is_open]
            if pending:
                raise Refused(
                    f"version {pending[0].version} of '{name}' was submitted already, by "
                    f"{pending[0].asked_by}; it waits for {', '.join(pending[0].waiting_for)}.",
                    remedy=f"`campanile withdraw {name}` takes it back.",
                )
            move_campaign(connection, current, "submit", by, comment, now)
            for each in wanted:
                ask_publication(connection, name, version, each, by, now)
            return tuple(one for one in questions_of(connection, name, version) if one.is_open)

    def withdraw(self, name: str, *, by: str, reason: str) -> None:
        """Take a submission back; raises Refused when nothing of the campaign is under review."""
        now = self._clock()
        with self._database.write() as connection:
            lock_campaign(connection, name)
            if not end_review(connection, name, by, reason, now):
                raise Refused(
                    f"nothing of '{name}' is under review.",
                    remedy=f"`campanile submit {name}` asks for approval.",
                )

    def of_version(self, name: str, version: int) -> tuple[Question, ...]:
        """Return what was asked about the publication of a version, the oldest first."""
        with self._database.read() as connection:
            return questions_of(connection, name, version)

    def expire(self, now: datetime) -> tuple[Question, ...]:
        """End the reviews that nobody finished in time; return the questions that expired."""
        late = is_open() & (question.c.kind == "publication") & (question.c.due_at <= now)
        with self._database.read() as connection:
            found = read_questions(connection, late)
        return tuple(one for one in found if self._expire(one, now))

    def _expire(self, late: Question, now: datetime) -> bool:
        with self._database.write() as connection:
            lock_campaign(connection, late.campaign)
            (current,) = read_questions(connection, question.c.id == late.id)
            if not current.is_open:
                return False
            close_publication(connection, current, "expired", "clock", "nobody answered", now)
            end_review(connection, late.campaign, "clock", f"{late.subject}: expired", now)
            return True
