"""The words the demonstration shop is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class City:
    """A city with a store; `weight` is its share of the customers, `language` what most speak."""

    name: str
    weight: int
    country: str
    language: str
    zone: str


FIRST_NAMES: Final = (
    *("Ana", "Zoë", "José", "Marie", "Jürgen", "Chloé", "Luca", "Emma", "Noah", "Lina", "Paul"),
    *("Inès", "Hugo", "Léa", "Felix", "Clara", "Björn", "Nina", "Omar", "Sara", "Tom", "Yara"),
    *("Max", "Eva", "Ivan", "Rosa", "Karl", "Maëlle", "Theo", "Anaïs", "Otto", "Julie"),
)
LAST_NAMES: Final = (
    *("Martin", "Bernard", "Schmidt", "Müller", "Rossi", "Garcia", "Dubois", "Weber", "Petit"),
    *("Moreau", "Fischer", "Becker", "Laurent", "Simon", "Wagner", "Lefebvre", "Roux", "Koch"),
    *("O'Brien", "van Dijk", "Smith", "Jones", "Taylor", "Brown", "Blanc", "Guérin", "Schröder"),
)
CITIES: Final = (
    City("Paris", 26, "FR", "fr", "Europe/Paris"),
    City("Lyon", 12, "FR", "fr", "Europe/Paris"),
    City("Nice", 8, "FR", "fr", "Europe/Paris"),
    City("Berlin", 14, "DE", "de", "Europe/Berlin"),
    City("Hamburg", 8, "DE", "de", "Europe/Berlin"),
    City("London", 14, "GB", "en", "Europe/London"),
    City("Leeds", 5, "GB", "en", "Europe/London"),
    City("Lisbon", 5, "PT", "en", "Europe/Lisbon"),
    City("Athens", 4, "GR", "en", "Europe/Athens"),
    City("Montréal", 4, "CA", "fr", "America/Toronto"),
)
THINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "shoes": ("boots", "sneakers", "sandals", "loafers"),
        "jackets": ("raincoat", "parka", "blazer", "anorak"),
        "bags": ("satchel", "backpack", "tote", "weekender"),
        "books": ("atlas", "cookbook", "novel", "field guide"),
        "music": ("record", "songbook", "tuning fork", "metronome"),
    }
)
MAKES: Final = ("Alder", "Birch", "Cedar")
PLANS: Final = ("care", "club", "workshop")
# How much is bought in each month, against the average: sales in January and July, Christmas.
SEASON: Final = (1.15, 0.8, 0.85, 0.9, 0.95, 0.9, 1.15, 0.75, 0.9, 1.0, 1.35, 1.7)
WEEK: Final = (0.9, 0.85, 0.9, 0.95, 1.1, 1.3, 1.0)  # Monday to Sunday


def plain(name: str) -> str:
    """`name` in the letters of an address."""
    return name.lower().translate(str.maketrans("éèëüöäçïô '", "eeeuoacio--"))
