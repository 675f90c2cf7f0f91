"""The catalogue of functions that rules may call; it is also their documentation."""

from collections.abc import Mapping

from campanile.relations.functions_dates import DATES
from campanile.relations.functions_numbers import NUMBERS
from campanile.relations.functions_text import TEXTS
from campanile.relations.signatures import Function

FUNCTIONS: tuple[Function, ...] = (*TEXTS, *NUMBERS, *DATES)

CATALOGUE: Mapping[str, Function] = {
    name: function for function in FUNCTIONS for name in (function.name, *function.aliases)
}
