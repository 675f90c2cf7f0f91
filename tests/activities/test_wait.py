import pytest


@pytest.mark.parametrize("option", [{"for": "3 days"}, {"until": "09:00"}])
def test_the_rows_that_waited_pass_on_unchanged(bench, option):
    rows = [{"customer_id": 1}, {"customer_id": 2}]
    assert bench.run({"type": "wait", **option}, rows).rows == {"": rows}
