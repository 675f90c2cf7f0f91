"""Checks: what must be true of an activity's rows before anything follows, or is at least told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from campanile.activities.base import Check
from campanile.errors import located
from campanile.relations.relation import Relation
from campanile.relations.scope import Scope
from campanile.relations.tables import compile_aggregate, compile_table_condition, table_calls
from campanile.relations.types import Type

_TOLD = (Type.INTEGER, Type.NUMBER, Type.BOOLEAN, Type.DATE, Type.TIMESTAMP)


@dataclass(frozen=True)
class CheckResult:
    """Whether one check holds, and what it looked at; `no_history`: usual() had no past."""

    kind: str
    rule: str
    passed: bool
    seen: Mapping[str, Any]
    no_history: bool = False

    @property
    def sentence(self) -> str:
        """What was demanded and what was seen, without a value of any person."""
        found = ", ".join(f"{call} is {_shown(value)}" for call, value in self.seen.items())
        says = "holds" if self.passed else "does not hold"
        past = "; there is no finished execution yet, so usual() is this one" * self.no_history
        return f"`{self.rule}` {says}" + (f": {found}" if found else "") + past

    def to_json(self) -> dict[str, Any]:
        """The form that the store keeps; `sentence` is for people."""
        return {
            "kind": self.kind,
            "rule": self.rule,
            "passed": self.passed,
            "seen": {call: _plain(value) for call, value in self.seen.items()},
            "sentence": self.sentence,
        }


def check_question(check: Check, relation: Relation, scope: Scope) -> Relation:
    """One row: `holds`, then `seen0`, `seen1` … for what the rule looks at in the whole table.

    Texts are left out: `min(last_name)` would be a person's.
    """
    with located(f"check `{check.rule}`"):
        own = scope.over(relation.schema, relation.source)
        columns = {"holds": compile_table_condition(check.rule, own)}
        for number, call in enumerate(table_calls(check.rule)):
            value = compile_aggregate(call, own)
            if value.type in _TOLD:
                columns[f"seen{number}"] = value
        return relation.aggregate([], columns)


def read_answer(
    check: Check, columns: Sequence[str], row: Sequence[Any], *, no_history: bool
) -> CheckResult:
    """What the row of `check_question` says."""
    answers = dict(zip(columns, row, strict=True))
    calls = enumerate(table_calls(check.rule))
    seen = {call: answers[f"seen{n}"] for n, call in calls if f"seen{n}" in answers}
    unknown = no_history and "usual(" in check.rule.replace(" ", "")
    return CheckResult(check.kind, check.rule, bool(answers["holds"]), seen, unknown)


def failed(results: Sequence[CheckResult], kind: str) -> Iterator[CheckResult]:
    """The checks of a kind that do not hold."""
    return (one for one in results if one.kind == kind and not one.passed)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _shown(value: Any) -> str:
    plain = _plain(value)
    if isinstance(plain, float):
        return f"{plain:,.4g}" if abs(plain) < 1000 else f"{plain:,.0f}"
    if isinstance(plain, int) and not isinstance(plain, bool):
        return f"{plain:,}"
    return "empty" if plain is None else str(plain)
