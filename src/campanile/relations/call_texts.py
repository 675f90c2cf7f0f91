"""The calls in the text of a rule, by their places, for whoever changes or shows the text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot.tokenizer_core import Token, TokenType

from campanile.relations.parse import RuleDialect

_NO_NAMES: Final = frozenset(
    ("and", "or", "not", "in", "between", "like", "is", "case", "when", "then", "else", "end")
)
_OPENING, _CLOSING = TokenType.L_PAREN, TokenType.R_PAREN


@dataclass(frozen=True)
class CallText:
    """A call as written: its name, where it starts and ends, and where each argument does."""

    name: str
    start: int
    end: int
    arguments: tuple[tuple[int, int], ...]

    def texts(self, text: str) -> list[str]:
        """The arguments as they stand in `text`."""
        return [text[start:end].strip() for start, end in self.arguments]


def calls_in(text: str) -> list[CallText]:
    """Every call of a text that is a rule, in the order of their starts."""
    words = tokens_of(text)
    found = []
    for place, word in enumerate(words[:-1]):
        opens = words[place + 1].token_type is _OPENING
        if opens and is_word(text, word) and word.text.lower() not in _NO_NAMES:
            found.append(_call(text, words, place))
    return found


def tokens_of(text: str) -> list[Token]:
    """The words and signs of a rule's text."""
    return list(RuleDialect().tokenize(text))


def is_word(text: str, token: Token) -> bool:
    """Whether a token is a bare word, not a text in quotes that reads like one."""
    return text[token.start : token.end + 1].replace("_", "a").isalnum()


def depths(words: Sequence[Token]) -> Iterator[tuple[Token, int]]:
    """Each token with how many parentheses, brackets and `case`s are open around it."""
    depth = 0
    for word in words:
        kind = word.token_type
        depth -= kind in (_CLOSING, TokenType.R_BRACKET, TokenType.END)
        yield word, depth
        depth += kind in (_OPENING, TokenType.L_BRACKET, TokenType.CASE)


def _call(text: str, words: Sequence[Token], place: int) -> CallText:
    """The call whose name stands at `place`; of one that never closes, all that is left."""
    begin, arguments = words[place + 1].end + 1, []
    end = len(text)
    for word, depth in depths(words[place + 1 :]):
        if depth == 1 and word.token_type is TokenType.COMMA:
            arguments.append((begin, word.start))
            begin = word.end + 1
        elif depth == 0 and word.token_type is _CLOSING:
            end = word.end + 1
            break
    if text[begin : end - 1].strip():
        arguments.append((begin, end - 1))
    return CallText(words[place].text, words[place].start, end, tuple(arguments))
