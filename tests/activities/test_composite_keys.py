"""A key of two columns goes through every activity that compares or ranks rows."""

VISITS = [{"shop": shop, "number": number} for shop in ("a", "b") for number in (1, 2, 3)]


def run(bench, *sets, **config):
    bench.entity("visit", [{**visit, "paid": visit["number"]} for visit in VISITS])
    return bench.run(config, *sets, dimension="visit")


def test_sets_are_compared_by_all_of_the_key(bench):
    first, second = VISITS[:3], [VISITS[0], VISITS[3]]
    met = run(bench, first, second, type="combine", mode="intersection", complement="rest")
    assert met.rows == {"": [VISITS[0]], "rest": [VISITS[1], VISITS[2], VISITS[3]]}
    assert run(bench, first, second, type="combine", mode="union").rows[""] == VISITS[:4]
    assert run(bench, first, second, type="combine", mode="exclusion").rows[""] == VISITS[1:3]


def test_rankings_and_shares_end_with_all_of_the_key(bench):
    subsets = {"two": {"limit": "2", "order": ["paid desc"]}, "share": {"limit": "50%"}}
    ran = run(bench, VISITS, type="split", subsets=subsets, complement="rest")
    assert ran.rows["two"] == [VISITS[2], VISITS[5]]
    assert len(ran.rows["share"]) + len(ran.rows["rest"]) == 4
    kept = run(bench, VISITS, type="deduplication", by=["paid"], order=["paid"])
    assert kept.rows[""] == VISITS[:3]


def test_rules_and_values_find_the_entity_by_all_of_the_key(bench):
    assert run(bench, VISITS, type="filter", where="paid > 2").rows[""] == [VISITS[2], VISITS[5]]
    added = run(bench, VISITS[4:], type="enrichment", add={"twice": "paid * 2"})
    assert [row["twice"] for row in added.rows[""]] == [4.0, 6.0]
