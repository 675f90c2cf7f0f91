"""Which messages, transitions and audiences a rule asks about, found without knowing its rows."""

from collections.abc import Container

from sqlglot import exp

from campanile.relations.feedback import PREDICATES
from campanile.relations.parse import parse
from campanile.relations.paths import path_of
from campanile.relations.rules import rule_tree_to_text


def transition_references(rule: object) -> frozenset[str]:
    """The arguments of all `in_transition`: `activity` or `activity.output`."""
    return _named_by(rule, ("in_transition",))


def audience_references(rule: object) -> frozenset[str]:
    """The arguments of all `in_audience`."""
    return _named_by(rule, ("in_audience",))


def message_references(rule: object) -> frozenset[str]:
    """The first arguments of all feedback predicates: `activity` or `campaign.activity`.

    Raises DefinitionError for a text that is not a rule.
    """
    return _named_by(rule, PREDICATES)


def _named_by(rule: object, functions: Container[str]) -> frozenset[str]:
    tree = parse(rule_tree_to_text(rule))
    found = set()
    for call in tree.find_all(exp.Anonymous):
        if call.name.lower() in functions and call.expressions:
            path = path_of(call.expressions[0])
            if path is not None:
                found.add(".".join(path))
    return frozenset(found)
