"""`campanile audiences`: what is saved, how fresh, and who uses it."""

KEEP = """
name: keep
schedule: asap
activities:
  everybody: {type: build_audience}
  saved: {type: save_audience, from: everybody, audience: all_people, mode: append}
"""
USE = """
name: use
activities:
  known: {type: read_audience, audience: all_people}
  others: {type: build_audience, where: not in_audience(all_people)}
"""


def test_an_audience_is_listed_with_who_saves_it_and_who_reads_it(shop):
    assert "save_audience" in shop("audiences")[1] + shop.err
    shop.write("campaigns/keep.yaml", KEEP)
    shop.write("campaigns/use.yaml", USE)

    (found,) = shop.json("audiences")
    assert (found["name"], found["rows"], found["fresh_at"]) == ("all_people", None, None)
    assert found["writers"] == ["keep.saved (append)"]
    assert found["readers"] == ["use.known", "use.others"]
    assert found["identity"] == ["customer_id"]

    assert shop("apply", "keep")[0] == 0
    assert shop("publish", "keep")[0] == 0
    shop.run_clock()
    (found,) = shop.json("audiences", "all_people")
    assert (found["rows"], found["version"], found["columns"]) == (20, 1, {"customer_id": "text"})
    assert [(one["version"], one["activity"]) for one in found["versions"]] == [(1, "saved")]
    status, out = shop("audiences", "all_people")
    assert status == 0
    assert "keep.saved (append)" in out


def test_an_audience_there_is_not_is_refused_with_the_nearest(shop):
    shop.write("campaigns/keep.yaml", KEEP)

    assert shop("audiences", "all_peple")[0] == 1
    assert "all_people" in shop.err
