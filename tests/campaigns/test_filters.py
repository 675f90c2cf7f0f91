"""Filters of the project are found wrong in their own file, and at the call that does not fit."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campanile.campaigns.compiled import compile_campaign, from_json, to_json
from campanile.campaigns.filters import check_filters, read_filters
from campanile.campaigns.loading import load_definitions
from campanile.catalog.yaml_source import read_yaml
from campanile.errors import FaultsFound

BIG = """\
name: big_spender
dimension: customer
parameters: {min: {type: number, default: 500}, tier: {type: text}}
where: sum(orders.amount) >= param.min and tier = param.tier
"""
PAID = "{name: paid_order, dimension: order, where: status = 'paid'}\n"
CAMPAIGN = """\
name: spring
activities:
  rich:
    type: build_audience
    where: §
"""


@pytest.fixture
def shop(folder, tmp_path) -> Path:
    """A copy of the project with two filters."""
    here = tmp_path / "shop"
    shutil.copytree(folder, here)
    write(here, "filters/big_spender.yaml", BIG)
    write(here, "filters/orders/paid.yaml", PAID)
    return here


@pytest.fixture(scope="module")
def definitions(folder):
    """The project without filters."""
    return load_definitions(folder)


def write(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def faults(folder: Path) -> list[str]:
    definitions = load_definitions(folder)
    broken = [str(fault) for found in definitions.broken.values() for fault in found.faults]
    return broken + [str(fault) for fault in definitions.warnings]


def faults_of_call(folder: Path, rule: str) -> list[str]:
    write(folder, "campaigns/spring.yaml", CAMPAIGN.replace("§", rule))
    return faults(folder)


@pytest.mark.parametrize(
    "rule",
    [
        "big_spender(min => 500, tier => 'gold')",
        "not big_spender(tier => 'gold')",
        "exists(orders, paid_order())",
        "count(orders, paid_order() and amount > 1) > 2",
        "store.name = 'x' and exists(orders, paid_order() or amount > 1)",
    ],
)
def test_a_filter_is_called_where_its_entity_is_meant(shop, rule):
    assert faults_of_call(shop, rule) == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("big_spender()", "spring.yaml:5:12: Filter 'big_spender' needs tier => a text."),
        ("tier = 'gold' and paid_order()", "spring.yaml:5:30: Filter 'paid_order' is about rows"),
        ("big_spender(500)", "written name => value"),
        ("big_spender(tier => 'g', mim => 5)", "no parameter 'mim'. Did you mean 'min'?"),
        ("big_spender(tier => 5)", "tier is a text, not a"),
        ("big_spender(tier => lower(email))", "tier must be a fixed value or a parameter"),
        ("big_spnder(tier => 'gold')", "no function 'big_spnder'. Did you mean 'big_spender'?"),
        ("exists(orders, big_spender(tier => 'g'))", "these rows are of order"),
    ],
)
def test_a_call_that_does_not_fit_is_found_at_the_call(shop, rule, said):
    found = faults_of_call(shop, rule)
    assert len(found) == 1
    assert said in found[0]
    assert found[0].startswith("campaigns/spring.yaml:5:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nwhere: amont > 1\n", "filters/x.yaml:2:8: customer has no attribute 'amont'"),
        ("name: x\nwhere: [tier = 'gold', is_empty(emale)]\n", "x.yaml:2:33: customer has no"),
        (
            "name: x\ndimension: custmer\nwhere: true\n",
            "2:12: there is no dimension or entity `custmer`. Did",
        ),
        ("name: x\nwhere: param.least > 1\n", "There is no parameter 'least'"),
        ("name: exists\nwhere: true\n", "`exists` is a function of the rule language"),
        ("name: share\nwhere: true\n", "`share` is a function of the rule language"),
        ("name: big_spender\nwhere: true\n", "stands in filters/big_spender.yaml already"),
        ("name: x\n", "`where` of the file is missing"),
        ("name: x\nwhere: opened(letter)\n", "there is no message `letter`"),
        ("name: x\nwhere: row.tier = 'gold'\n", "The rows have no column 'tier'"),
        ("name: x\nwhere: tier = 'gould'\n", "'gould' is not"),
        ("name: x\nwhere: true\nfavourite: true\n", "`favourite` is not an option"),
        ("name: x\nwhere: big_spender(tier => 'gold') and x()\n", "in a circle: x"),
    ],
)
def test_a_fault_of_a_filter_is_found_in_its_file_without_a_call(shop, text, said):
    write(shop, "filters/x.yaml", text)
    found = faults(shop)
    assert any(said in one for one in found), found
    assert all(one.startswith("filters/x.yaml:") for one in found)


def test_a_check_may_call_a_filter(shop):
    text = CAMPAIGN.replace(
        "§", "true\n    checks: [{hold: share(big_spender(tier => 'gold')) > 0.1}]"
    )
    write(shop, "campaigns/spring.yaml", text.replace("[{", '[{hold: "count() > 1"}, {'))
    assert faults(shop) == []
    write(shop, "campaigns/spring.yaml", text.replace("big_spender", "big_spnder"))
    assert any("no function 'big_spnder'" in one for one in faults(shop))


def test_a_circle_is_refused_and_named(shop):
    write(shop, "filters/a.yaml", "{name: a, where: tier = 'gold' and b()}\n")
    write(shop, "filters/b.yaml", "{name: b, where: not a()}\n")
    found = faults(shop)
    assert any(one.startswith("filters/a.yaml:1:") and "b -> a -> b" in one for one in found)
    assert any(one.startswith("filters/b.yaml:1:") and "a -> b -> a" in one for one in found)


def test_a_faulty_filter_is_a_fault_of_its_callers_and_of_nobody_else(shop):
    write(shop, "filters/x.yaml", "name: x\nwhere: amont > 1\n")
    write(shop, "campaigns/calls.yaml", "name: calls\n" + "\n".join(
        CAMPAIGN.replace("§", "x()").splitlines()[1:]))  # fmt: skip
    write(shop, "campaigns/spring.yaml", CAMPAIGN.replace("§", "big_spender(tier => 'gold')"))
    definitions = load_definitions(shop)
    assert set(definitions.broken) == {"filters/x.yaml", "campaigns/calls.yaml"}
    assert "In filter 'x': customer has no" in str(definitions.broken["campaigns/calls.yaml"])
    assert "spring" in definitions.campaigns


def test_an_author_is_told_of_silent_people_in_a_filter_too(shop):
    letter = "  offer: {type: email, from: rich, template: offer, topic: offers}\n"
    write(shop, "campaigns/spring.yaml", CAMPAIGN.replace("§", "tier = 'gold'") + letter)
    write(shop, "filters/x.yaml", "{name: x, where: not opened(spring.offer)}\n")
    assert any("may never have been sent" in one for one in faults(shop))
    write(
        shop, "filters/x.yaml", "{name: x, where: sent(spring.offer) and not opened(spring.offer)}"
    )
    assert not faults(shop)


def test_a_version_keeps_the_filters_it_calls_as_they_were(shop):
    write(shop, "filters/rich.yaml", "{name: rich, where: big_spender(tier => 'gold')}\n")
    assert faults_of_call(shop, "rich()") == []
    definitions = load_definitions(shop)
    compiled = compile_campaign(definitions.campaigns["spring"], definitions)
    assert set(compiled.filters) == {"rich", "big_spender"}
    again = from_json(to_json(compiled))
    assert again == compiled
    assert again.filters["big_spender"].where == compiled.filters["big_spender"].where


def test_a_filter_sees_its_entity_and_not_the_columns_that_a_campaign_computed(shop):
    write(shop, "filters/gold.yaml", "{name: gold, where: tier = 'gold'}\n")
    text = CAMPAIGN.replace("§", "true") + (
        "  known: {type: enrichment, from: rich, add: {tier: upper(customer.tier)}}\n"
        "  some: {type: filter, from: known, where: gold()}\n"
    )
    write(shop, "campaigns/spring.yaml", text)
    assert faults(shop) == []


def test_filters_are_validated_with_the_settings_of_their_project_only(shop):
    (shop / "channels.yaml").write_text("senders: {x: {channel: emale}}\n")
    with pytest.raises(FaultsFound):
        load_definitions(shop)


PIECES = st.sampled_from(
    ["tier", "orders", "exists(", "sum(orders.amount", "count(", ")", "(", ",", "=", ">= 1", "and",
     "or", "not", "'gold'", "1", "select", "from", ";", "--", "union", "param.least", "param.x",
     "row.tier", "x()", "y(", "y(least => 5)", "paid()", "in (", "between", "is null", "null",
     "end", "read_csv('/etc/passwd')", "case when", "sent(a.offer)", "in_audience(vip)", "||", "%",
     "true"]
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(pieces=st.lists(PIECES, min_size=1, max_size=8))
def test_whatever_stands_in_a_filter_it_is_right_or_has_its_place(definitions, pieces):
    rule = " ".join(pieces)
    lead = "name: x\nparameters: {least: {type: integer, default: 1}}\nwhere: >-\n  "
    texts = {
        "x.yaml": f"{lead}{rule}\n",
        "y.yaml": "{name: y, parameters: {least: {type: integer}}, where: x()}\n",
        "paid.yaml": "{name: paid, dimension: order, where: status = 'paid'}\n",
    }
    read = read_filters(read_yaml(text, name) for name, text in texts.items())
    known = replace(definitions, filters=read.files)
    faults = [*read.faults, *check_filters(read, known)]
    own = [fault for fault in faults if fault.place.file == "x.yaml"]
    for fault in own:
        assert (fault.place.line, fault.place.column >= 3) == (4, True)
        assert fault.place.column <= len(rule) + 3
        assert fault.message
    if re.search(r"select|passwd|;|param.x|y\(|x\(|row\.", rule):
        assert own
