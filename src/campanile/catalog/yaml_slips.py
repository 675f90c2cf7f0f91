"""The slips people make with rules in YAML, recognised, with what to quote."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Slip:
    """A slip: the index of the character to look at, what happened, and what to write."""

    index: int
    message: str
    remedy: str = ""


_BLOCK = "Put it in quotes, or write it on a line of its own"
_LEADING = {
    "@": "`@` cannot begin a text in YAML.",
    "`": "a backquote cannot begin a text in YAML.",
    "%": "`%` cannot begin a text in YAML.",
    "*": "a text that begins with `*` is a YAML alias, which project files do not have.",
    "&": "a text that begins with `&` is a YAML anchor, which project files do not have.",
    "!": "a text that begins with `!` is a YAML tag, which project files do not have.",
}


def is_open(text: str) -> bool:
    """Whether `text` stops inside a parenthesis or a quoted literal of a rule."""
    outside = re.sub(r"'(?:[^']|'')*'", "", text)
    return outside.count("(") > outside.count(")") or (outside.count("'") % 2 == 1 and "=" in text)


def cut_by_comment(text: str, value: str, end: int) -> Slip | None:
    """Recognise a rule that ` #` cut: it is left open, and a comment follows on its line."""
    rest = text[end:].split("\n", 1)[0]
    if not re.match(r"\s+#", rest) or not is_open(value):
        return None
    message = f"` #` starts a comment, so the text ends after `{_short(value)}`."
    return Slip(end + len(rest) - len(rest.lstrip()), message, "Put the whole text in quotes.")


def cut_by_comma(key: str, start: int, rule: str) -> Slip:
    """Describe a rule in a flow map or list that its own comma cut."""
    of = f" of `{key}`" if key else ""
    message = f"a comma inside {{…}} or […] ends plain text, and so cuts the rule{of}."
    return Slip(start, message, f"{_BLOCK}: {_prefix(key)}{quoted(rule)}")


def quoted(text: str) -> str:
    """Write `text` in YAML's double quotes."""
    escaped = _short(text, 160).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def explain(text: str, index: int, start: int | None, problem: str) -> Slip:
    """Say in words what a syntax fault at `index` is; `start` is where its context began."""
    line_start = text.rfind("\n", 0, index) + 1
    line = text[line_start:].split("\n", 1)[0]
    if "end of stream" in problem and start is not None and text[start : start + 1] in ("'", '"'):
        return Slip(
            start, f"a quote {text[start]} is left open.", "Close it, or quote the whole text."
        )
    if "\t" in line[: len(line) - len(line.lstrip())] or text[index : index + 1] == "\t":
        return Slip(index, "a tab stands where YAML wants spaces.", "Indent with spaces.")
    if "cannot start any token" in problem and text[index : index + 1] in _LEADING:
        return Slip(index, _LEADING[text[index]], "Put the text in quotes.")
    comma = _comma_in_rule(text, line_start, line, index)
    if comma:
        return comma
    if found := re.match(r"\s*(?:- +)?(?:[\w-]+: +)?(['\"]).*?\1\s*[^\s,}\]:#]", line):
        message = "text goes on after a closing quote; a quote at the beginning is YAML's."
        return Slip(line_start + found.start(1), message, "Put the whole text in quotes.")
    if "<scalar>" in problem and text[:index].rstrip()[-1:] in ("'", '"'):
        message = "text goes on after a closing quote; a quote at the beginning is YAML's."
        return Slip(index, message, "Put the whole text in quotes.")
    if "mapping values are not allowed" in problem:
        message = "`: ` inside a plain text starts a new value."
        return Slip(index, message, "Put the text in quotes, or check the indentation.")
    if start is not None and text[start : start + 1] in ("*", "&", "!"):
        return Slip(start, _LEADING[text[start]], "Put the text in quotes.")
    if start is not None and text[start : start + 1] in ("{", "["):
        return Slip(start, f"a bracket `{text[start]}` is not closed.", f"YAML says: {problem}.")
    return Slip(index, f"this is not YAML: {problem}.", "Check quotes, brackets and indentation.")


def _comma_in_rule(text: str, line_start: int, line: str, index: int) -> Slip | None:
    """Recognise `{where: x in ('a', 'b')}`, which fails only after the comma."""
    before = text[line_start:index]
    key = None
    for found in re.finditer(r"([\w-]+): +(?=[^\s'\"{\[])", before):
        value = before[found.end() :]
        inside_brackets = before[: found.start()].count("{") > before[: found.start()].count("}")
        if inside_brackets and "," in value and "(" in value:
            key = found
    if key is None:
        return None
    rule, depth = line[key.end() :], 0
    for at, character in enumerate(rule):
        depth += (character == "(") - (character == ")")
        if depth <= 0 and character in ",}]":
            rule = rule[:at]
            break
    return cut_by_comma(key[1], line_start + key.end(), rule.strip())


def _prefix(key: str) -> str:
    return f"{key}: " if key else ""


def _short(text: str, longest: int = 60) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= longest else f"{one_line[: longest - 1]}…"
