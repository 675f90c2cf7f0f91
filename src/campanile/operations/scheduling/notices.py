"""Telling people by mail: alerts, failures, held launches and questions, each once.

A notice is written in the transaction of what it tells of. It is taken before it is sent and noted
person by person, so two clocks never send it twice; a process that dies between the server's answer
and its note sends that one mail again, under the same Message-ID.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from campanile.channels.base import Status, Verdict
from campanile.channels.plain_mail import PlainMail, send_plain
from campanile.content.headers import is_address
from campanile.errors import CampanileError
from campanile.operations.authoring.versions import get_version
from campanile.operations.project import Project
from campanile.store.notices import Notice

_TAKEN_FOR = timedelta(minutes=5)  # then it is tried again
_MOST_ATTEMPTS = 12
_OLDEST = timedelta(days=2)  # what nobody could be told of by then stands in `status`


def send_notices(project: Project, now: datetime) -> int:
    """Mail what waits to be told, and return how many mails left.

    Nothing is sent while sending is halted or the store may be an old copy. The clock waits for
    this: where the server is away, or the project's files cannot be read, no other one is tried.
    """
    notices, sent = project.store.notices, 0
    waiting = notices.waiting(now)
    if not waiting or project.store.sending.state().refusal(project.identity) is not None:
        return 0
    for notice in waiting:
        if not notices.take(notice.id, now, now + _TAKEN_FOR):
            continue
        statuses = [verdict.status for verdict in _send(project, notice, now).values()]
        sent += statuses.count(Status.ACCEPTED)
        if statuses and set(statuses) == {Status.NOT_SENT}:
            notices.put_off(now, now + _TAKEN_FOR)
            break
    return sent


def recipients(project: Project, notice: Notice) -> tuple[str, ...]:
    """Supervisors (or the owner) and, of an alert, who subscribed; as addresses, each once.

    Of a question those who are asked and have not answered; of a decision who had asked.
    """
    if notice.question_id is not None:
        return _asked(project, notice.kind, notice.question_id)
    try:
        campaign = get_version(project, notice.campaign, notice.version).campaign
        named = campaign.supervisors or ((campaign.owner,) if campaign.owner else ())
    except CampanileError:
        named = ()  # a version of a newer product; whoever subscribed is told all the same
    known = {one.name: one.email for one in project.store.people.everybody()}
    found = [known.get(name) or name for name in named]
    if notice.kind == "alert":
        found += [
            one.address
            for one in project.store.notices.subscriptions()
            if one.campaign in ("", notice.campaign)
        ]
    return tuple(dict.fromkeys(address for address in found if is_address(address)))


def _asked(project: Project, kind: str, question_id: int) -> tuple[str, ...]:
    question = project.store.questions.get(question_id)
    names = (question.asked_by,) if kind == "decided" else question.waiting_for
    everybody = [one for one in project.store.people.everybody() if one.disabled_at is None]
    found = [
        one.email or ""
        for one in everybody
        if one.name in names or not set(names).isdisjoint(one.groups)
    ]
    return tuple(dict.fromkeys(address for address in found if is_address(address)))


def _send(project: Project, notice: Notice, now: datetime) -> Mapping[str, Verdict]:
    """Tell those who are not told yet, note it, and return what became of each mail."""
    notices = project.store.notices
    everybody = recipients(project, notice)
    left = [address for address in everybody if _digest(address) not in notice.told]
    if not left:
        notices.settle(notice.id, "sent", None if everybody else "nobody is to be told")
        return {}
    verdicts = _deliver(project, notice, left)
    taken = [address for address in left if _is_over(verdicts.get(address))]
    notices.note_told(notice.id, [*notice.told, *map(_digest, taken)])
    _settle(project, notice, verdicts, is_done=len(taken) == len(left), now=now)
    return verdicts


def _deliver(project: Project, notice: Notice, left: Sequence[str]) -> dict[str, Verdict]:
    """Mail a notice by the default sender; while the files name none, it waits for one."""
    try:
        channels = project.foundation.channels
    except CampanileError as error:
        return dict.fromkeys(left, Verdict(Status.NOT_SENT, text=error.message))
    sender = channels.default_sender("email")
    if sender is None:
        why = "channels.yaml has no default sender"
        return dict.fromkeys(left, Verdict(Status.NOT_SENT, text=why))
    chosen = channels.senders[sender]
    mail = _mail(project, notice, chosen.from_)
    return send_plain(project.connections[chosen.connection], mail, left)


def _settle(
    project: Project,
    notice: Notice,
    verdicts: Mapping[str, Verdict],
    *,
    is_done: bool,
    now: datetime,
) -> None:
    refused = [v.text for v in verdicts.values() if v.status is not Status.ACCEPTED]
    reason = refused[0] if refused else None
    if is_done:
        project.store.notices.settle(notice.id, "sent", reason)
    elif notice.attempts + 1 >= _MOST_ATTEMPTS or now - notice.at > _OLDEST:
        project.store.notices.settle(notice.id, "given_up", reason)


def _is_over(verdict: Verdict | None) -> bool:
    """Whether another attempt is of no use; in doubt none is made."""
    over = (Status.ACCEPTED, Status.REJECTED, Status.UNKNOWN)
    return verdict is not None and verdict.status in over


def _mail(project: Project, notice: Notice, sender: str) -> PlainMail:
    execution = f", execution {notice.execution_key}" if notice.execution_key else ""
    place = f"Campaign {notice.campaign}, version {notice.version}{execution}"
    environment = f"{project.name} ({project.environment})"
    lines = [
        notice.message or notice.title,
        "",
        f"{place}, {notice.at:%Y-%m-%d %H:%M} UTC, {environment}.",
        f"What to do: {_next_command(notice)}",
    ]
    key = f"notice-{notice.id}-{blake2b(project.identity.encode(), digest_size=6).hexdigest()}"
    subject = f"[{project.name}] {notice.campaign}: {notice.title}"
    return PlainMail(key, sender, subject, "\n".join(lines) + "\n", notice.at)


def _next_command(notice: Notice) -> str:
    if notice.question_id is None or notice.kind == "decided":
        return f"campanile status, campanile why {notice.campaign}"
    execution = f" {notice.execution_key}" if notice.execution_key else ""
    return f"campanile tasks; campanile approve, reject or done {notice.campaign}{execution}"


def _digest(address: str) -> str:
    return blake2b(address.casefold().encode(), digest_size=12).hexdigest()
