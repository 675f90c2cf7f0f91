"""An incremental query takes everybody in once, whoever dies where, and forgets when it should."""

from itertools import count

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.operations.deaths import Killed

from campanile.channels.sink_settings import Fault
from campanile.errors import FaultsFound
from campanile.operations.authoring.versions import apply_campaign, start_execution
from campanile.operations.scheduling.clock import run_ended, started_runs
from campanile.store.consumed import ConsumedEvents
from campanile.store.statements import insert_all_missing

GOLD = """
name: weekly
schedule: {{once: 2030-01-01 09:00}}
activities:
  new: {{type: incremental_query, where: "{where}"{options}}}
  all: {{type: build_audience, after: new}}
"""
LOADS = count(1)
HEADER = "customer_id,email,email_ok,tier,store_id"
GOLDEN_7 = "customer_id,email,email_ok,tier,store_id\n7,c7@example.com,true,gold,n\n"


def weekly(town, where="tier = 'gold'", **options):
    more = "".join(f", {name}: {value}" for name, value in options.items())
    town.publish("weekly", GOLD.format(where=where, options=more))


def day(town, days=1):
    town.clock.forward(days=days)
    start_execution(town.project, "weekly", kind="manual", actor="test")
    town.run()


def taken(town, limit=20):
    """Keys of each execution's committed `new`, oldest first."""
    found = []
    store = town.project.store
    for execution in reversed(store.executions.of_campaign("weekly", limit=limit)):
        row = store.manifests.committed(execution.id).get("new")
        found.append(keys(town, row) if row else None)
    return found


def keys(town, row):
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


OFFER = """
name: weekly
schedule: {once: 2030-01-01 09:00}
activities:
  new: {type: incremental_query, where: "tier = 'gold'", remember_after: offer}
  offer: {type: email, from: new, template: hello, topic: offers, confirm: false}
"""


def sent(town):
    return sorted(row.person for row in town.messages("weekly", "offer") if row.state == "sent")


def test_whose_message_failed_is_tried_again_by_the_next_execution(town):
    town.publish("weekly", OFFER)
    town.sink.settings.faults.append(Fault("refuse_rcpt", "c2@", 550, "5.2.1 disabled"))
    day(town)
    assert sent(town) == ["1", "3"]
    town.sink.settings.faults.clear()
    day(town)
    day(town)

    assert sent(town) == ["1", "2", "3"]
    assert taken(town) == [[1, 2, 3], [2], []]


def test_whose_message_is_retried_late_is_not_taken_in_again(town):
    town.publish("weekly", OFFER)
    town.sink.settings.faults.append(Fault("refuse_rcpt", "c2@", 450, "4.2.1 later"))
    for _ in range(2):
        day(town)

    assert taken(town) == [[1, 2, 3], []]


def test_who_waits_for_a_message_of_one_execution_is_not_taken_in_by_another(town):
    town.publish("weekly", OFFER.replace("confirm: false", "confirm: true"))
    day(town)
    day(town)
    assert taken(town) == [[1, 2, 3], []]

    store = town.project.store
    for execution in store.executions.open_executions("weekly"):
        store.executions.stop(execution.id, by="test", reason="not now")
    day(town)
    assert taken(town) == [[1, 2, 3], [], [1, 2, 3]]


