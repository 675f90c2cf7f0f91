"""Texts for people are checked before anybody is asked: names, signs and who is named."""

import pytest

from campanile.campaigns.definition import Campaign
from campanile.campaigns.texts_check import check_texts


def faults(question: str) -> list[str]:
    """What is wrong with the question of an approval, in a campaign with one parameter."""
    activities = {
        "a": {"type": "build_audience"},
        "b": {"type": "approval", "from": "a", "by": "legal", "question": question},
    }
    parameters = {"least": {"type": "integer"}}
    campaign = Campaign.model_validate(
        {"name": "c", "activities": activities, "parameters": parameters}
    )
    return [f"{fault.message} {fault.remedy}" for fault in check_texts(campaign)]


@pytest.mark.parametrize(
    "text",
    ["Go?", "{{ count }} of {{ campaign.name }} on {{ execution.date }}", "{{ param.least }}"],
)
def test_what_is_known_may_be_named(text: str):
    assert faults(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ cuont }}", "knows no `cuont`. Did you mean 'count'?"),
        ("{{ param.most }}", "knows no `param.most`."),
        ("{{ first_name }}", "knows no `first_name`."),
        ("{{ count", "cannot be read"),
        ("{% if %}", "cannot be read"),
    ],
)
def test_what_is_not_known_is_a_fault(text: str, said: str):
    (found,) = faults(text)
    assert said in found
