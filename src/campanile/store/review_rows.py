"""The review of a publication as rows: closed with its last answer, or as a whole."""

from datetime import datetime

from sqlalchemy import Connection, update

from campanile.campaigns.life import follow
from campanile.store.audit import note
from campanile.store.campaign_rows import CampaignRow, lock_campaign
from campanile.store.campaign_tables import campaign
from campanile.store.notices import write_question_notice
from campanile.store.question_rows import Question, read_questions
from campanile.store.question_tables import question

APPROVED = "approved"
CHANGES = "changes_requested"


def questions_of(
    connection: Connection, name: str, version: int | None = None
) -> tuple[Question, ...]:
    """Return what was asked about publications of a campaign, of one version if it is named."""
    mine = (question.c.campaign == name) & (question.c.kind == "publication")
    if version is not None:
        mine &= question.c.version == version
    return read_questions(connection, mine)


def close_publication(
    connection: Connection, current: Question, outcome: str, by: str, reason: str, now: datetime
) -> None:
    """Note how one policy's question ended; its campaign is locked."""
    closed = {"outcome": outcome, "closed_at": now, "closed_by": by, "reason": reason or None}
    connection.execute(update(question).where(question.c.id == current.id).values(**closed))
    if outcome not in ("withdrawn", "void"):
        title = f"version {current.version}: {outcome.replace('_', ' ')}"
        said = f"{current.subject}, {by}: {reason or title}"
        write_question_notice(connection, "decided", current.id, outcome, title, said, now)


def end_review(connection: Connection, name: str, by: str, reason: str, now: datetime) -> bool:
    """End the review of a locked campaign without a publication; False when there was none.

    Nobody is asked any more, approvals of versions that are not published are void, and a campaign
    that is in review is draft again.
    """
    current = lock_campaign(connection, name)
    found = questions_of(connection, name)
    for one in found:
        if one.is_open:
            close_publication(connection, one, "withdrawn", by, reason, now)
        elif one.outcome == APPROVED and one.version != current.published_version:
            close_publication(connection, one, "void", by, reason, now)
    if current.status == "in_review":
        move_campaign(connection, current, "withdraw", by, reason, now)
    return current.status == "in_review" or any(one.is_open for one in found)


def move_campaign(
    connection: Connection,
    current: CampaignRow,
    step: str,
    by: str,
    reason: str | None,
    now: datetime,
) -> None:
    """Take a step into or out of review; raises Refused where it cannot be taken."""
    status = follow(current.name, current.status, step)  # type: ignore[arg-type]
    changed = update(campaign).where(campaign.c.name == current.name)
    connection.execute(changed.values(status=status, changed_at=now))
    target = f"campaign:{current.name}"
    details = {"from": current.status, "to": str(status)}
    note(connection, now, by, step, target, reason=reason, **details)