def test_two_executions_at_once_take_everybody_in_once_together(town, monkeypatch):
    weekly(town)
    real, first = ConsumedEvents.add, []

    def overtaken(self, *given, **named):
        result = real(self, *given, **named)
        if not first:
            first.append(True)
            start_execution(town.project, "weekly", kind="manual", actor="test")
            other = next(r for r in town.ready() if r.campaign == "weekly")
            town.work(other)
        return result

    monkeypatch.setattr(ConsumedEvents, "add", overtaken)
    day(town)

    assert first
    assert sorted(map(len, taken(town))) == [0, 3]


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_memory_cut_off_between_batches_neither_forgets_nor_remembers_twice(
    town, monkeypatch, nth
):
    monkeypatch.setattr("campanile.store.consumed._WRITTEN", 1)
    real, calls = insert_all_missing, []

    def dying(connection, table, rows):
        calls.append(rows)
        if len(calls) == nth:
            raise Killed
        real(connection, table, rows)

    weekly(town)
    monkeypatch.setattr("campanile.store.consumed.insert_all_missing", dying)
    try:
        day(town)
    except Killed:
        for started in started_runs(town.project):
            run_ended(town.project, started, "failure")
        town.load("customer", GOLDEN_7)  # the repeat reads the pinned version without it
        town.run()
    day(town)
    day(town)

    flat = [key for keys in taken(town) for key in keys or ()]
    assert sorted(flat) == sorted(set(flat))
    assert set(flat) >= {1, 2, 3}
    assert sorted(town.project.store.consumed.people((("weekly", "new"),))) == sorted(
        map(str, flat)
    )


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(days=st.lists(st.sets(st.integers(1, 10)), min_size=1, max_size=4))
def test_all_executions_together_take_in_all_who_ever_matched_once(town, days):
    town.project.store.consumed.forget("weekly", "new")
    weekly(town)
    found = []
    for golden in days:
        load = next(LOADS)  # a file that was loaded before would be no news
        rows = [
            f"{n},c{n}@{load}.example,true,{'gold' if n in golden else 'base'},n"
            for n in range(1, 11)
        ]
        town.load("customer", "\n".join([HEADER, *rows]) + "\n")
        day(town)
        found += taken(town, limit=1)[0]

    assert sorted(found) == sorted(set().union(*days))


DATED = """
name: weekly
schedule: {once: 2030-01-01 09:00}
activities:
  new: {type: incremental_query, dimension: order, where: amount > 1, since: placed_at}
"""


def test_a_date_lets_in_what_lies_after_the_last_execution_and_not_in_the_future(town):
    town.load(
        "order",
        "order_id,customer_id,amount,placed_at\n"
        "1,1,5,2026-11-20 10:00:00\n2,1,1,2026-11-20 10:00:00\n3,1,5,\n4,1,5,2026-11-25 00:00:00\n",
    )
    town.publish("weekly", DATED)
    found = []
    for _ in range(4):
        day(town)
        found.append(town.rows("weekly.new"))

    assert found == [1, 0, 1, 0]


def test_a_new_name_keeps_the_memory_of_the_old_ones(town):
    weekly(town)
    day(town)
    renamed = GOLD.format(where="tier = 'gold'", options=", renamed_from: new")
    town.publish(
        "weekly", renamed.replace("  new:", "  fresh:").replace("after: new", "after: fresh")
    )
    day(town)
    assert town.rows("weekly.fresh") == 0

    (town.project.folder / "campaigns" / "weekly.yaml").unlink()
    again = renamed.replace("renamed_from: new", "renamed_from: fresh")
    again = again.replace("after: fresh", "after: new").replace(
        "name: weekly", "name: daily\nrenamed_from: weekly"
    )
    town.publish("daily", again)
    start_execution(town.project, "daily", kind="manual", actor="test")
    town.run()
    assert town.rows("daily.new") == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("remember_after: nobody", "there is no activity `nobody`"),
        ("remember_after: all, when_empty: continue", "works on|no row|comes to"),
        ("since: tier", "is a date or a timestamp"),
        ("since: email_ok, remember: 2 days", "goes without `remember`"),
        ("renamed_from: all", "is an activity of the campaign now"),
        ("remember: never", "not a duration"),
    ],
)
def test_a_slip_of_the_author_is_refused_where_it_stands(town, options, says):
    text = GOLD.format(where="tier = 'gold'", options=f", {options}").replace(", after: new", "")
    town.write("weekly", text)

    with pytest.raises(FaultsFound, match=says) as refused:
        apply_campaign(town.project, "weekly", actor="test")
    assert refused.value.faults[0].place.line == 5
