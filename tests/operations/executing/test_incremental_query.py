"""An incremental query takes everybody in once, whoever dies where, and forgets when it should."""

from campanile.operations.authoring.versions import start_execution

GOLD = """
name: weekly
schedule: {{once: 2030-01-01 09:00}}
activities:
  new: {{type: incremental_query, where: "{where}"{options}}}
  all: {{type: build_audience, after: new}}
"""
GOLDEN_7 = "customer_id,email,email_ok,tier,store_id\n7,c7@example.com,true,gold,n\n"


def weekly(town, where="tier = 'gold'", **options):
    more = "".join(f", {name}: {value}" for name, value in options.items())
    town.publish("weekly", GOLD.format(where=where, options=more))


def day(town, days=1):
    town.clock.forward(days=days)
    start_execution(town.project, "weekly", kind="manual", actor="test")
    town.run()


def taken(town, name="weekly"):
    """Keys of each execution's committed `new`, oldest first."""
    found = []
    store = town.project.store
    for execution in reversed(store.executions.of_campaign(name)):
        row = store.manifests.committed(execution.id).get("new")
        found.append(keys(town, row) if row else None)
    return found


def keys(town, row):
    import duckdb

    query = f"SELECT customer_id FROM read_parquet('{row.path}') ORDER BY 1"
    return [key for (key,) in duckdb.sql(query).fetchall()]


def test_who_was_taken_in_is_not_taken_in_again(town):
    weekly(town)
    day(town)
    town.load(
        "customer", "customer_id,email,email_ok,tier,store_id\n7,c7@example.com,true,gold,n\n"
    )
    day(town)
    day(town)

    assert taken(town) == [[1, 2, 3], [7], []]


def test_a_memory_of_some_days_lets_people_in_again_after_them(town):
    weekly(town, remember="2 days")
    for _ in range(4):
        day(town)

    assert taken(town) == [[1, 2, 3], [], [], [1, 2, 3]]


def test_nobody_new_stops_the_branch_unless_it_is_told_to_go_on(town):
    weekly(town)
    day(town)
    day(town)
    assert not town.outputs["weekly.all"].reached

    weekly(town, when_empty="continue")
    day(town)
    assert town.outputs["weekly.all"].reached


def test_a_test_execution_sees_the_memory_and_adds_nothing_to_it(town):
    weekly(town)
    start_execution(town.project, "weekly", kind="test", mode="test", actor="test")
    town.run()
    assert town.rows("weekly.new") == 3
    day(town)
    assert town.rows("weekly.new") == 3
    start_execution(town.project, "weekly", kind="test", mode="test", actor="test")
    town.run()
    assert town.rows("weekly.new") == 0
