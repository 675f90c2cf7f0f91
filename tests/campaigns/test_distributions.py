"""A distribution is checked in its file, and frozen with the campaign that takes it."""

import shutil

import pytest

from campanile.campaigns.compiled import compile_campaign, from_json, to_json
from campanile.campaigns.loading import load_definitions

FILE = (
    "{name: by_store, by: store_id, assign: {entity: store},"
    " values: {paris: 5, lyon: 10%, nice: 0}}"
)
CAMPAIGN = """\
name: spring
activities:
  people: {type: build_audience}
  cells: {type: split, from: people, distribution: §, subsets: {some: {}}, complement: rest}
"""


@pytest.fixture
def shop(folder, tmp_path):
    here = tmp_path / "shop"
    shutil.copytree(folder, here)
    (here / "distributions").mkdir()
    return here


def faults(shop, distribution: str = FILE, campaign: str = CAMPAIGN, name: str = "by_store"):
    (shop / "distributions" / "by_store.yaml").write_text(distribution)
    (shop / "campaigns" / "spring.yaml").write_text(campaign.replace("§", name))
    broken = load_definitions(shop).broken
    return [str(fault) for found in broken.values() for fault in found.faults]


def test_a_version_keeps_the_distribution_as_it_was(shop):
    assert faults(shop) == []
    definitions = load_definitions(shop)
    compiled = compile_campaign(definitions.campaigns["spring"], definitions)
    again = from_json(to_json(compiled))
    assert again == compiled
    assert set(again.campaign.activities["cells"].distribution.values) == {"paris", "lyon", "nice"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("by: store_id", "by: store_id ="), "by_store.yaml:1:"),
        (("entity: store", "entity: stor"), "there is no entity `stor`. Did you mean 'store'?"),
        (("lyon: 10%", "lyon: ten"), "`ten` is not a size"),
        (("lyon: 10%", "lyon: 10% of matched"), "of the group's rows"),
        ((", values: {paris: 5, lyon: 10%, nice: 0}", ""), "`values` of the file is missing"),
    ],
)
def test_a_fault_of_a_distribution_is_found_in_its_file(shop, change, said):
    found = [one for one in faults(shop, FILE.replace(*change)) if one.startswith("distributions/")]
    assert len(found) == 1
    assert said in found[0]


def test_what_the_rows_do_not_have_is_found_in_the_campaign(shop):
    found = faults(shop, FILE.replace("by: store_id", "by: shop_id"))
    assert found == [
        "campaigns/spring.yaml:4:52: customer has no attribute 'shop_id'. Did you mean 'store_id'?"
    ]


def test_a_name_of_nothing_is_refused_with_what_there_is(shop):
    found = faults(shop, name="by_stores")
    assert found == [
        "campaigns/spring.yaml:4:52: there is no distribution `by_stores`. Did you mean 'by_store'?"
    ]


def test_a_distribution_that_sizes_nothing_is_refused(shop):
    found = faults(shop, campaign=CAMPAIGN.replace("some: {}", "some: {limit: 5}"))
    assert "every subset has a size of its own" in found[0]
