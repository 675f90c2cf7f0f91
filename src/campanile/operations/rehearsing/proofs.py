"""Proofs: one real message of one real row, sent to a test address; nobody's links are in it."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import select

from campanile.channels.base import Outgoing, Status, Verdict
from campanile.channels.smtp import SmtpChannel
from campanile.content.compiled import CompiledContent
from campanile.content.headers import Mailbox, is_address
from campanile.content.pieces import Text
from campanile.content.renderer import Renderer
from campanile.deliveries.delivery import Delivery
from campanile.deliveries.frozen_content import FrozenContent
from campanile.errors import PermanentDeliveryError, Refused, TransientDeliveryError
from campanile.operations.people.rights import requires_for_campaign
from campanile.operations.project import Project
from campanile.operations.rehearsing.rehearsals import rehearsal
from campanile.people.rights import Right
from campanile.store.ledger_tables import message
from campanile.store.store import Store
from campanile.tracking.tokens import KeyRing

PREFIX = "[PROOF] "
_NO_DELIVERY = 0  # no delivery has this id


@dataclass(frozen=True)
class Proof:
    """A proof that was handed over: by which server, of how many possible rows."""

    activity: str
    server: str
    subject: str
    rows: int


@dataclass(frozen=True)
class _Row:
    """What the template gets of one row."""

    fields: str
    language: str | None
    variant: str | None


@requires_for_campaign(Right.TEST_MESSAGES)
def send_proof(
    project: Project,
    campaign: str,
    activity: str,
    *,
    to: str,
    row_key: str | None = None,
    execution: str | None = None,
    actor: str,
) -> Proof:
    """Render one row as the live send would, and send it to `to`.

    The row comes from the execution's plan, or from the campaign file tried on today's data. Raises
    Refused while sending is halted or disarmed, and when there is no such row.
    """
    if not is_address(to):
        raise Refused("--to is not an e-mail address.")
    refusal = project.store.sending.state().refusal(project.identity)
    if refusal is not None:
        raise Refused(refusal)
    with _planned(project, campaign, activity, execution) as (store, delivery):
        row, count = _row(store, delivery, row_key)
        content = FrozenContent.from_json(store.deliveries.content(delivery.id))
    chosen = content.contents[content.choose(row.variant, row.language)]
    body = render_proof(chosen, row.fields, to)
    connection = project.connections[delivery.settings.connection]
    outgoing = Outgoing(0, chosen.sender.address, to, body, is_dot_safe=True)
    _hand_over(SmtpChannel(connection), outgoing)
    project.store.audit.record(actor, "proof", f"campaign:{campaign}", activity=activity)
    server = f"{connection.host}:{connection.port}"
    return Proof(activity, server, _subject(chosen), count)


def render_proof(content: CompiledContent, fields: str, to: str) -> bytes:
    """The message with the subject marked; its tokens are signed by keys nobody keeps."""
    throwaway = KeyRing({1: secrets.token_bytes(32)}, 1)
    marked = replace(content, subject=(Text(PREFIX), *content.subject))
    try:
        return Renderer(marked, throwaway.sign_value).render(
            json.loads(fields),
            token=throwaway.sign("track", _NO_DELIVERY, 0),
            unsub_token=throwaway.sign("unsub", _NO_DELIVERY, 0),
            to=Mailbox("", to),
        )
    except PermanentDeliveryError as error:
        raise Refused(f"this row cannot be rendered: {error.message}") from error


@contextmanager
def _planned(
    project: Project, campaign: str, activity: str, execution: str | None
) -> Iterator[tuple[Store, Delivery]]:
    """The store that holds the plan of the delivery: the project's, or a rehearsal's."""
    if execution is not None:
        row = project.store.executions.find(campaign, execution)
        found = project.store.deliveries.find(campaign, row.id, activity)
        if found is None:
            raise Refused(f"execution {row.name} has planned no delivery of '{activity}' yet.")
        yield project.store, found
        return
    with rehearsal(project) as place:
        done = place.run(campaign, place.take_file(campaign))
        found = place.project.store.deliveries.find(campaign, done.execution.id, activity)
        if found is None:
            raise Refused(
                done.trouble or f"'{activity}' is not a message of the first segment.",
                remedy="Name an execution that has planned it: --execution KEY.",
            )
        yield place.project.store, found


def _row(store: Store, delivery: Delivery, row_key: str | None) -> tuple[_Row, int]:
    columns = message.c
    mine = columns.delivery_id == delivery.id
    query = select(columns.fields, columns.language, columns.variant).where(mine)
    if row_key is not None:
        query = query.where(columns.row_key == row_key)
    with store.databases["ledger"].read() as connection:
        found = connection.execute(query.order_by(columns.ordinal).limit(1)).one_or_none()
    if found is None:
        what = f"no row with the key {row_key!r}" if row_key else "no rows"
        raise Refused(f"the audience of '{delivery.activity}' has {what}.")
    return _Row(*found), delivery.planned


def _subject(content: CompiledContent) -> str:
    fixed = [piece.text if isinstance(piece, Text) else "…" for piece in content.subject]
    return PREFIX + "".join(fixed)


def _hand_over(channel: SmtpChannel, outgoing: Outgoing) -> None:
    verdicts: list[Verdict] = []
    session = channel.open()
    try:
        session.send_many(
            iter([outgoing]),
            before_body=lambda _: True,
            done=lambda _, verdict: verdicts.append(verdict),
        )
    except TransientDeliveryError as error:
        raise Refused(f"the proof was not sent: {error.message}") from error
    finally:
        session.close()
    verdict = verdicts[0]
    if verdict.status is not Status.ACCEPTED:
        raise Refused(f"the server did not take the proof ({verdict.code}): {verdict.text}")
