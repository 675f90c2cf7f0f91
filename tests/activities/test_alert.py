from campanile.activities.effects import Alert


def test_an_alert_tells_and_passes_its_rows_on(bench):
    ran = bench.run({"type": "alert", "title": "Low", "message": "Look"}, [{"customer_id": 1}])
    assert ran.rows == {"": [{"customer_id": 1}]}
    assert ran.outcome.effects == (Alert("Low", "Look"),)
