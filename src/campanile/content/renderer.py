"""Render one message of a delivery: fixed text is encoded once, only values are encoded per row."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from hashlib import blake2b
from typing import Any, Final

import minijinja

from campanile.content.compiled import CompiledContent
from campanile.content.engine import (
    CAPTURING_TAGS,
    MARKING_FILTERS,
    OUTPUT_LIMIT,
    Form,
    RenderError,
    encoding_environment,
    plain_environment,
    render,
)
from campanile.content.headers import Mailbox, encode_mailbox, encode_text, is_address, one_line
from campanile.content.links import link_functions
from campanile.content.names import uses
from campanile.content.pieces import Piece, Text, plain_source, tag_source
from campanile.content.quoted_printable import encode_segment
from campanile.errors import ConfigurationError, PermanentDeliveryError

TOKEN_LENGTH: Final = 26  # characters; placeholders have the same length


@dataclass(frozen=True)
class PlainMail:
    """One message as its reader sees it, before any encoding; line ends are LF."""

    subject: str
    text: str
    html: str


class Renderer:
    """Renders the messages of one compiled content; safe to share between threads.

    `mac` is `KeyRing.sign_value`, needed when the content `needs_mac`.
    """

    def __init__(
        self, content: CompiledContent, mac: Callable[[str, int, str], str] | None = None
    ) -> None:
        if content.needs_mac and mac is None:
            raise ConfigurationError(
                "a link of this content holds personal data, and nothing can sign it.",
                remedy="Pass the key ring's sign_value to Renderer().",
            )
        self._content = content
        self._atoms = (content.track, content.unsub)
        self._now = threading.local()
        self._mac = mac
        self._shared: dict[str, Any] = {
            **content.constants,
            "message": {"unsubscribe": f"{content.base_url}/u/{content.unsub}"},
        }
        self._text = _Part(content.text, "text", self._atoms)
        self._html = _Part(content.html, "html", self._atoms)
        self._plain = {
            "subject": _plain("subject", content.subject, "text"),
            "text": _plain("text", content.text, "text"),
            "html": _plain("html", content.html, "html"),
        }
        functions = self._link_functions()
        for environment in (*self._plain.values(), self._text.encoding, self._html.encoding):
            for name, function in functions.items():
                environment.add_global(name, function)
        self._fixed_subject = (
            encode_text("".join(p.text for p in content.subject if isinstance(p, Text)))
            if all(isinstance(piece, Text) for piece in content.subject)
            else None
        )
        self._fix_frame()

    def render(
        self, fields: Mapping[str, Any], *, token: str, unsub_token: str, to: Mailbox
    ) -> bytes:
        """Return the complete message (RFC 5322, MIME, 7 bit, CRLF, no line begins with a dot).

        Raises RenderError when this row cannot be rendered, PermanentDeliveryError (5.1.3) for an
        address that cannot stand in a header; neither repeats a value of the row.
        """
        context = self._context(fields, token, unsub_token)
        if not is_address(to.address):
            raise PermanentDeliveryError("the address is not one mailbox.", enhanced="5.1.3")
        subject = self._fixed_subject
        if subject is None:
            subject = encode_text(render(self._plain["subject"], "subject", context))
        text = self._text.render(context)
        html = self._html.render(context)
        message = (
            f"{self._before_to}{encode_mailbox(to)}\r\nSubject: {subject}\r\n"
            f"{self._before_text}{text}{self._between}{html}{self._after}"
        )
        if len(message) > 2 * OUTPUT_LIMIT:
            raise RenderError(f"the message has {len(message)} bytes; that is too large to send.")
        message = message.replace(self._atoms[0], token).replace(self._atoms[1], unsub_token)
        return message.encode("ascii")

    def plain_render(self, fields: Mapping[str, Any], *, token: str, unsub_token: str) -> PlainMail:
        """Return the same message without any encoding; slower, for previews and as an oracle."""
        context = self._context(fields, token, unsub_token)
        parts = []
        for name, environment in self._plain.items():
            text = render(environment, name, context)
            parts.append(text.replace(self._atoms[0], token).replace(self._atoms[1], unsub_token))
        return PlainMail(one_line(parts[0]), parts[1], parts[2])

    def _context(self, fields: Mapping[str, Any], token: str, unsub_token: str) -> dict[str, Any]:
        if len(token) != TOKEN_LENGTH or len(unsub_token) != TOKEN_LENGTH:
            raise ValueError(f"tokens have {TOKEN_LENGTH} characters")
        self._now.token = token
        context = {**fields, **self._shared}
        for name, value in self._content.defaults.items():
            if context.get(name) in (None, ""):
                context[name] = value
        return context

    def _link_functions(self) -> dict[str, Callable[..., Any]]:
        return link_functions(
            self._content.base_url,
            self._content.track,
            self._mac or _no_mac,
            lambda: str(self._now.token),
        )

    def _fix_frame(self) -> None:
        """Write what is the same in every message: header fields and the borders of the parts."""
        content = self._content
        # '=_' cannot occur in quoted-printable text (RFC 2045 section 6.7), so no part holds it.
        boundary = "=_" + blake2b(content.track.encode(), digest_size=12).hexdigest()
        fields = {
            "Date": format_datetime(content.date),
            "Message-ID": f"<{content.track}@{content.message_id_domain}>",
        }
        if content.one_click:
            fields["List-Unsubscribe"] = f"<{content.base_url}/u/{content.unsub}>"
            fields["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        fields |= {name: encode_text(value) for name, value in content.headers.items()}
        fields["MIME-Version"] = "1.0"
        fields["Content-Type"] = f'multipart/alternative; boundary="{boundary}"'
        self._before_to = f"From: {encode_mailbox(content.sender)}\r\nTo: "
        self._before_text = (
            "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            + f"\r\n--{boundary}\r\n{_part_head('plain')}"
        )
        self._between = f"\r\n--{boundary}\r\n{_part_head('html')}"
        self._after = f"\r\n--{boundary}--\r\n"


class _Part:
    """One part of the body, pre-encoded where its tags allow it."""

    def __init__(self, pieces: tuple[Piece, ...], form: Form, atoms: tuple[str, ...]) -> None:
        self._form: Final = form
        self._atoms = atoms
        self.is_encoded = not uses(pieces, CAPTURING_TAGS, MARKING_FILTERS)
        if self.is_encoded:
            self.encoding = encoding_environment(form, atoms)
            self.encoding.add_template(form, _encoded_source(pieces, atoms))
        else:
            self.encoding = _plain(form, pieces, form)

    def render(self, context: Mapping[str, Any]) -> str:
        rendered = render(self.encoding, self._form, context)
        return rendered if self.is_encoded else encode_segment(rendered, self._atoms)


def _encoded_source(pieces: tuple[Piece, ...], atoms: tuple[str, ...]) -> str:
    return "".join(
        encode_segment(piece.text, atoms, is_template=True)
        if isinstance(piece, Text)
        else tag_source(piece)
        for piece in pieces
    )


def _plain(name: str, pieces: tuple[Piece, ...], form: Form) -> minijinja.Environment:
    environment = plain_environment(form)
    environment.add_template(name, plain_source(pieces))
    return environment


def _part_head(subtype: str) -> str:
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )


def _no_mac(_token: str, _number: int, _value: str) -> str:
    raise ConfigurationError("nothing signs the personal parts of links.")
