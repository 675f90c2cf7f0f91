"""Rules of options, as written: their shape, and the mark by which all of a campaign are found."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import PlainValidator, WithJsonSchema

from campanile.activities.values import Text, fault


@dataclass(frozen=True)
class Marked:
    """What the text of an option is, so that all rules of a campaign can be found and checked."""

    kind: Literal["rule", "value", "order", "table_rule"]


def parse_rule(written: object) -> Any:
    """Check the shape of a rule: text, a list (all hold), or a map of `all`, `any`, `except`."""
    _check_rule(written, ())
    return written


def _check_rule(rule: object, path: tuple[str | int, ...]) -> None:
    if isinstance(rule, str):
        if not rule.strip():
            fault("rule", "a rule is empty.", *path)
    elif isinstance(rule, list | tuple) and rule:
        for number, part in enumerate(rule):
            _check_rule(part, (*path, number))
    elif isinstance(rule, dict) and rule:
        for word, part in rule.items():
            if word not in ("all", "any", "except"):
                message = f"`{word}` is not a word of a rule; there are `all`, `any` and `except`."
                fault("rule", message, *path, word)
            if not isinstance(part, list | tuple):
                fault("rule", f"`{word}` takes a list of rules.", *path, word)
            _check_rule(part, (*path, word))
    else:
        fault("rule", "a rule is text, a list of rules, or `all`, `any`, `except`.", *path)


_RULE_SCHEMA: Final = {
    "x-rule": True,  # every rule of a file is one definition of its schema
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {}},
        {"type": "object", "properties": {"all": {}, "any": {}, "except": {}}},
    ],
}
Rule = Annotated[Any, PlainValidator(parse_rule), Marked("rule"), WithJsonSchema(_RULE_SCHEMA)]
TableRule = Annotated[Text, Marked("table_rule")]
Expression = Annotated[Text, Marked("value")]
SortList = Annotated[tuple[Text, ...], Marked("order")]
