"""Saved audiences end to end: modes, identities, merge policies, and who reads them."""

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.errors import FaultsFound
from campanile.operations.authoring.versions import apply_campaign, start_execution
from campanile.store.manifests import Manifests

KEEP = """
name: keep
schedule: {{once: 2030-01-01 09:00}}
parameters: {{tier: {{type: text, default: gold}}, factor: {{type: number, default: "1"}}}}
activities:
  some: {{type: build_audience, where: tier = param.tier}}
  saved:
    type: save_audience
    from: some
    audience: best
    mode: {mode}
    columns: {{rank: customer_id * param.factor, town: store.city}}
"""
READ = """
name: use
schedule: {once: 2030-01-01 09:00}
activities:
  best: {type: read_audience, audience: best, add: {place: rank}}
  big: {type: filter, from: best, where: place >= 2}
"""


def run(town, name, **parameters):
    town.clock.forward(minutes=1)
    start_execution(town.project, name, kind="manual", actor="test", parameters=parameters)
    town.run()


def saved(town, columns="customer_id"):
    paths = list(town.project.store.audiences.current()["best"].paths)
    query = f"SELECT {columns} FROM read_parquet({paths}) ORDER BY ALL"
    return duckdb.sql(query).fetchall()


def read_rows(town):
    return tuple(town.rows(f"use.{name}") for name in ("best", "best.unmatched", "big"))


def test_append_adds_and_update_renews_and_neither_loses_anybody(town):
    town.publish("keep", KEEP.format(mode="append"))
    run(town, "keep")
    run(town, "keep", factor="10")
    assert saved(town, "customer_id, rank") == [(1, 1), (2, 2), (3, 3)]

    town.publish("keep", KEEP.format(mode="update"))
    run(town, "keep", factor="10")
    run(town, "keep", tier="base")
    assert saved(town, "customer_id, rank")[:4] == [(1, 10), (2, 20), (3, 30), (4, 4)]
    assert len(saved(town)) == 10

    town.publish("keep", KEEP.format(mode="replace"))
    run(town, "keep")
    assert saved(town) == [(1,), (2,), (3,)]
    assert town.project.store.audiences.current()["best"].version == 5


def test_two_executions_that_append_at_once_lose_no_row(town, monkeypatch):
    town.publish("keep", KEEP.format(mode="append"))
    run(town, "keep")
    start_execution(town.project, "keep", kind="manual", actor="test", parameters={"tier": "base"})
    real, first = Manifests.commit_outputs, []

    def overtaken(self, *given, **named):
        if named["effects"] and not first:
            first.append(True)
            other = next(iter(named["effects"]))
            town.project.store.audiences.save(
                type(other)(**{**other.__dict__, "execution_id": 999, "rows": 3,
                               "paths": town.project.store.audiences.current()["best"].paths})
            )  # fmt: skip
        return real(self, *given, **named)

    monkeypatch.setattr(Manifests, "commit_outputs", overtaken)
    town.run()

    assert first
    assert [key for (key,) in saved(town)] == list(range(1, 11))
    assert town.project.store.audiences.current()["best"].version == 3


def test_a_reader_has_the_members_with_their_saved_columns(town):
    town.write("keep", KEEP.format(mode="replace"))
    town.publish("use", READ)
    town.publish("keep", KEEP.format(mode="replace"))
    run(town, "keep")
    run(town, "use")

    assert read_rows(town) == (3, 0, 2)


def test_an_audience_is_found_by_another_entity_through_what_matches(town):
    town.publish("keep", KEEP.format(mode="replace"))
    town.load("order", "order_id,customer_id,amount,placed_at\n1,1,5,\n2,1,6,\n3,9,7,\n")
    run(town, "keep")
    orders = READ.replace("audience: best,", "audience: best, dimension: order,").replace(
        "add:", "match: {customer_id: customer_id}, add:"
    )
    town.publish("use", orders.replace("place >= 2", "place = 1 and amount > 5"))
    run(town, "use")

    assert read_rows(town) == (2, 2, 1)


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("audience: best", "audience: bset", "no saved audience `bset`"),
        ("{place: rank}", "{place: rnak}", "has no column `rnak`"),
        ("audience: best,", "audience: best, dimension: order,", "holds rows of customer"),
        ("audience: best,", "audience: best, match: {nothing: email},", "nothing"),
        ("name: use", "name: use\nmerge_policy: other", "no saved audience `best`"),
    ],
)
def test_a_slip_of_the_author_is_refused_without_any_data(town, wrong, right, says):
    town.write("keep", KEEP.format(mode="replace"))
    town.write("use", READ.replace(wrong, right))

    with pytest.raises(FaultsFound, match=says):
        apply_campaign(town.project, "use", actor="test")


def test_an_audience_known_by_an_address_has_one_row_for_each_and_rules_find_them(town):
    town.load(
        "customer",
        "customer_id,email,email_ok,tier,store_id\n2,c1@example.com,true,gold,n\n3,,true,gold,n\n",
    )
    text = KEEP.format(mode="append").replace("mode: append", "mode: append\n    identity: email")
    town.publish("keep", text)
    run(town, "keep")
    assert saved(town, "email, customer_id") == [("c1@example.com", 1)]

    town.publish(
        "use",
        READ.replace("big: {type: filter, from: best, where: place >= 2}",
                     "all: {type: build_audience, where: in_audience(best)}"),
    )  # fmt: skip
    run(town, "use")
    assert (town.rows("use.best"), town.rows("use.all")) == (2, 2)


def test_the_name_of_an_audience_may_be_a_template(town):
    best, people = "audience: best", 'audience: "{{ param.tier }}_people"'
    town.publish("keep", KEEP.format(mode="replace").replace(best, people))
    run(town, "keep")
    parameters = "parameters: {tier: {type: text, default: gold}}"
    text = READ.replace(best, people).replace("activities:", f"{parameters}\nactivities:")
    town.publish("use", text)
    run(town, "use")

    assert town.rows("use.big") == 2


def test_two_activities_may_add_to_an_audience_and_not_replace_it(town):
    town.write("keep", KEEP.format(mode="append"))
    second = KEEP.replace("name: keep", "name: also")
    town.write("also", second.format(mode="update"))
    apply_campaign(town.project, "also", actor="test")

    town.write("also", second.format(mode="replace"))
    with pytest.raises(FaultsFound, match=r"saved by keep\.saved") as refused:
        apply_campaign(town.project, "also", actor="test")
    assert refused.value.faults[0].place.line == 10


AUDIENCES = st.lists(
    st.tuples(
        st.sampled_from(["replace", "append", "update"]), st.sampled_from(["gold", "base"]),
        st.integers(1, 9),
    ),
    min_size=1, max_size=3,
)  # fmt: skip


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=AUDIENCES)
def test_modes_do_what_a_dictionary_does(town, steps):
    model: dict[int, int] = {}
    for number, (mode, tier, factor) in enumerate([("replace", "gold", 1), *steps]):
        town.publish("keep", KEEP.format(mode=mode))
        run(town, "keep", tier=tier, factor=str(factor))
        new = {key: key * factor for key in ((1, 2, 3) if tier == "gold" else range(4, 11))}
        if mode == "replace":
            model = new
        else:
            model = {**model, **new} if mode == "update" else {**new, **model}
        assert dict(saved(town, "customer_id, rank")) == model, number
