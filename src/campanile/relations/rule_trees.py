"""The text of a rule as the tree that a rule builder edits; its meaning stays."""

from collections.abc import Sequence
from typing import TypeAlias

from sqlglot.tokenizer_core import TokenType

from campanile.relations.call_texts import depths, tokens_of
from campanile.relations.parse import parse

Tree: TypeAlias = "str | list[Tree] | dict[str, list[Tree]]"


def rule_text_to_tree(text: str) -> Tree:
    """A list of rules that all hold, `{any: […]}`, `{except: […]}`, or a text that is no group.

    `not (…)` becomes `except`, also beside rules that hold. Raises DefinitionError for a text that
    is not a rule.
    """
    parse(text)
    return _tree(text)


def _tree(text: str) -> Tree:
    inner = _without_parentheses(text)
    either = _parts(inner, TokenType.OR)
    if len(either) > 1:
        return {"any": _all_parts(either, TokenType.OR)}
    every = _parts(inner, TokenType.AND)
    if len(every) == 1 and _negated(inner) is None:
        return inner
    left_out = [rule for part in every if (rule := _negated(part)) is not None]
    kept = _all_parts([part for part in every if _negated(part) is None], TokenType.AND)
    if not left_out:
        return kept
    excluded = _all_parts(left_out, TokenType.OR)
    return {"all": kept, "except": excluded} if kept else {"except": excluded}


def _all_parts(texts: Sequence[str], word: TokenType) -> list[Tree]:
    """The trees of texts that one word joins, without a group of the same word among them."""
    found: list[Tree] = []
    for text in texts:
        inner = _without_parentheses(text)
        parts = _parts(inner, word)
        found += _all_parts(parts, word) if len(parts) > 1 else [_tree(inner)]
    return found


def _parts(text: str, word: TokenType) -> list[str]:
    """The text cut at each `and` or `or` outside of parentheses; that of `between` cuts nothing."""
    parts, begin, ranges = [], 0, 0
    for token, depth in depths(tokens_of(text)):
        if depth:
            continue
        ranges += token.token_type is TokenType.BETWEEN
        if token.token_type is TokenType.AND and ranges:
            ranges -= 1
        elif token.token_type is word:
            parts.append(text[begin : token.start].strip())
            begin = token.end + 1
    return [*parts, text[begin:].strip()]


def _negated(text: str) -> str | None:
    """What stands in `not (…)`, where the text is nothing else."""
    text = _without_parentheses(text)
    words = tokens_of(text)
    if len(words) < 2 or words[0].token_type is not TokenType.NOT:
        return None
    rest = text[words[1].start :]
    inner = _without_parentheses(rest)
    return inner if inner != rest.strip() else None


def _without_parentheses(text: str) -> str:
    """The text without parentheses around all of it."""
    text = text.strip()
    words = list(depths(tokens_of(text)))
    if len(words) < 3 or words[0][0].token_type is not TokenType.L_PAREN:
        return text
    closing = next((place for place, (_, depth) in enumerate(words) if place and not depth), None)
    if closing != len(words) - 1:
        return text
    return _without_parentheses(text[words[0][0].end + 1 : words[-1][0].start])
