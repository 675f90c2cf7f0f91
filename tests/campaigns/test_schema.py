import json

import pytest

from campanile.activities import ACTIVITIES
from campanile.campaigns.schema import json_schema


@pytest.mark.parametrize("kind", ["campaign", "catalog", "channels", "project"])
def test_every_reference_of_a_schema_is_defined_and_nothing_unbuilt_is_offered(kind):
    schema = json_schema(kind)
    text = json.dumps(schema)
    for name in {part.split('"')[0] for part in text.split("#/$defs/")[1:]}:
        assert name in schema["$defs"]
    assert '{"not": {}}' not in text
    assert schema["additionalProperties"] is False


def test_the_campaign_schema_has_every_built_type_and_asks_for_it():
    definitions = json_schema("campaign")["$defs"]
    for kind in ACTIVITIES:
        definition = definitions[kind.config.__name__]
        assert definition["properties"]["type"]["const"] == kind.name
        assert "type" in definition["required"]
        assert "from" in definition["properties"]
        assert "checks" not in definition["properties"]
