"""Tests beside campaigns: what they find, and that nothing but their own rows counts."""

from pathlib import Path
from textwrap import dedent

import pytest

from campanile import demo
from campanile.campaigns.loading import load_definitions
from campanile.operations.authoring.scaffolding import scaffold
from campanile.operations.rehearsing.campaign_tests import run_tests

CAMPAIGN = """
name: spring
schedule: {every: week, days: [mon], at: "09:00", timezone: Europe/Paris}
parameters: {least: {type: number, default: 100}}
activities:
  buyers: {type: build_audience, where: sum(orders.amount) >= param.least}
  known: {type: enrichment, from: buyers, add: {spent: sum(orders.amount), city: store.city}}
  cells:
    type: split
    from: known
    subsets: {gold: {where: tier = 'gold'}}
    complement: others
  offer: {type: email, from: cells.others, template: hello, topic: offers}
  three_days: {type: wait, from: offer, for: 3 days}
  keen:
    type: filter
    from: three_days
    where: |
      clicked(offer)
      and not exists(orders, placed_at >= started_at())
    complement: silent
  left_out: {type: filter, from: offer.excluded, where: reason = 'no_consent'}
"""
ROWS = """
campaign: spring
now: 2026-11-23 09:00
rows:
  store: [{store_id: n, city: Nice}]
  order:
    - {order_id: 1, customer_id: 1, amount: 70}
    - {order_id: 2, customer_id: 1, amount: 50}
    - {order_id: 3, customer_id: 2, amount: 30}
    - {order_id: 4, customer_id: 3, amount: 300}
    - {order_id: 5, customer_id: 4, amount: 100}
  customer:
    - {customer_id: 1, store_id: n}
    - {customer_id: 2}
    - {customer_id: 3, tier: gold, store_id: n}
    - {customer_id: 4}
tests:
"""


@pytest.fixture
def tried(town):
    """Run the tests of the campaign, written as YAML below `tests:`."""

    def run(tests, head=ROWS):
        town.write("spring", CAMPAIGN)
        folder = town.project.folder / "tests"
        folder.mkdir(exist_ok=True)
        (folder / "spring.yaml").write_text(head + dedent(tests).replace("\n", "\n  ") + "\n")
        return run_tests(load_definitions(town.project.folder), [town.project.folder])

    return run


def test_keys_and_columns_that_come_out_as_expected_pass(tried):
    found = tried("""
        rules:
          expect:
            buyers: [1, 3, 4]
            known:
              - {customer_id: 1, spent: 120, city: Nice}
              - {customer_id: 3, spent: 300, city: Nice}
              - {customer_id: 4, spent: 100}
            cells.gold: [{tier: gold, store.city: Nice}]
            cells.others: [4, 1]
            offer: [1, 4]""")
    assert (found.tests, found.differences, found.faults) == (1, (), ())


def test_a_failure_says_who_is_missing_and_who_was_added_at_its_line(tried):
    found = tried("""
        wrong:
          expect:
            buyers: [1, 2, 3]""")
    (one,) = found.differences
    assert (one.place.file, one.place.line) == ("tests/spring.yaml", 21)
    assert one.sentence == (
        "test 'wrong': 'buyers' has 3 rows, expected 3; missing: customer_id 2; "
        "added: customer_id 4"
    )


def test_parameters_and_rows_of_a_test_go_before_those_of_the_file(tried):
    found = tried("""
        dear:
          parameters: {least: 300}
          expect: {buyers: [3]}
        others:
          rows: {order: [{order_id: 9, customer_id: 2, amount: 500}]}
          expect: {buyers: [2]}""")
    assert (found.tests, found.differences, found.faults) == (2, (), ())


def test_feedback_and_virtual_time_lead_through_a_wait(tried):
    found = tried("""
        reactions:
          rows:
            order:
              - {order_id: 1, customer_id: 1, amount: 100}
              - {order_id: 2, customer_id: 2, amount: 100}
              - {order_id: 3, customer_id: 4, amount: 100}
              - {order_id: 4, customer_id: 2, amount: 1, placed_at: 2026-11-24 10:00}
          feedback: {offer: {clicked: [1, 2]}}
          expect: {keen: [1], keen.silent: [2, 4]}
        too_late:
          feedback: {offer: {clicked: [{who: 1, at: 2026-11-27 10:00}, 4]}}
          expect: {keen: [4], keen.silent: [1]}""")
    assert (found.tests, found.differences, found.faults) == (2, (), ())


