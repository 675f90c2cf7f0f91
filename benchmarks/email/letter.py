"""The letter that all senders write: 30 KB of HTML and text, 14 links, five rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from campanile.content.compile import compile_email
from campanile.content.compiled import CompiledContent
from campanile.content.headers import Mailbox
from campanile.content.pieces import plain_source
from campanile.content.template_files import read_template

BASE_URL: Final = "https://t.shop.example"
DOMAIN: Final = "shop.example"
SENDER: Final = Mailbox("The Shop", "news@shop.example")
SUBJECT: Final = "{{ first_name }}, the sale is on"
LINKS: Final = 14
_COLOURS: Final = ("red", "grün", "blue", "sand", "écru")
_CITIES: Final = ("Lyon", "Köln", "Porto", "Malmö", "Gdańsk", "Bath", "Graz")


@dataclass(frozen=True)
class Source:
    """The letter as other senders take it: Jinja source with the original links.

    `{{ token }}` stands where the recipient's token belongs in the pixel and the way out.
    """

    subject: str
    text: str
    html: str


def compiled(folder: Path, date: datetime) -> CompiledContent:
    """The letter as Campanile freezes it; `folder` takes the template's file."""
    template = folder / "templates" / "letter"
    template.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).with_name("letter.mjml").read_text()
    (template / "email.mjml").write_text(source)
    return compile_email(
        read_template(folder / "templates", "letter"),
        base_url=BASE_URL,
        sender=SENDER,
        message_id_domain=DOMAIN,
        date=date,
        allowed={"first_name", "spent", "city", "items"},
        subject=SUBJECT,
    )


def source(content: CompiledContent) -> Source:
    """The same letter for the others: what Campanile tracks is an ordinary link again."""
    return Source(
        SUBJECT, _original(content, plain_source(content.text)),
        _original(content, plain_source(content.html)),
    )  # fmt: skip


def _original(content: CompiledContent, text: str) -> str:
    for link in reversed(content.links):
        text = text.replace(f"{BASE_URL}/c/{content.track}/{link.number}", link.url)
    text = text.replace("{{ message.unsubscribe }}", f"{BASE_URL}/u/{{{{ token }}}}")
    return text.replace(content.unsub, "{{ token }}").replace(content.track, "{{ token }}")


def people(count: int) -> Iterator[dict[str, Any]]:
    """Addresses and values of the recipients; no two are alike."""
    for number in range(count):
        items = [
            {
                "name": f"Thing {number * 7 + place}",
                "colour": _COLOURS[(number + place) % len(_COLOURS)],
                "price": f"{number % 90 + place}.90",
                "before": f"{number % 90 + 20 + place}.50",
            }
            for place in range(5)
        ]
        fields = {
            "first_name": f"Zoë {number}",
            "spent": number * 3,
            "city": _CITIES[number % len(_CITIES)],
            "items": items,
        }
        yield {"address": f"person{number}@shop.example", "fields": fields}
