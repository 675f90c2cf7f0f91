"""Compiled content: what a delivery freezes, and from which any later process renders the same."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

from campanile.content import pieces as pieces_module
from campanile.content.headers import Mailbox
from campanile.content.links import Link
from campanile.content.pieces import Piece
from campanile.errors import DataError

FORMAT: Final = 1


@dataclass(frozen=True)
class CompiledContent:
    """The content of one e-mail delivery, complete and independent of files and settings.

    `names` are the columns it needs (with paths such as `store.name`); `constants` are values that
    are the same for everybody; `track` and `unsub` stand where the tokens of a message will.
    """

    subject: tuple[Piece, ...]
    text: tuple[Piece, ...]
    html: tuple[Piece, ...]
    sender: Mailbox
    base_url: str
    message_id_domain: str
    date: datetime
    one_click: bool
    track: str
    unsub: str
    links: tuple[Link, ...] = ()
    names: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def needs_mac(self) -> bool:
        """Whether a link holds personal data, so that rendering needs a signature for it."""
        return any(link.is_personal for link in self.links)

    @cached_property
    def digest(self) -> str:
        """32 hex digits that are equal for equal content."""
        return blake2b(self.to_json().encode("utf-8"), digest_size=16).hexdigest()

    def to_json(self) -> str:
        """Return the content as canonical JSON text."""
        values = {
            "format": FORMAT,
            "subject": pieces_module.to_json(self.subject),
            "text": pieces_module.to_json(self.text),
            "html": pieces_module.to_json(self.html),
            "sender": asdict(self.sender),
            "base_url": self.base_url,
            "message_id_domain": self.message_id_domain,
            "date": self.date.isoformat(),
            "one_click": self.one_click,
            "track": self.track,
            "unsub": self.unsub,
            "links": [asdict(link) for link in self.links],
            "names": list(self.names),
            "defaults": dict(self.defaults),
            "constants": dict(self.constants),
            "headers": dict(self.headers),
        }
        return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "CompiledContent":
        """Return the content that `to_json` wrote; raise DataError for anything else."""
        try:
            values = json.loads(text)
            if values.pop("format") != FORMAT:
                raise DataError(
                    "frozen content has a format that this version does not know.",
                    remedy="Send it with the version that planned it, or upgrade.",
                )
            for part in ("subject", "text", "html"):
                values[part] = pieces_module.from_json(values[part])
            values["sender"] = Mailbox(**values["sender"])
            values["date"] = datetime.fromisoformat(values["date"])
            values["links"] = tuple(Link(**link) for link in values["links"])
            values["names"] = tuple(values["names"])
            return cls(**values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"frozen content cannot be read ({type(error).__name__}).") from error
