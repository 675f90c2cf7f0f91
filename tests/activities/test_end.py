from campanile.activities.effects import Alert, Signal


def test_nothing_leaves_an_end_and_only_a_title_is_told(bench):
    silent = bench.run({"type": "end"}, [{"customer_id": 1}])
    assert (silent.rows, silent.outcome.effects) == ({}, ())
    told = bench.run({"type": "end", "title": "Done"}, [{"customer_id": 1}])
    assert told.outcome.effects == (Alert("Done", ""),)


def test_an_end_may_start_another_campaign(bench):
    signal = {"campaign": "next", "with": {"city": "Nice"}}
    told = bench.run({"type": "end", "signal": signal}, [{"customer_id": 1}])
    assert told.outcome.effects == (Signal("next", {"city": "Nice"}),)