def test_a_message_goes_to_everybody_but_those_the_test_leaves_out(tried):
    found = tried("""
        left_out:
          feedback: {offer: {excluded: {1: no_consent}, failed: {}}}
          expect: {offer: [4], left_out: [1]}""")
    assert (found.tests, found.differences, found.faults) == (1, (), ())


ASKS = """
name: asks
schedule: asap
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  sign_off: {type: approval, from: gold, by: legal}
  packed: {type: task, from: sign_off.approved, title: Pack, assignee: stock}
"""
ANSWERED = """
campaign: asks
rows: {customer: [{customer_id: 1, tier: gold}]}
tests:
  the_first_answer: {expect: {sign_off.approved: [1], packed.done: [1], packed.not_done: []}}
  refused: {answers: {sign_off: rejected}, expect: {sign_off.rejected: [1], packed.done: []}}
  nobody: {answers: {sign_off: expired}, expect: {sign_off.expired: [1]}}
  not_done: {answers: {packed: not_done}, expect: {packed.not_done: [1]}}
"""


def test_people_answer_as_the_test_says_or_agree(town):
    town.write("asks", ASKS)
    folder = town.project.folder / "tests"
    folder.mkdir(exist_ok=True)
    file = folder / "asks.yaml"
    file.write_text(ANSWERED)
    found = run_tests(load_definitions(town.project.folder), [town.project.folder])
    assert (found.tests, found.differences, found.faults) == (4, (), ())

    file.write_text(ANSWERED.replace("sign_off: expired", "sign_off: perhaps"))
    found = run_tests(load_definitions(town.project.folder), [town.project.folder])
    assert "'perhaps' is no answer" in str(found.faults[0])


def test_rows_may_be_given_instead_of_computed(tried):
    found = tried("""
        given:
          given: {known: [{customer_id: 1, spent: 7, city: Oslo}]}
          expect: {cells.others: [{city: Oslo}]}""")
    assert (found.tests, found.differences, found.faults) == (1, (), ())


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("x: {expect: {byers: [1]}}", "Did you mean 'buyers'?"),
        ("x: {expect: {buyers: [{spend: 1}]}}", "'spend'"),
        ("x: {rows: {customer: [{nme: x}]}, expect: {buyers: []}}", "no column 'nme'"),
        ("x: {rows: {custmer: [{nme: x}]}, expect: {buyers: []}}", "no entity 'custmer'"),
        ("x: {rows: {order: [{order_id: x}]}, expect: {buyers: []}}", "rows of 'order'"),
        ("x: {feedback: {offer: {clicked: [9]}}, expect: {buyers: []}}", "names 9"),
        ("x: {feedback: {ofer: {clicked: [9]}}, expect: {buyers: []}}", "'ofer'"),
        ("x: {given: {byers: [1]}, expect: {buyers: []}}", "'byers'"),
        ("x: {parameters: {most: 1}, expect: {buyers: []}}", "most"),
        ("x: {expects: {buyers: []}}", "expect"),
    ],
)
def test_a_slip_in_a_test_is_a_fault_with_its_place(tried, tests, said):
    found = tried("\n" + tests)
    assert found.faults
    assert any(said in str(fault) for fault in found.faults)
    assert all(fault.place.file == "tests/spring.yaml" for fault in found.faults)


def test_a_campaign_that_is_not_there_is_a_fault(tried):
    found = tried(
        "\nx: {expect: {buyers: []}}", ROWS.replace("campaign: spring", "campaign: sprong")
    )
    assert "sprong" in str(found.faults[0])


def test_the_tests_of_the_demo_and_of_a_new_project_pass(tmp_path):
    scaffold(tmp_path / "new")
    for folder in (tmp_path / "new", Path(demo.__file__).parent / "project"):
        found = run_tests(load_definitions(folder), [folder])
        assert found.tests > 0
        assert (found.differences, found.faults) == ((), ())
