"""Questions to people and their answers: the answer that decides opens the gate, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, update

from campanile.campaigns.questions import Reply, decision
from campanile.errors import Refused
from campanile.store.audit import note
from campanile.store.campaign_rows import lock_campaign
from campanile.store.campaign_tables import gate
from campanile.store.database import Database
from campanile.store.execution_rows import lock_execution
from campanile.store.gates import read_gate, release_gate
from campanile.store.question_rows import Question, is_open, read_question, read_questions, tell
from campanile.store.question_tables import answer, question
from campanile.store.review_rows import close_publication, end_review


@dataclass(frozen=True)
class Seen:
    """What the person had before the eyes; an answer about anything else is refused."""

    version: int | None = None
    rows: int | None = None


ANYTHING: Final = Seen()  # whatever the question is about


class Questions:
    """The questions of all campaigns."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def pending(self, campaign: str | None = None) -> tuple[Question, ...]:
        """Return the questions that somebody may still answer, the first asked first."""
        condition = is_open()
        if campaign is not None:
            condition &= question.c.campaign == campaign
        with self._database.read() as connection:
            return read_questions(connection, condition)

    def of_campaign(self, campaign: str) -> tuple[Question, ...]:
        """Return all questions that a campaign ever asked, decided ones too."""
        with self._database.read() as connection:
            return read_questions(connection, question.c.campaign == campaign)

    def of_execution(self, execution_id: int) -> tuple[Question, ...]:
        """Return the questions of an execution."""
        with self._database.read() as connection:
            return read_questions(connection, question.c.execution_id == execution_id)

    def get(self, question_id: int) -> Question:
        """Return one question; raises Refused when it was taken back."""
        with self._database.read() as connection:
            return read_question(connection, question_id)

    def require_open(self, question_id: int) -> Question:
        """Return a question that may be answered; raises Refused with who was first, and when."""
        found = self.get(question_id)
        require_open(found, self._clock())
        return found

    def reply(self, question_id: int, reply: Reply, seen: Seen = ANYTHING) -> Question:
        """Keep an answer; the one that decides opens the gate, in the same transaction.

        Raises Refused for an answer that comes too late, that was given already, that is none of
        those asked for, or that is about another version or number of rows than the question.
        """
        now = self._clock()
        with self._database.write() as connection:
            current = self._locked(connection, question_id, now)
            _require_seen(current, seen)
            _require_may_answer(current, reply)
            if reply.answer not in current.answers:
                known = ", ".join(current.answers)
                raise Refused(
                    f"'{reply.answer}' is no answer to {current.name}.",
                    remedy=f"There is: {known}.",
                )
            _keep(connection, current, reply, now)
            given = [*(each.reply for each in current.given), reply]
            decided = decision(current.asked, current.answers, current.needs, given)
            if decided is not None:
                close(connection, current, decided, reply.person, reply.comment, now)
            return read_question(connection, question_id)

    def report(self, question_id: int, reply: Reply) -> Question:
        """Keep what the assignee of a task says of it; with a reviewer, `done` is not the end."""
        now = self._clock()
        with self._database.write() as connection:
            current = self._locked(connection, question_id, now)
            if current.is_reported:
                last = current.given[-1]
                raise Refused(
                    f"{current.name} was reported as done by {last.person} at {_when(last.at)}; "
                    f"{current.reviewer} decides about it."
                )
            _require_asked(current, reply)
            _keep(connection, current, reply, now)
            if reply.answer != "done" or current.reviewer is None:
                close(connection, current, reply.answer, reply.person, reply.comment, now)
            else:  # what is reported in time does not expire over its reviewer
                _move_end(connection, current, None)
                tell(connection, read_question(connection, question_id), now)
            return read_question(connection, question_id)

    def review(self, question_id: int, reply: Reply) -> Question:
        """Accept what was reported as done, or send it back (`rejected`) to its assignee."""
        now = self._clock()
        with self._database.write() as connection:
            current = self._locked(connection, question_id, now)
            if not current.is_reported:
                raise Refused(
                    f"{current.name} is {current.status}: there is nothing to review.",
                    remedy=f"Its assignee reports it: campanile done {current.campaign}",
                )
            if not reply.counts_for:
                raise Refused(f"{current.name} is reviewed by {current.reviewer}.")
            _keep(connection, current, reply, now)
            if reply.answer == "approved":
                close(connection, current, "done", reply.person, reply.comment, now)
            elif current.due_at is not None:  # the time of its review does not count
                due_at = now + (current.due_at - current.given[-1].at)
                _move_end(connection, current, due_at)
                changed = update(question).where(question.c.id == current.id)
                connection.execute(changed.values(due_at=due_at))
            found = read_question(connection, question_id)
            if found.is_open:
                tell(connection, found, now)
            return found

    def _locked(self, connection: Connection, question_id: int, now: datetime) -> Question:
        """The question, locked with what it belongs to; raises Refused when it is closed."""
        found = read_question(connection, question_id)
        if found.execution_id is None:
            lock_campaign(connection, found.campaign)
        else:
            lock_execution(connection, found.execution_id)
        current = read_question(connection, question_id)
        require_open(current, now)
        return current


