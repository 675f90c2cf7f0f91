"""The text of a rule as a tree, read by a parser that knows no function and no statement."""

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, ClassVar

from sqlglot import exp, parser, tokens
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError, TokenError

from campanile.errors import DefinitionError

MAX_LENGTH = 4000
MAX_DEPTH = 60

_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_FOREIGN_CASE = re.compile(r"\b(case|when|else)\s*\(", re.IGNORECASE)
_OUR_NAMES = frozenset({"PERCENT", "DESC", "ASC"})  # words of SQL that are functions here


class RuleDialect(Dialect):
    """SQL's expressions without its functions: every call arrives as a name to look up."""

    class Tokenizer(tokens.Tokenizer):
        """No comments, so `--` is two minus signs and nothing can be hidden."""

        COMMENTS: ClassVar[list[str | tuple[str, str]]] = []
        IDENTIFIERS: ClassVar[list[str | tuple[str, str]]] = ['"']
        QUOTES: ClassVar[list[str | tuple[str, str]]] = ["'"]
        KEYWORDS: ClassVar[dict[str, Any]] = {
            word: kind for word, kind in tokens.Tokenizer.KEYWORDS.items() if word not in _OUR_NAMES
        }

    class Parser(parser.Parser):
        """Only CASE keeps its syntax; `name => value` is the one form of named argument."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            "CASE": parser.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]
        }
        LAMBDAS: ClassVar[dict[Any, Any]] = {
            token: read for token, read in parser.Parser.LAMBDAS.items() if token.name == "FARROW"
        }
        COLUMN_OPERATORS: ClassVar[dict[Any, Any]] = {
            token: read
            for token, read in parser.Parser.COLUMN_OPERATORS.items()
            if token.name == "DOT"
        }


def refusal(
    code: str, message: str, remedy: str = "", at: exp.Expr | None = None
) -> DefinitionError:
    """The error for a rule, at the first character of `at` where the parser recorded it."""
    return DefinitionError(message, remedy=remedy, code=code, offset=offset_of(at))


def offset_of(node: exp.Expr | None) -> int | None:
    """Offset of the leftmost recorded token under `node`, else under what is around it, or None.

    The parser records none for some nodes, such as `null`.
    """
    while node is not None:
        starts: list[int] = [n.meta["start"] for n in node.walk() if "start" in n.meta]
        if starts:
            return min(starts)
        node = node.parent
    return None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the nearest known name, else the known names, at most twelve."""
    names = sorted({each for each in known if not each.startswith("__")})
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    if not names:
        return ""
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"There is: {', '.join(names[:12])}{more}."


def parse(text: str) -> exp.Expr:
    """The tree of one rule; raises DefinitionError with an offset for anything that is not one.

    A campaign's rules are asked for several times while it is checked: each is parsed once.
    """
    return _parsed(text).copy()


@lru_cache(maxsize=512)
def _parsed(text: str) -> exp.Expr:
    _check_size(text)
    dialect = RuleDialect()
    try:
        words = dialect.tokenize(text)
        for word in words:
            if word.token_type.name == "SEMICOLON":
                raise DefinitionError(
                    "A rule is one expression.",
                    remedy="Remove the semicolon.",
                    code="syntax",
                    offset=word.start,
                )
        found = dialect.parser().parse_into(exp.Condition, words, text)
    except RecursionError:
        raise DefinitionError(
            "The rule is nested too deeply.", remedy="Split it into named filters.", code="too_deep"
        ) from None
    except SqlglotError as error:
        raise _syntax_error(text, error) from None
    if len(found) != 1 or found[0] is None:
        raise DefinitionError("The rule is not an expression.", code="syntax", offset=0)
    return found[0]


def _check_size(text: str) -> None:
    if not text.strip():
        raise DefinitionError("The rule is empty.", code="empty", offset=0)
    if len(text) > MAX_LENGTH:
        raise DefinitionError(
            f"The rule has {len(text)} characters, at most {MAX_LENGTH} are allowed.",
            remedy="Move a part into a named filter.",
            code="too_long",
            offset=MAX_LENGTH,
        )
    if "\x00" in text:
        raise DefinitionError(
            "The rule holds a NUL character.", code="syntax", offset=text.index("\x00")
        )
    depth = 0
    for offset, character in enumerate(text):
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth > MAX_DEPTH:
            raise DefinitionError(
                f"The rule is nested deeper than {MAX_DEPTH} parentheses.",
                code="too_deep",
                offset=offset,
                remedy="Split it into named filters.",
            )


def _syntax_error(text: str, error: SqlglotError) -> DefinitionError:
    for quote, what in (("'", "text"), ('"', "name")):
        last = text.rfind(quote)
        if isinstance(error, TokenError) and text.count(quote) % 2:
            message = f"The rule is not understood: a {what} in quotes is not closed."
            remedy = f"Put {quote} at its end; inside it, write the sign twice."
            return DefinitionError(message, remedy=remedy, code="syntax", offset=last)
    details = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    line, column = details.get("line"), details.get("col")
    reason = str(details.get("description") or "it cannot be read").rstrip(".")
    offset = None
    if line and column:
        before = text.splitlines(keepends=True)[: line - 1]
        length = len(str(details.get("highlight") or ""))
        offset = max(0, sum(map(len, before)) + column - max(length, 1))
    remedy = "Write case when … then … else … end." if _FOREIGN_CASE.search(text) else ""
    message = f"The rule is not understood: {reason}."
    return DefinitionError(message, remedy=remedy, code="syntax", offset=offset)
