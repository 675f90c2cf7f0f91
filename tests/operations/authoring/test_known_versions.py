"""A process reads a version once, as long as it is the same one."""

import pytest

from campanile.errors import Refused
from campanile.operations.authoring import known_versions as module
from campanile.operations.authoring.known_versions import known_versions
from campanile.operations.authoring.versions import get_version, parse_version
from campanile.store.campaign_tables import campaign_version

DAILY = """
name: {name}
dimension: customer
schedule: {{every: day, at: "{at}"}}
activities:
  everybody: {{type: build_audience, where: customer_id > 0}}
"""


@pytest.fixture
def read(monkeypatch):
    """The names of the versions that are read from what is stored."""
    names = []
    monkeypatch.setattr(
        module, "parse_version", lambda row: names.append(row.campaign) or parse_version(row)
    )
    return names


def test_what_is_known_is_not_read_again(town, read):
    for name in ("a", "b"):
        town.publish(name, DAILY.format(name=name, at="10:00"))
    wanted = [("a", 1), ("b", 1)]

    known_versions(town.project, wanted[:1])
    known = known_versions(town.project, wanted)

    assert known.get("a", 1) == get_version(town.project, "a", 1)
    assert known.get("b", 1).campaign.name == "b"
    assert read == ["a", "b"]


def test_a_campaign_made_again_under_the_same_name_is_read_again(town, read):
    town.publish("a", DAILY.format(name="a", at="10:00"))
    before = known_versions(town.project, [("a", 1)]).get("a", 1)
    for step in ("unpublish", "delete"):
        town.project.store.lives.take("a", step, by="ana")
    town.publish("a", DAILY.format(name="a", at="11:00"))

    after = known_versions(town.project, [("a", 1)]).get("a", 1)

    assert before.campaign.schedule != after.campaign.schedule
    assert after == get_version(town.project, "a", 1)
    assert read == ["a", "a"]


def test_one_that_cannot_be_read_refuses_itself_only_and_is_tried_again(town):
    for name in ("a", "b"):
        town.publish(name, DAILY.format(name=name, at="10:00"))
    kept = get_version(town.project, "a", 1)
    row = town.project.store.campaigns.version("a", 1)
    one = campaign_version.update().where(campaign_version.c.campaign == "a")
    with town.project.store.databases["control"].write() as connection:
        connection.execute(one.values(compiled={"language_version": 1}))

    broken = known_versions(town.project, [("a", 1), ("b", 1)])
    assert broken.get("b", 1).campaign.name == "b"
    with pytest.raises(Refused, match="cannot be read"):
        broken.get("a", 1)

    with town.project.store.databases["control"].write() as connection:
        connection.execute(one.values(compiled=row.compiled))
    assert known_versions(town.project, [("a", 1)]).get("a", 1) == kept


def test_a_version_that_is_not_there_is_refused_like_any_other(town):
    with pytest.raises(Refused, match="no campaign 'nobody'"):
        known_versions(town.project, [("nobody", 1)]).get("nobody", 1)


def test_too_many_known_ones_are_forgotten_and_read_again(town, read, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 1)
    for name in ("a", "b"):
        town.publish(name, DAILY.format(name=name, at="10:00"))

    both = known_versions(town.project, [("a", 1), ("b", 1)])
    one = known_versions(town.project, [("a", 1)])

    assert [both.get(name, 1).campaign.name for name in ("a", "b")] == ["a", "b"]
    assert one.get("a", 1).campaign.name == "a"
