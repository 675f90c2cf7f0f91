"""What campaigns find in the shop is what plain Python finds there, on every engine."""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.oracle import audiences, combining, enriching, splitting
from tests.oracle.case import CASES, Case

assert all((audiences, combining, enriching, splitting))  # each module adds its cases

_KEYS = ("customer_id", "contract_id", "order_id")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_campaign_finds_what_plain_python_finds(stage: Any, case: Case) -> None:
    found = stage.play(case.name, case.text)
    answer = case.answer(stage.shop)
    assert answer
    for transition, expected in answer.items():
        assert expected, f"the question about {transition} has an empty answer"
        assert seen(found[transition], expected) == plain(expected), transition


def seen(rows: list[dict[str, Any]], expected: Any) -> Any:
    """The rows in the form of the answer."""
    if isinstance(expected, set):
        assert len(rows) == len({key_of(row) for row in rows})
        return {key_of(row) for row in rows}
    if isinstance(expected, list):
        names = list(expected[0])
        return Counter(tuple(plain(row[name]) for name in names) for row in rows)
    names = list(next(iter(expected.values())))
    assert len(rows) == len({key_of(row) for row in rows})
    return {key_of(row): {name: plain(row[name]) for name in names} for row in rows}


def plain(value: Any) -> Any:
    """Values as they compare: numbers to six digits, rows without their order."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return Counter(tuple(plain(part) for part in row.values()) for row in value)
    if isinstance(value, float | Decimal):
        return round(float(value), 6)
    assert value is None or isinstance(value, str | int | date | datetime | set)
    return value


def key_of(row: dict[str, Any]) -> Any:
    """The key of a row, whichever dimension it is of."""
    return next(row[name] for name in _KEYS if name in row)
