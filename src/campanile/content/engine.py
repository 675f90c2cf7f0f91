"""MiniJinja as templates see it: strict names, bounded work, and values in the reader's form."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final, Literal

import minijinja

from campanile.content.bounded_filters import BOUNDED_FILTERS
from campanile.content.quoted_printable import SOFT_BREAK, encode_segment, is_plain
from campanile.errors import PermanentDeliveryError

Form = Literal["html", "text"]

FUEL: Final = 200_000  # instructions for one rendering; a mail with 500 product lines needs 20,000
OUTPUT_LIMIT: Final = 1024 * 1024  # bytes of one rendered part
_REMEMBERED: Final = 2048  # encoded values: towns and colours come again and again
_MOST_DECIMALS: Final = 20
_WIDE_DATE: Final = re.compile(r"%[^A-Za-z%]*\d{3}")
_SHORT: Final = 80  # characters of a value that is remembered

# What MiniJinja offers without being passed in; `debug` would show every field.
BUILT_IN_NAMES: Final = frozenset({"range", "dict", "namespace"})
# Tags that capture output, and filters that mark it: fixed text cannot be encoded beforehand.
CAPTURING_TAGS: Final = frozenset({"filter", "macro", "call", "autoescape"})
MARKING_FILTERS: Final = frozenset({"safe", "escape", "e", "tojson", "join", "indent"})

_HTML_SPECIAL: Final = re.compile("[&<>\"']")
_HTML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"}


class RenderError(PermanentDeliveryError):
    """One message could not be rendered from its row; others are not touched by it."""

    reason = "render"


def escape_html(text: str) -> str:
    """Return `text` for HTML content and for quoted attributes."""
    return _HTML_SPECIAL.sub(lambda match: _HTML[match.group()], text)


def shown(value: object) -> str:
    """Return a value as a reader expects it: nothing for none, no markup, no exponent."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def date_filter(value: object, pattern: str = "%Y-%m-%d") -> str:
    """`{{ birth_date|date('%d.%m.%Y') }}`: a date or time in that pattern, nothing for none."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, date):
        raise TypeError("the date filter needs a date, a time or ISO 8601 text")
    if _WIDE_DATE.search(pattern):
        raise ValueError("the date filter takes widths of two digits at most")
    return value.strftime(pattern)


def number_filter(value: object, decimals: int = 0, separator: str = ",", point: str = ".") -> str:
    """`{{ spent|number(2) }}`: a rounded number with a thousands separator, nothing for none."""
    if value is None or value == "":
        return ""
    if not 0 <= decimals <= _MOST_DECIMALS:
        raise ValueError(f"the number filter takes 0 to {_MOST_DECIMALS} decimals")
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    text = f"{exact:,.{decimals}f}"
    return "".join({",": separator, ".": point}.get(char, char) for char in text)


def default_filter(value: object, other: object = "", empty_too: bool = True) -> object:
    """`{{ first_name|default('friend') }}`: the other value for none and for empty text."""
    return other if value is None or (empty_too and value == "") else value


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    **BOUNDED_FILTERS,
    "date": date_filter,
    "number": number_filter,
    "default": default_filter,
    "d": default_filter,
}


def plain_environment(form: Form) -> minijinja.Environment:
    """Return the environment that renders whole parts: values escaped, nothing else encoded."""

    def finalize(value: object) -> object:
        if isinstance(value, minijinja.Markup) or form == "text":
            return shown(value)
        return escape_html(shown(value))

    def finalize_marked(value: object) -> object:
        return minijinja.Markup(finalize(value))

    html = form == "html"
    return _environment("html" if html else False, finalize_marked if html else finalize)


def encoding_environment(form: Form, atoms: tuple[str, ...]) -> minijinja.Environment:
    """Return the environment for pre-encoded parts: each value becomes a segment of its own."""
    escape = escape_html if form == "html" else str

    @lru_cache(_REMEMBERED)
    def encode_again(text: str) -> str:
        return encode_segment(escape(text), atoms)

    def finalize(value: object) -> str:
        text = value if isinstance(value, str) else _bounded(value)
        if is_plain(text):  # needs no escaping in HTML either
            return text + SOFT_BREAK
        if len(text) <= _SHORT:
            return encode_again(text)
        return encode_segment(escape(_bounded(text)), atoms)

    return _environment(False, finalize)


def _bounded(value: object) -> str:
    """Return a value as text; refuse one that is too large before any work is spent on it."""
    text = value if isinstance(value, str) else shown(value)
    if len(text) > OUTPUT_LIMIT:
        raise RenderError(f"a value has {len(text)} characters; at most {OUTPUT_LIMIT} are sent.")
    return text


def _environment(escaping: str | bool, finalizer: Callable[[Any], Any]) -> minijinja.Environment:
    environment = minijinja.Environment(
        debug=True,  # only so that an error can name the undefined column
        undefined_behavior="strict",
        fuel=FUEL,
        keep_trailing_newline=True,
        auto_escape_callback=lambda _name: escaping,
        finalizer=finalizer,
        filters=FILTERS,
    )
    environment.remove_global("debug")
    return environment


def render(environment: minijinja.Environment, name: str, fields: Mapping[str, Any]) -> str:
    """Render template `name`; raise RenderError that tells the kind and line, never a value."""
    try:
        text = environment.render_template(name, **fields)
    except minijinja.TemplateError as error:
        raise render_error(error, name) from None
    except (UnicodeError, TypeError, ValueError, ArithmeticError, MemoryError) as error:
        raise RenderError(f"the {name} part cannot be rendered: {type(error).__name__}.") from None
    if len(text) > OUTPUT_LIMIT:
        raise RenderError(
            f"the {name} part has {len(text)} characters; at most {OUTPUT_LIMIT} are sent."
        )
    return text


def render_error(error: minijinja.TemplateError, name: str) -> RenderError:
    """Translate a fault of one rendering; only the kinds that quote no value keep their detail."""
    if error.kind == "OutOfFuel":
        return RenderError(
            f"the {name} part needs more than {FUEL} steps.", remedy="Does a loop ever end?"
        )
    detail = error.detail if error.kind in {"UndefinedError", "UnknownFilter"} else ""
    said = f": {detail}" if detail else ""
    return RenderError(f"the {name} part cannot be rendered ({error.kind}{said}).")


@cache
def _checker() -> minijinja.Environment:
    return minijinja.Environment(filters=FILTERS, undefined_behavior="lenient", fuel=1000)


def syntax_error(source: str) -> minijinja.TemplateError | None:
    """Return what MiniJinja has against `source`, or nothing."""
    environment = minijinja.Environment(filters=FILTERS)
    try:
        environment.add_template("template", source)
    except minijinja.TemplateError as error:
        return error
    return None


def undeclared(source: str) -> set[str]:
    """Return the names that `source` needs from outside, with attribute paths where it shows."""
    return _checker().undeclared_variables_in_str(source, nested=True)


def unknown_filters(names: Iterable[str]) -> set[str]:
    """Return those of `names` that are no filters."""
    return {name for name in names if _is_unknown(f"''|{name}", "UnknownFilter")}


def unknown_tests(names: Iterable[str]) -> set[str]:
    """Return those of `names` that are no tests (`x is name`)."""
    return {name for name in names if _is_unknown(f"'' is {name}", "UnknownTest")}


def _is_unknown(expression: str, kind: str) -> bool:
    try:
        _checker().eval_expr(expression)
    except minijinja.TemplateError as error:
        return error.kind == kind
    except (TypeError, ValueError):
        return False  # a filter of ours that wants other arguments: it exists
    return False
