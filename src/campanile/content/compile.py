"""Compile an e-mail once per delivery: styles, links, names and fixed text are settled here."""

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

from campanile.content import html as markup
from campanile.content import plain_text
from campanile.content.anchors import before_end, with_links
from campanile.content.compiled import CompiledContent
from campanile.content.constants import as_json, check_constants, render_utm
from campanile.content.engine import escape_html
from campanile.content.headers import Mailbox, encode_mailbox, one_line
from campanile.content.html import Words
from campanile.content.links import ENCODE_FUNCTION, TRACKED_FUNCTION, LinkTable
from campanile.content.names import check_names, check_syntax
from campanile.content.pieces import (
    Piece,
    SourceFile,
    Tag,
    Text,
    fault_at,
    merged,
    split,
)
from campanile.content.template_files import TemplateFiles
from campanile.errors import DefinitionError, Place, located

_BODY: Final = re.compile(r"<body[^>]*>", re.IGNORECASE)
_HEADER_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}\Z")
_DOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
_BASE_URL: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~/-]*)?\Z")
_PREHEADER_STYLE: Final = (
    "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;"
    "mso-hide:all"
)
_FUNCTIONS: Final = (TRACKED_FUNCTION, ENCODE_FUNCTION)


@dataclass(frozen=True)
class _Settings:
    allowed: Collection[str]
    track_opens: bool
    table: LinkTable
    unsub: str

    @property
    def unsubscribe_url(self) -> str:
        return f"{self.table.base_url}/u/{self.unsub}"

    @property
    def pixel(self) -> str:
        address = f"{self.table.base_url}/o/{self.table.placeholder}.gif"
        return f'<img src="{address}" width="1" height="1" alt="" style="border:0">'


