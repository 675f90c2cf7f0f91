"""The words the demonstration shop is made of."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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
CITIES: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "Paris": (30, "FR"),
        "Lyon": (15, "FR"),
        "Nice": (10, "FR"),
        "Berlin": (15, "DE"),
        "Hamburg": (10, "DE"),
        "London": (15, "GB"),
        "Leeds": (5, "GB"),
    }
)
CATEGORIES: Final = ("shoes", "jackets", "bags", "books", "music")
THINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "shoes": ("boots", "sneakers", "sandals", "loafers"),
        "jackets": ("raincoat", "parka", "blazer", "anorak"),
        "bags": ("satchel", "backpack", "tote", "weekender"),
        "books": ("atlas", "cookbook", "novel", "field guide"),
        "music": ("record", "songbook", "tuning fork", "metronome"),
    }
)
