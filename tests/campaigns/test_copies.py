"""A copy says what the original says, under its own name and with defaults of its own."""

import pytest

from campanile.campaigns.copies import copied_source
from campanile.catalog.yaml_document import plain
from campanile.catalog.yaml_source import read_yaml
from campanile.errors import Refused

FLOW = """\
# about winter
name: winter   # its name
model: true
parameters: {send_on: {type: timestamp}, least: {type: integer, default: 3}}
activities:
  some: {type: build_audience, where: points > param.least}   # a rule
"""
BLOCK = """\
name: "winter"
model: true
parameters:
  send_on:
    type: timestamp
  least:
    type: integer
    default: 3
activities:
  some: {type: build_audience, where: points > param.least}
"""


@pytest.mark.parametrize("source", [FLOW, BLOCK, FLOW.replace("\n", "\r\n")])
def test_a_copy_differs_in_its_name_its_defaults_and_that_it_is_no_model(source):
    given = {"send_on": "2026-12-01 09:00", "least": 'a "b": #c'}

    copied = plain(read_yaml(copied_source(source, "summer", given), "c.yaml").root)

    expected = plain(read_yaml(source, "c.yaml").root)
    del expected["model"]
    expected["name"] = "summer"
    for name, value in given.items():
        expected["parameters"][name]["default"] = value
    assert copied == expected


def test_comments_stay():
    copied = copied_source(FLOW, "summer", {})
    assert all(said in copied for said in ("# about winter", "# its name", "# a rule"))


def test_an_unknown_parameter_is_named_with_those_there_are():
    with pytest.raises(Refused, match=r"no parameter 'most'\. There is: send_on, least"):
        copied_source(FLOW, "summer", {"most": "1"})
