"""Messages that would read differently: one sample, rendered as published and as the file says."""

import json
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import unified_diff
from typing import Any

from sqlalchemy import Row, select

from campanile.content.renderer import PlainMail, Renderer
from campanile.deliveries.delivery import Delivery
from campanile.deliveries.frozen_content import FrozenContent
from campanile.errors import CampanileError
from campanile.operations.rehearsing.masking import is_personal, masked, personal_columns
from campanile.operations.rehearsing.rehearsals import Rehearsal, Rehearsed
from campanile.operations.rehearsing.waterfalls import OPEN_REASONS
from campanile.store.ledger_tables import message
from campanile.tracking.tokens import KeyRing

_MOST = 60  # lines of a difference
_CONTEXT = 1
_NO_DELIVERY = 0  # no delivery has this id


@dataclass(frozen=True)
class ContentChange:
    """How a message changes for one recipient, personal values masked: the lines of a diff.

    `part` is subject, text or html; html is told only where the other two are the same.
    """

    activity: str
    part: str
    diff: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def content_changes(place: Rehearsal, before: Rehearsed, after: Rehearsed) -> list[ContentChange]:
    """The messages of both versions whose frozen content differs, rendered for one row each."""
    deliveries = place.project.store.deliveries
    old = {one.activity: one for one in deliveries.of_execution(before.execution.id)}
    found: list[ContentChange] = []
    for new in deliveries.of_execution(after.execution.id):
        former = old.get(new.activity)
        if former is not None and former.content_digest != new.content_digest:
            found += _changes(place, after, former, new)
    return found


def _changes(
    place: Rehearsal, after: Rehearsed, former: Delivery, new: Delivery
) -> Iterator[ContentChange]:
    row = _row(place, new, None)
    if row is None:
        return
    same = _row(place, former, row.row_key) or _row(place, former, None)
    personal = personal_columns(place.project.catalog, after.compiled.campaign)
    keys = KeyRing({1: secrets.token_bytes(32)}, 1)
    if same is None:
        return
    try:
        mails = [_mail(place, *each, personal, keys) for each in ((former, same), (new, row))]
    except CampanileError:
        return  # a row that cannot be rendered is counted by the guard of a send, not by a plan
    parts = [_part(new.activity, part, mails) for part in ("subject", "text")]
    told = [part for part in parts if part.diff]
    yield from told or [p for p in [_part(new.activity, "html", mails)] if p.diff]


def _row(place: Rehearsal, one: Delivery, row_key: str | None) -> Row[Any] | None:
    """The first message that may be sent, or that of a row."""
    columns = message.c
    query = select(columns.row_key, columns.fields, columns.language, columns.variant)
    may_get_it = columns.reason.is_(None) | columns.reason.in_(OPEN_REASONS)
    query = query.where(columns.delivery_id == one.id, may_get_it)
    if row_key is not None:
        query = query.where(columns.row_key == row_key)
    with place.project.store.databases["ledger"].read() as connection:
        return connection.execute(query.order_by(columns.ordinal).limit(1)).one_or_none()


def _mail(
    place: Rehearsal, one: Delivery, row: Row[Any], personal: frozenset[str], keys: KeyRing
) -> PlainMail:
    content = FrozenContent.from_json(place.project.store.deliveries.content(one.id))
    chosen = content.contents[content.choose(row.variant, row.language)]
    return Renderer(chosen, keys.sign_value).plain_render(
        _masked(json.loads(row.fields), personal),
        token=keys.sign("track", _NO_DELIVERY, 0),
        unsub_token=keys.sign("unsub", _NO_DELIVERY, 0),
    )


def _masked(fields: Mapping[str, Any], personal: Collection[str]) -> dict[str, Any]:
    """The values of a row with its personal texts masked, however deep they lie."""
    return {name: _masked_value(name, value, frozenset(personal)) for name, value in fields.items()}


def _masked_value(name: str, value: Any, personal: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _masked_value(key, each, personal) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked_value(name, each, personal) for each in value]
    if isinstance(value, str) and is_personal(name, personal):
        return masked(value, is_personal=True)
    return value


def _part(activity: str, part: str, mails: list[PlainMail]) -> ContentChange:
    before, after = (getattr(mail, part).splitlines() for mail in mails)
    lines = list(unified_diff(before, after, lineterm="", n=_CONTEXT))[2:]
    shown = [line.rstrip() for line in lines[:_MOST]]
    if len(lines) > _MOST:
        shown.append(f"… {len(lines) - _MOST} lines more")
    return ContentChange(activity, part, tuple(shown))
