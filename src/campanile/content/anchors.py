"""The links of a mail's HTML, each sent through the table of links, and the pixel at its end."""

import html as html_entities
import re
from typing import Final

from campanile.content.engine import escape_html
from campanile.content.html import Words
from campanile.content.links import LinkTable
from campanile.content.pieces import Tag, Text
from campanile.errors import Place

_LINK_ELEMENT: Final = re.compile(
    r"<(?:a|area|v:[a-z]+)(?=\s)"
    r"(?:\s+[^\s\"'>/=]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?)*\s*/?>",
    re.IGNORECASE,
)
_HREF: Final = re.compile(r"(\shref\s*=\s*)(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_BODY_END: Final = re.compile(r"</body\s*>(?!.*</body)", re.IGNORECASE | re.DOTALL)


def with_links(html: str, words: Words, table: LinkTable) -> str:
    """Return `html` with the address of each link replaced by the one that `table` gives it."""

    def rewrite_href(match: re.Match[str]) -> str:
        written = next(group for group in match.groups()[1:] if group is not None)
        url = words.restore(html_entities.unescape(written))
        tag = next((piece for piece in url if isinstance(piece, Tag)), None)
        place = tag.place if tag else Place(f"a link to {written[:80]}")
        pieces = table.rewrite(url, place) if url else []
        parts = [
            escape_html(piece.text) if isinstance(piece, Text) else words.add(piece)
            for piece in pieces
        ]
        return f'{match.group(1)}"{"".join(parts)}"'

    return _LINK_ELEMENT.sub(
        lambda element: _HREF.sub(rewrite_href, element.group(), count=1), html
    )


def before_end(html: str, pixel: str) -> str:
    """Return `html` with `pixel` before the end of its body."""
    match = _BODY_END.search(html)
    at = match.start() if match else len(html)
    return html[:at] + pixel + html[at:]
