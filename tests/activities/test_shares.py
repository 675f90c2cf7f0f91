from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.activities.shares import EVERYBODY, Share, adjacent_shares


@pytest.mark.parametrize(
    ("percentages", "expected"),
    [
        # side by side
        ([(20, False), (30, False)], [(0, 20), (20, 50)]),
        # a ranking takes people of all hashes, so what follows is widened
        ([(50, True), (25, False)], [None, (0, 50)]),
        ([(20, False), (40, True), (20, False)], [(0, 20), None, (20, 60)]),
        # the one that fills the whole takes all that are left
        ([(50, True), (50, False)], [None, (0, 100)]),
        ([(50, False), (50, True)], [(0, 50), (0, 100)]),
        ([(100, False), (0, False)], [(0, 100), (0, 100)]),
        ([(0, False), (0, True)], [(0, 0), None]),
    ],
)
def test_adjacent_shares(percentages, expected):
    found = adjacent_shares((Fraction(part), ranked) for part, ranked in percentages)
    assert found == [
        None if ends is None else Share(Fraction(ends[0], 100), Fraction(ends[1], 100))
        for ends in expected
    ]


@given(st.lists(st.tuples(st.integers(0, 16), st.booleans()), max_size=6))
def test_shares_never_overlap_and_keep_their_size(percentages):
    shares = adjacent_shares((Fraction(part), ranked) for part, ranked in percentages)
    drawn = [share for share in shares if share is not None]
    assert all(a.end == b.start for a, b in pairwise(drawn))
    assert all(0 <= share.start <= share.end < 1 for share in drawn)
    left = Fraction(1)  # of the whole, on average
    for (part, _), share in zip(percentages, shares, strict=True):
        if share is not None:
            assert (share.end - share.start) / (1 - share.start) * left == Fraction(part, 100)
        left -= Fraction(part, 100)


def test_thirds_written_as_decimals_fill_the_whole():
    thirds = [Decimal("33.3"), Decimal("33.3"), Decimal("33.4")]
    assert adjacent_shares((Fraction(part), False) for part in thirds)[-1] == EVERYBODY
