"""Formats of dates and times in files, such as DD/MM/YYYY, and what an engine calls them."""

import re
from typing import Final

from campanile.relations.types import Type

_TOKENS: Final = {
    "YYYY": "%Y",
    "YY": "%y",
    "MM": "%m",
    "DD": "%d",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "AM": "%p",
}
_DIGITS: Final = {
    "YYYY": r"\d{4}",
    "YY": r"\d{2}",
    "mm": r"\d{2}",
    "ss": r"\d{2}",
    "AM": "[AaPp][Mm]",
}
_DATE_PARTS: Final = ({"YYYY", "YY"}, {"MM"}, {"DD"})
_TIME_PARTS: Final = ({"HH", "hh"}, {"mm"})
_PIECE = re.compile(r"YYYY|YY|MM|DD|HH|hh|mm|ss|AM|[A-Za-z]+|[^A-Za-z]")


def fault_in_format(written: str, type_: Type) -> str:
    """Say what is wrong with a format for values of `type_`; empty when nothing is."""
    pieces = _PIECE.findall(written)
    unknown = [piece for piece in pieces if piece[0].isalpha() and piece not in (*_TOKENS, "T")]
    if unknown:
        return f"`{unknown[0]}` is no part of a format; there are: {', '.join(_TOKENS)}."
    needed = _DATE_PARTS if type_ is Type.DATE else (*_DATE_PARTS, *_TIME_PARTS)
    for choice in needed:
        if len(choice & set(pieces)) != 1:
            return f"the format of a {type_.value} has one of: {', '.join(sorted(choice))}."
    if type_ is Type.DATE and set(pieces) & {"HH", "hh", "mm", "ss", "AM"}:
        return "a date has no hours; use the type timestamp."
    if ("hh" in pieces) != ("AM" in pieces):
        return "`hh` (1 to 12) and `AM` go together."
    return ""


def strptime_format(written: str) -> str:
    """The format as strptime of the C library knows it: `%d/%m/%Y` for `DD/MM/YYYY`."""
    return "".join(
        _TOKENS.get(piece, piece.replace("%", "%%")) for piece in _PIECE.findall(written)
    )


def format_pattern(written: str) -> str:
    """A regular expression for texts of the format; strptime itself takes a year of two digits."""
    return "".join(
        _DIGITS.get(piece, r"\d{1,2}") if piece in _TOKENS else re.escape(piece)
        for piece in _PIECE.findall(written)
    )
