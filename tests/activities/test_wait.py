import pytest

ROWS = [{"customer_id": 1}, {"customer_id": 2}]


@pytest.mark.parametrize("option", [{"for": "3 days"}, {"until": "09:00"}])
def test_the_rows_that_waited_pass_on_unchanged(bench, option):
    assert bench.run({"type": "wait", **option}, ROWS).rows == {"": ROWS}


@pytest.mark.parametrize(
    "written",
    [
        {"type": "wait", "between": "09:00-18:00", "within": "1 day"},
        {"type": "await_signal", "signal": "x", "within": "1 day"},
    ],
)
@pytest.mark.parametrize("opened", ["due", "signalled", "expired"])
def test_one_output_is_reached_and_never_both(bench, written, opened):
    ran = bench.run(written, ROWS, opened=opened)
    assert ran.reached == {"": opened != "expired", "expired": opened == "expired"}
