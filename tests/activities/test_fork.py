def test_every_branch_has_all_rows(bench):
    rows = [{"customer_id": 1}, {"customer_id": 2}]
    ran = bench.run({"type": "fork", "outputs": ["left", "right"]}, rows)
    assert ran.rows == {"left": rows, "right": rows}
