"""A campaign and the answer that plain Python gives to the same question."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.oracle.shop import Shop

# By transition: the keys; or by key the columns that matter; or rows in any order.
Answer = dict[str, set[Any] | dict[Any, dict[str, Any]] | list[dict[str, Any]]]


@dataclass(frozen=True)
class Case:
    """A campaign by the name of its question."""

    name: str
    text: str
    answer: Callable[[Shop], Answer]


CASES: list[Case] = []


def campaign(text: str) -> Callable[[Callable[[Shop], Answer]], Callable[[Shop], Answer]]:
    """Ask the campaign with these activities what the function answers."""

    def add(answer: Callable[[Shop], Answer]) -> Callable[[Shop], Answer]:
        CASES.append(Case(answer.__name__, text, answer))
        return answer

    return add
