"""Filters of MiniJinja that make text or lists of any size, with a bound on what they are asked.

MiniJinja counts steps, not bytes: `|indent(1000000000)` is one step, and a process that gets no
more memory ends at once. Its own `*` and `range` have bounds already.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import minijinja

LARGEST: Final = 1000  # columns of an indentation or of a formatted value, members of a batch
_WIDE: Final = re.compile(r"%[-+ #]*(?:\d*\.)?(?:\d{4,}|\*)")


@cache
def _builtin() -> minijinja.Environment:
    return minijinja.Environment()


def _applied(name: str, value: object, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What MiniJinja's own filter makes of `value`."""
    given = {f"argument{number}": argument for number, argument in enumerate(arguments)}
    listed = ", ".join([*given, *(f"{key}={key}" for key in named)])
    return _builtin().eval_expr(f"value|{name}({listed})", value=value, **given, **named)


def _of_numbers(name: str) -> Callable[..., Any]:
    def bounded(value: object, *arguments: Any, **named: Any) -> Any:
        for argument in (*arguments, *named.values()):
            if isinstance(argument, int | float) and abs(argument) > LARGEST:
                raise ValueError(f"{name} takes numbers up to {LARGEST}")
        return _applied(name, value, arguments, named)

    return bounded


def format_filter(pattern: object, *arguments: Any, **named: Any) -> Any:
    """`{{ '%.2f'|format(spent) }}`: as MiniJinja does, with at most three digits of width."""
    if _WIDE.search(str(pattern)):
        raise ValueError("format takes widths of three digits at most")
    return _applied("format", pattern, arguments, named)


BOUNDED_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "indent": _of_numbers("indent"),
    "batch": _of_numbers("batch"),
    "slice": _of_numbers("slice"),
    "format": format_filter,
}