def require_open(current: Question, now: datetime) -> None:
    """Raise Refused, with who was first and when, for a question that nobody may answer now."""
    if current.outcome is not None:
        whom = f" by {current.closed_by}" if current.closed_by else ""
        when = f" at {_when(current.closed_at)}" if current.closed_at else ""
        raise Refused(
            f"{current.name} is decided already: '{current.outcome}'{whom}{when}.",
            remedy=f"See: campanile tasks --all {current.campaign}",
        )
    if current.is_over:
        raise Refused(f"{current.name}: its execution is over, so nobody is asked any more.")
    if current.due_at is not None and current.due_at <= now and not current.is_reported:
        raise Refused(
            f"{current.name} expired at {_when(current.due_at)}: the answer comes too late.",
        )


def close(
    connection: Connection, current: Question, outcome: str, by: str, reason: str, now: datetime
) -> None:
    """Decide a question that is locked and open: its gate opens, or the publication is decided."""
    if current.execution_id is not None:
        opened = read_gate(connection, current.execution_id, current.subject)
        release_gate(connection, opened, by, outcome, now)
        return
    close_publication(connection, current, outcome, by, reason, now)
    if outcome != current.answers[0]:
        end_review(connection, current.campaign, by, f"{current.subject}: {outcome}", now)


def _move_end(connection: Connection, current: Question, due_at: datetime | None) -> None:
    """Let the clock open the gate of a task at another time, or never."""
    mine = (gate.c.execution_id == current.execution_id) & (gate.c.activity == current.subject)
    connection.execute(update(gate).where(mine).values(due_at=due_at))


def _require_may_answer(current: Question, reply: Reply) -> None:
    before = next((each for each in current.given if each.person == reply.person), None)
    if before is not None:
        raise Refused(
            f"{reply.person} answered {current.name} already: '{before.answer}' at "
            f"{_when(before.at)}; it waits for {', '.join(current.waiting_for)}."
        )
    if reply.person in current.barred:
        raise Refused(
            f"{reply.person} wrote or submitted version {current.version} of '{current.campaign}': "
            f"somebody else approves it.",
            remedy=f"It waits for {', '.join(current.waiting_for)}.",
        )
    _require_asked(current, reply)


def _require_asked(current: Question, reply: Reply) -> None:
    if not reply.counts_for:
        raise Refused(
            f"{reply.person} is not asked about {current.name}: {', '.join(current.asked)}.",
            remedy="An administrator puts people into groups: campanile users --help",
        )


def _require_seen(current: Question, seen: Seen) -> None:
    if seen.version not in (None, current.version):
        raise Refused(f"{current.name} is about version {current.version}, not {seen.version}.")
    if seen.rows is not None and seen.rows != current.rows:
        raise Refused(f"{current.name} is about {current.rows or 0:,} rows, not {seen.rows:,}.")


def _keep(connection: Connection, current: Question, reply: Reply, now: datetime) -> None:
    row = {"person": reply.person, "answer": reply.answer, "comment": reply.comment, "at": now}
    row["counts_for"] = list(reply.counts_for)
    connection.execute(insert(answer).values(question_id=current.id, **row))
    details: dict[str, Any] = {"subject": current.subject, "version": current.version}
    details |= {"answer": reply.answer, "rows": current.rows}
    of_execution = current.execution_key is not None
    target = f"campaign:{current.campaign}"
    if of_execution:
        target = f"execution:{current.campaign}/{current.execution_key}"
    note(connection, now, reply.person, "answer", target, reason=reply.comment or None, **details)


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
