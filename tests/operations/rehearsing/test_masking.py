"""Personal values are masked, and so is what a campaign computes from them."""

from datetime import date

import pytest

from campanile.operations.rehearsing.empty_names import EmptyNames
from campanile.operations.rehearsing.masking import masked, masked_row


@pytest.mark.parametrize("value", ["anna@a.example", "Anna", date(1990, 1, 1), 42])
def test_a_masked_value_keeps_one_letter_at_most(value):
    shown = str(masked(value, is_personal=True))
    assert shown in ("a•••", "A•••", "•••")


def test_nothing_stays_nothing():
    assert masked(None, is_personal=True) is None
    assert masked(None, is_personal=False) is None


def test_columns_of_collected_lines_are_masked_with_their_list():
    row = {"last": "[]", "last_1_name": "Anna", "lasting": "kept", "last_seen": "kept"}
    shown = masked_row(row, frozenset({"last"}))
    assert shown == {"last": "[•••", "last_1_name": "A•••", "lasting": "kept", "last_seen": "kept"}


def test_empty_names_are_counted_along_their_path():
    names = EmptyNames(["first_name", "store.name", "points"])
    names.look_at('{"first_name": "", "store": null, "points": 0}')
    names.look_at('{"first_name": "Anna", "store": {"name": "Nice"}, "points": 1}')
    assert names.counts == {"first_name": 1, "store.name": 1}
