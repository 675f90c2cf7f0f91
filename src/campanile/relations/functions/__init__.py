"""The catalogue of functions that rules may call; it is also their documentation."""

from collections.abc import Mapping

from campanile.relations.functions.choices import CHOICES
from campanile.relations.functions.clock import CLOCK
from campanile.relations.functions.conversions import CONVERSIONS
from campanile.relations.functions.date_parts import PARTS_OF_DATES
from campanile.relations.functions.date_steps import STEPS
from campanile.relations.functions.digests import DIGESTS
from campanile.relations.functions.geography import GEOGRAPHY
from campanile.relations.functions.numbers import NUMBERS
from campanile.relations.functions.search import SEARCH
from campanile.relations.functions.text import TEXTS
from campanile.relations.functions.text_parts import PARTS
from campanile.relations.functions.xml import XML
from campanile.relations.functions.zones import ZONES
from campanile.relations.signatures import Function

FUNCTIONS: tuple[Function, ...] = (
    *CHOICES,
    *TEXTS,
    *SEARCH,
    *PARTS,
    *XML,
    *NUMBERS,
    *GEOGRAPHY,
    *CLOCK,
    *PARTS_OF_DATES,
    *STEPS,
    *ZONES,
    *CONVERSIONS,
    *DIGESTS,
)

CATALOGUE: Mapping[str, Function] = {
    name: function for function in FUNCTIONS for name in (function.name, *function.aliases)
}
