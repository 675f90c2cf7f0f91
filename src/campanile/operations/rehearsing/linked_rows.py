"""Which linked rows made a rule true: for one row, what each of its set functions looked at."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from campanile.campaigns.rule_texts import texts_of
from campanile.errors import DefinitionError
from campanile.operations.rehearsing.masking import masked_row
from campanile.relations.call_texts import CallText, calls_in
from campanile.relations.lines import LinesRequest, compile_lines
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.scope import EntityTable, Scope
from campanile.relations.sets import SET_FUNCTIONS
from campanile.warehouse.warehouse import Session

MOST_ROWS: Final = 3  # of each set function
_MOST_COLUMNS: Final = 8
_FIXED: Final = {"first": 2, "last": 2, "string_agg": 2}  # arguments before the rule


@dataclass(frozen=True)
class LinkedRows:
    """One set function of a rule: how many linked rows satisfy it, and the first of them, masked.

    `rows` are empty where they cannot be told alone: their rule looks at the row around them.
    """

    call: str
    count: int
    rows: Sequence[Mapping[str, object]]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"call": self.call, "rows": self.count, "sample": [dict(one) for one in self.rows]}


def linked_rows_of(
    session: Session,
    row: Relation,
    scope: Scope,
    rules: Iterable[object],
    personal: frozenset[str],
) -> list[LinkedRows]:
    """The linked rows behind every set function of `rules`, and of the filters that these call.

    `row` is one row of the scope's entity.
    """
    found = []
    for call, link, rule in dict.fromkeys(_calls(rules, scope)):
        inner = f"{link}, {rule}" if rule else link
        try:
            count = compile_value(f"count({inner})", scope)
        except DefinitionError:
            continue  # parameters of a filter, which have no value outside of it
        number = session.rows(row.derive({"__n": count}).select(["__n"]))[0][0]
        shown = _rows(session, row, scope, link, rule) if number else []
        masked = [masked_row(one, personal) for one in shown]
        found.append(LinkedRows(call, int(str(number)), masked))
    return found


def _calls(rules: Iterable[object], scope: Scope) -> Iterator[tuple[str, str, str]]:
    """(call, link, rule) of each set function that stands in no other one."""
    for rule in rules:
        for _, text in texts_of((), rule):
            end = 0
            for call in calls_in(text):
                if call.start < end:
                    continue
                if call.name.lower() in SET_FUNCTIONS and call.arguments:
                    end = call.end
                    yield (text[call.start : call.end], *_link_and_rule(text, call))
                elif call.name in scope.filters:
                    yield from _calls([scope.filters[call.name].rule], scope)


def _link_and_rule(text: str, call: CallText) -> tuple[str, str]:
    name, arguments = call.name.lower(), call.texts(text)
    fixed = _FIXED.get(name, 1)
    link = arguments[0] if name in ("exists", "count") else arguments[0].rpartition(".")[0]
    return link, arguments[fixed] if len(arguments) > fixed else ""


def _rows(
    session: Session, row: Relation, scope: Scope, link: str, rule: str
) -> list[dict[str, object]]:
    target = _target(scope, link)
    names = [*target.key, *(name for name in target.schema if name not in target.key)]
    columns = {name: name for name in names[:_MOST_COLUMNS]}
    request = LinesRequest(link, columns, MOST_ROWS, rule or None)
    try:
        lines = compile_lines("__lines", request, scope)
    except DefinitionError:
        return []
    found = session.rows(row.derive({"__lines": lines["__lines"]}).select(["__lines"]))
    read: list[dict[str, object]] = json.loads(str(found[0][0]))
    return read


def _target(scope: Scope, link: str) -> EntityTable:
    """The entity that a path of links leads to."""
    entity = scope.entity
    assert entity is not None
    for step in link.split("."):
        entity = scope.entities[entity.links[step].target]
    return entity