def compile_email(
    files: TemplateFiles,
    *,
    base_url: str,
    sender: Mailbox,
    message_id_domain: str,
    date: datetime,
    allowed: Collection[str],
    subject: str | None = None,
    preheader: str | None = None,
    track_opens: bool = True,
    track_clicks: bool = True,
    utm: Mapping[str, str] | None = None,
    one_click: bool = True,
    defaults: Mapping[str, Any] | None = None,
    constants: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> CompiledContent:
    """Return the content of a delivery, ready to be frozen.

    `subject`, `preheader` and `defaults` beat the template's front matter. `allowed` are the top
    names that rows have; `constants` (campaign, execution, param) are the same for everybody and
    the only names that `utm` values may use. `date` is the start of the delivery, `headers` further
    fixed fields. Raises FaultsFound with file, line and column, or DefinitionError.
    """
    base_url = base_url.rstrip("/")
    _check_settings(base_url, sender, message_id_domain, date, headers or {})
    constants = as_json(constants or {})
    track, unsub = _placeholders(files, base_url, subject, preheader)
    table = LinkTable(base_url, track, track_clicks, render_utm(utm or {}, constants))
    settings = _Settings({*allowed, *constants}, track_opens, table, unsub)
    subject_pieces = _subject(files, subject)
    html, text, names = _body(files, preheader or files.front.preheader, settings)
    names |= check_names(subject_pieces, settings.allowed, _FUNCTIONS)
    check_constants(names, constants)
    return CompiledContent(
        subject=subject_pieces,
        text=text,
        html=html,
        sender=sender,
        base_url=base_url,
        message_id_domain=message_id_domain,
        date=date.replace(microsecond=0),
        one_click=one_click,
        track=track,
        unsub=unsub,
        links=tuple(table.links),
        names=tuple(sorted(name for name in names if name.split(".")[0] not in constants)),
        defaults=as_json({**files.front.defaults, **(defaults or {})}),
        constants=constants,
        headers=dict(headers or {}),
    )


def _check_settings(
    base_url: str, sender: Mailbox, domain: str, date: datetime, headers: Mapping[str, str]
) -> None:
    with located("sender"):
        encode_mailbox(sender)
    if not _BASE_URL.match(base_url):
        raise DefinitionError("the tracking address is not of the form https://host/path.")
    if not _DOMAIN.match(domain):
        raise DefinitionError("the domain of message ids is not a domain name.")
    if date.tzinfo is None:
        raise ValueError("date must be aware")
    for name in headers:
        if not _HEADER_NAME.match(name) or not name.lower().startswith(("x-", "feedback-id")):
            raise DefinitionError(f"the header '{one_line(name)}' is not one that may be added.")


def _placeholders(files: TemplateFiles, *salts: str | None) -> tuple[str, str]:
    """Return two words, as long as tokens, that occur nowhere in the template."""
    sources = [files.body.text, *(f.text for f in files.partials.values())]
    if files.text:
        sources.append(files.text.text)
    digest = blake2b("\0".join([*sources, *map(str, salts)]).encode("utf-8", "replace")).digest()
    word = base64.b32encode(digest).decode("ascii").lower()
    return f"cmplt{word[:21]}", f"cmplu{word[21:42]}"


def _subject(files: TemplateFiles, subject: str | None) -> tuple[Piece, ...]:
    chosen = subject if subject is not None else files.front.subject
    if not chosen or not chosen.strip():
        raise fault_at(
            Place(files.body.name), "the mail has no subject.", "Add one to the front matter.",
            "subject",
        )  # fmt: skip
    name = "subject" if subject is not None else f"{files.body.name} (subject)"
    pieces = split(SourceFile(name, chosen))
    check_syntax(pieces, name)
    return merged(pieces)


def _body(
    files: TemplateFiles, preheader: str | None, settings: _Settings
) -> tuple[tuple[Piece, ...], tuple[Piece, ...], set[str]]:
    """Return the HTML and the text of the mail, and the names that both need."""
    source = _checked(files, files.body)
    names = _names(source, settings)
    words = Words(source)
    html = markup.with_words(_settled(source, settings, is_html=True), words)
    if files.is_mjml:
        html = markup.from_mjml(html, files.body.name)
    html = markup.inline_styles(html, files.body.name)
    markup.check_words(html, words)
    html = with_links(html, words, settings.table)
    if files.text is None:
        text = merged(plain_text.from_html(html, words))
    else:
        text, text_names = _written_text(files, files.text, settings)
        names |= text_names
    if preheader:
        hidden, more = _preheader(preheader, words, settings)
        names |= more
        html = _BODY.sub(lambda match: match.group() + hidden, html, count=1)
    if settings.track_opens:
        html = before_end(html, settings.pixel)
    pieces = merged(words.restore(html))
    check_syntax(pieces, files.body.name)
    check_syntax(text, files.body.name)
    return pieces, text, names


def _checked(files: TemplateFiles, file: SourceFile) -> list[Piece]:
    """Return the pieces of `file` with its partials, once each file parses on its own."""
    for one in (file, *files.partials.values()):
        check_syntax(split(one), one.name)
    return files.pieces(file)


def _names(pieces: list[Piece], settings: _Settings) -> set[str]:
    """Return the needed names, with `link(…)` calls judged by their arguments."""
    opened = [
        Tag("expression", f"[{piece.source[piece.source.index('(') + 1 : -1]}]", piece.place)
        if isinstance(piece, Tag) and re.match(r"link\s*\(.*\)\Z", piece.source, re.DOTALL)
        else piece
        for piece in pieces
    ]
    return check_names(opened, settings.allowed, _FUNCTIONS)


def _settled(pieces: list[Piece], settings: _Settings, *, is_html: bool) -> list[Piece]:
    """Return `pieces` with links of our own (`link(…)`, `message.unsubscribe`) written out."""
    result: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Text):
            result.append(piece)
        elif piece.kind == "expression" and piece.source == "message.unsubscribe":
            result.append(Text(settings.unsubscribe_url))
        else:
            written = settings.table.expand_call(piece) or [piece]
            result += _escaped(written) if is_html else written
    return result


def _escaped(pieces: list[Piece]) -> list[Piece]:
    return [Text(escape_html(piece.text)) if isinstance(piece, Text) else piece for piece in pieces]


def _written_text(
    files: TemplateFiles, file: SourceFile, settings: _Settings
) -> tuple[tuple[Piece, ...], set[str]]:
    source = _checked(files, file)
    names = _names(source, settings)
    settled = _settled(source, settings, is_html=False)

    def rewrite(url: list[Piece], tag: Tag | None) -> list[Piece]:
        return settings.table.rewrite(url, tag.place if tag else Place(file.name))

    return plain_text.with_links(settled, Words(settled), rewrite), names


def _preheader(preheader: str, words: Words, settings: _Settings) -> tuple[str, set[str]]:
    pieces = split(SourceFile("preheader", preheader))
    check_syntax(pieces, "preheader")
    names = check_names(pieces, settings.allowed, _FUNCTIONS)
    shown = "".join(
        escape_html(piece.text) if isinstance(piece, Text) else f"<!--{words.add(piece)}-->"
        for piece in pieces
    )
    return f'<div style="{_PREHEADER_STYLE}">{shown}</div>', names
