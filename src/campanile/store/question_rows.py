"""Questions to people as rows: read with the gate that an activity's question opens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select

from campanile.activities.asked import Needs
from campanile.campaigns.questions import NewQuestion, QuestionKind, Reply
from campanile.errors import Refused
from campanile.store.audit import note
from campanile.store.campaign_tables import FINAL_STATUSES, execution, gate
from campanile.store.execution_rows import Execution
from campanile.store.notices import write_question_notice
from campanile.store.question_tables import answer, question
from campanile.store.statements import insert_missing


@dataclass(frozen=True)
class Answer:
    """What one person said, or reported of a task."""

    id: int
    question_id: int
    person: str
    answer: str
    comment: str
    counts_for: tuple[str, ...]
    at: datetime

    @property
    def reply(self) -> Reply:
        """The answer as the rule of decisions takes it."""
        return Reply(self.person, self.answer, self.comment, self.counts_for)


@dataclass(frozen=True)
class Question:
    """Something that people are asked, or asked to do; open as long as it has no `outcome`."""

    id: int
    kind: QuestionKind
    campaign: str
    version: int
    execution_id: int | None
    execution_key: str | None
    subject: str
    text: str
    rows: int | None
    asked: tuple[str, ...]
    answers: tuple[str, ...]
    needs: Needs
    reviewer: str | None
    priority: str
    barred: tuple[str, ...]
    reminders: tuple[timedelta, ...]  # before the end
    asked_at: datetime
    asked_by: str
    due_at: datetime | None
    outcome: str | None
    closed_at: datetime | None
    closed_by: str | None
    reason: str | None
    is_over: bool  # its execution ended, so nobody is asked any more
    given: tuple[Answer, ...]

    @property
    def is_open(self) -> bool:
        """Whether somebody may still answer."""
        return self.outcome is None and not self.is_over

    @property
    def is_reported(self) -> bool:
        """Whether a task was reported as done, and its reviewer has the word."""
        return self.is_open and self.kind == "task" and self._last == "done"

    @property
    def status(self) -> str:
        """A word for people; of tasks those of a manager's list."""
        if self.outcome is not None:
            return self.outcome
        if self.is_over:
            return "canceled"
        if self.kind != "task":
            return "pending"
        return {"done": "pending approval", "rejected": "rejected"}.get(self._last, "in progress")

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The people and groups whose word is missing."""
        if not self.is_open:
            return ()
        if self.is_reported:
            return (self.reviewer,) if self.reviewer else ()
        heard = {name for each in self.given for name in each.counts_for}
        return tuple(name for name in self.asked if self.kind == "task" or name not in heard)

    @property
    def name(self) -> str:
        """How messages call it: the campaign, its execution if any, and the subject."""
        parts = (self.campaign, self.execution_key, self.subject)
        return "/".join(part for part in parts if part)

    @property
    def _last(self) -> str:
        return self.given[-1].answer if self.given else ""


def ask(
    connection: Connection, owner: Execution, wanted: NewQuestion, by: str, now: datetime
) -> None:
    """Ask a question of an activity, whose gate was just armed; the execution is locked."""
    row = _new_row(wanted, owner.campaign, owner.version, by, now)
    if insert_missing(connection, question, {**row, "execution_id": owner.id}):
        mine = (question.c.execution_id == owner.id) & (question.c.subject == wanted.subject)
        tell(connection, read_questions(connection, mine)[0], now)
        details: dict[str, Any] = {
            "activity": wanted.subject,
            "version": owner.version,
            "rows": wanted.rows,
        }
        note(connection, now, by, "ask", f"execution:{owner.name}", **details)


def ask_publication(
    connection: Connection, campaign: str, version: int, wanted: NewQuestion, by: str, now: datetime
) -> None:
    """Ask for the approval of a publication; the campaign is locked."""
    row = _new_row(wanted, campaign, version, by, now)
    made = connection.execute(insert(question).values(**row, execution_id=None))
    assert made.inserted_primary_key is not None
    tell(connection, read_question(connection, made.inserted_primary_key[0]), now)
    details: dict[str, Any] = {"policy": wanted.subject, "version": version, "rows": wanted.rows}
    note(connection, now, by, "ask", f"campaign:{campaign}", **details)


def tell(connection: Connection, asked: Question, now: datetime) -> None:
    """Let whom it waits for be told by mail now, and reminded before its end."""
    wanted = {"approval": "an answer", "task": "a task", "publication": "an approval"}[asked.kind]
    end = f" by {asked.due_at:%Y-%m-%d %H:%M} UTC" if asked.due_at else ""
    title, round_ = f"{wanted} is wanted{end}", str(len(asked.given))
    write_question_notice(connection, "asked", asked.id, round_, title, asked.text, now)
    for ahead in asked.reminders:
        if asked.due_at is not None and (at := asked.due_at - ahead) > now:
            write_question_notice(connection, "reminder", asked.id, round_, title, asked.text, at)


def forget_questions(connection: Connection, execution_id: int, activities: Sequence[str]) -> None:
    """Drop the questions of gates that are armed anew: about other rows, they are asked anew."""
    mine = (question.c.execution_id == execution_id) & question.c.subject.in_(activities)
    connection.execute(delete(question).where(mine))


def read_questions(connection: Connection, condition: Any) -> tuple[Question, ...]:
    """Return the questions that a condition holds for, the first asked first."""
    rows = connection.execute(_joined().where(condition).order_by(question.c.id)).mappings().all()
    answers = _answers(connection, [row["id"] for row in rows])
    return tuple(_question(row, answers.get(row["id"], ())) for row in rows)


def read_question(connection: Connection, question_id: int) -> Question:
    """Return one question; raises Refused when it was taken back."""
    found = read_questions(connection, question.c.id == question_id)
    if not found:
        raise Refused("this is not asked any more.", remedy="See: campanile tasks")
    return found[0]


def is_open() -> Any:
    """The condition of questions that somebody may still answer."""
    over = execution.c.status.in_(FINAL_STATUSES)
    return (
        question.c.outcome.is_(None)
        & (gate.c.state.is_(None) | (gate.c.state == "armed"))
        & func.coalesce(~over, True)
    )


def _joined() -> Select[Any]:
    own = (gate.c.execution_id == question.c.execution_id) & (gate.c.activity == question.c.subject)
    opened = gate.c.state == "released"
    columns = (
        *question.c,
        execution.c.key.label("execution_key"),
        execution.c.status.label("execution_status"),
        gate.c.outcome.label("gate_outcome"),
        gate.c.released_at,
        gate.c.released_by,
        opened.label("is_released"),
    )
    return (
        select(*columns)
        .outerjoin(execution, execution.c.id == question.c.execution_id)
        .outerjoin(gate, own)
    )


def _question(row: RowMapping, given: Iterable[Answer]) -> Question:
    known = {name: row[name] for name in question.c.keys()}  # noqa: SIM118  a collection of columns
    for name in ("asked", "answers", "barred"):
        known[name] = tuple(known[name])
    known["reminders"] = tuple(timedelta(seconds=each) for each in known["reminders"])
    if row["is_released"]:
        known["outcome"] = row["gate_outcome"]
        known["closed_at"], known["closed_by"] = row["released_at"], row["released_by"]
    return Question(
        **known,
        execution_key=row["execution_key"],
        is_over=row["execution_status"] in FINAL_STATUSES,
        given=tuple(given),
    )


def _answers(connection: Connection, questions: list[int]) -> dict[int, list[Answer]]:
    query = select(answer).where(answer.c.question_id.in_(questions)).order_by(answer.c.id)
    found: dict[int, list[Answer]] = {}
    for row in connection.execute(query).mappings():
        one = Answer(**{**row, "counts_for": tuple(row["counts_for"])})
        found.setdefault(one.question_id, []).append(one)
    return found


def _new_row(
    wanted: NewQuestion, campaign: str, version: int, by: str, now: datetime
) -> dict[str, Any]:
    return {
        "kind": wanted.kind,
        "campaign": campaign,
        "version": version,
        "subject": wanted.subject,
        "text": wanted.text,
        "rows": wanted.rows,
        "asked": list(wanted.asked),
        "answers": list(wanted.answers),
        "needs": wanted.needs,
        "reviewer": wanted.reviewer,
        "priority": wanted.priority,
        "barred": list(wanted.barred),
        "reminders": [each.total_seconds() for each in wanted.reminders],
        "asked_at": now,
        "asked_by": by,
        "due_at": wanted.due_at,
    }
