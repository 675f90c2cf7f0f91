import pytest


@pytest.mark.parametrize(
    ("reached", "expected"), [((True, True), True), ((True, False), False), ((False, True), False)]
)
def test_the_first_branch_passes_once_all_are_reached(bench, reached, expected):
    sets = [{"customer_id": 1}], [{"customer_id": 9}]
    ran = bench.run({"type": "and_join"}, *sets, reached=reached)
    assert ran.rows == {"": [{"customer_id": 1}]}
    assert ran.reached == {"": expected}
