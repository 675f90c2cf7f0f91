"""What people are asked, through the API: publications, approvals and tasks, and their answers."""

from typing import Any

from campanile.operations.authoring import reviews
from campanile.operations.hosting.serving import run_what_is_due, serve_published
from campanile.operations.rehearsing.reached import count_reached
from campanile.operations.scheduling.answering import Chosen, answer, only, to_answer
from campanile.store.question_rows import Question
from campanile.store.questions import Seen
from campanile.web.api import inputs
from campanile.web.api.reading import Call


def questions(call: Call) -> list[dict[str, Any]]:
    """List what waits for an answer: publications, approvals, and tasks that were done."""
    return [_question(one) for one in to_answer(call.project, Chosen(call.name))]


def reply(call: Call) -> dict[str, Any]:
    """Answer a question; the last approval that a publication needs publishes it."""
    sent: inputs.Reply = call.sent
    open_ones = to_answer(call.project, Chosen(call.name))
    meant = [one for one in open_ones if one.id == int(call.path["question"])]
    done = answer(
        call.project,
        only(call.project, Chosen(call.name), meant, "question"),
        sent.answer,
        actor=call.actor,
        comment=sent.comment,
        seen=Seen(sent.version, sent.rows),
        count=count_reached,
    )
    served = serve_published(call.project) if done.published else run_what_is_due(call.project)
    published = None if done.published is None else done.published.version
    return {**_question(done.question), "published_version": published, "served": served}


def submit(call: Call) -> list[dict[str, Any]]:
    """Ask those whom policies name whether a version may be published."""
    version, project = call.sent.version, call.project
    done = reviews.submit(
        project, call.name, version=version, actor=call.actor, count=count_reached
    )
    return [_question(one) for one in done.questions]


def withdraw(call: Call) -> dict[str, Any]:
    """Take a submission back: nobody is asked any more."""
    reviews.withdraw(call.project, call.name, actor=call.actor, reason=call.sent.reason)
    return {"campaign": call.name}


def _question(one: Question) -> dict[str, Any]:
    return {
        "question": one.id,
        "kind": one.kind,
        "subject": one.subject,
        "version": one.version,
        "execution": one.execution_key,
        "rows": one.rows,
        "text": one.text,
        "answers": ["approved", "rejected"] if one.kind == "task" else list(one.answers),
        "status": one.status,
        "asked_at": one.asked_at,
        "due_at": one.due_at,
    }
