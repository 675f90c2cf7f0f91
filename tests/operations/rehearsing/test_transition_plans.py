"""Who enters, leaves and changes branch in a plan is what sets of keys say."""

from campanile.operations.rehearsing.plans import plan_campaigns

CELLS = """
name: cells
schedule: asap
activities:
  everybody: {{type: build_audience, where: customer_id {people}}}
  cells:
    type: split
    from: everybody
    subsets:
      first: {{where: "customer_id {first}"}}
      second: {{where: "customer_id {second}"}}
    complement: rest
"""


def test_a_plan_with_three_branches_counts_as_sets_do(town):
    before = {"people": "<= 8", "first": "<= 3", "second": "<= 6"}
    after = {"people": ">= 2", "first": "in (2, 4, 5, 9)", "second": "in (3, 7, 10)"}
    old = {"first": {1, 2, 3}, "second": {4, 5, 6}, "rest": {7, 8}}
    new = {"first": {2, 4, 5, 9}, "second": {3, 7, 10}, "rest": {6, 8}}
    town.publish("cells", CELLS.format(**before))
    town.write("cells", CELLS.format(**after))

    (plan,) = plan_campaigns(town.project, ["cells"])
    told = {one.transition: one for one in plan.transitions}

    for branch, rows in new.items():
        one, known = told[f"cells.{branch}"], set().union(*old.values())
        others = {name: keys for name, keys in old.items() if name != branch}
        assert (one.rows, one.before) == (len(rows), len(old[branch]))
        assert one.entered == len(rows - known)
        assert one.left == len(old[branch] - rows)
        assert one.moved == len((rows - old[branch]) & known)
        from_each = {f"cells.{name}": len(rows & keys) for name, keys in others.items()}
        assert dict(one.moved_from) == {name: n for name, n in from_each.items() if n}
        for kind, keys in {
            "entered": rows - known,
            "left": old[branch] - rows,
            "moved": (rows - old[branch]) & known,
        }.items():
            assert {int(key) for key in one.samples.get(kind, ())} <= keys
