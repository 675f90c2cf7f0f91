"""Publishing asks whether a version still fits; what does not is said at once, and it stays."""

import pytest

from campanile.errors import FaultsFound
from campanile.operations.authoring.versions import apply_campaign, publish

CAMPAIGN = """
name: spring
schedule: {every: day, at: "09:00"}
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  offer: {type: email, from: gold, template: hello, topic: offers}
"""


@pytest.fixture
def applied(town):
    town.write("spring", CAMPAIGN)
    apply_campaign(town.project, "spring", actor="ana")
    return town


def change(town, file, *pairs):
    path = town.project.folder / file
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    town.read_files_again()


def test_all_that_changed_since_it_was_applied_is_said_at_once(applied):
    change(applied, "catalog/town.yaml", ("tier: text", "level: text"))
    change(applied, "channels.yaml", ("topics: {offers:", "topics: {news:"))
    with pytest.raises(FaultsFound) as refused:
        publish(applied.project, "spring", actor="ana")
    said = [fault.message for fault in refused.value.faults]
    assert len(said) == 2
    assert "tier" in "".join(said)
    assert "offers" in "".join(said)
    assert refused.value.faults[0].place.file == "spring, version 1"
    row = applied.project.store.campaigns.get("spring")
    assert (row.status, row.published_version) == ("draft", None)


def test_a_template_that_is_gone_is_no_reason_since_the_version_has_its_own(applied):
    (applied.project.folder / "templates/hello/email.html").unlink()
    applied.read_files_again()
    assert publish(applied.project, "spring", actor="ana").campaign.status == "scheduled"


def test_a_template_that_names_what_the_catalog_lost_is_a_reason(applied):
    change(applied, "templates/hello/email.html", ("Hello {{ customer_id }}", "Hello {{ tier }}"))
    apply_campaign(applied.project, "spring", actor="ana")
    change(applied, "catalog/town.yaml", ("tier: text", "level: text"))
    with pytest.raises(FaultsFound, match="tier"):
        publish(applied.project, "spring", actor="ana")
