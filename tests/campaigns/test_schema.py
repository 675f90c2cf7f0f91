"""The schemas of files: what editors offer and flag, in agreement with what reading refuses."""

import datetime
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from campanile.activities import ACTIVITIES, NOT_BUILT, activity_type
from campanile.activities.quotas import Distribution
from campanile.campaigns.channels_file import ChannelsFile
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import parse_file
from campanile.campaigns.filter_file import FilterFile
from campanile.campaigns.loading import load_definitions, read_campaign
from campanile.campaigns.project_file import ProjectFile
from campanile.campaigns.schema import DRAFT, MODELS, json_schema
from campanile.catalog.catalog_file import CatalogFile
from campanile.catalog.yaml_document import plain
from campanile.catalog.yaml_source import read_yaml

FIVE = sorted((Path(__file__).parent / "five").glob("*.yaml"))
DEMO = Path(str(files("campanile.demo") / "project"))
SCHEMAS = {kind: json_schema(kind) for kind in MODELS}


VALIDATORS = {kind: Draft202012Validator(schema) for kind, schema in SCHEMAS.items()}


def seen_by_an_editor(text):
    """The values that a reader of YAML 1.2 sees: numbers, truth values, texts."""

    def simple(value):
        if isinstance(value, dict):
            return {str(key): simple(part) for key, part in value.items()}
        if isinstance(value, list):
            return [simple(part) for part in value]
        return str(value) if isinstance(value, datetime.date) else value

    return simple(YAML(typ="safe", pure=True).load(text))


def is_allowed(kind, text):
    return VALIDATORS[kind].is_valid(seen_by_an_editor(text))


@pytest.mark.parametrize("kind", MODELS)
def test_every_reference_is_defined_and_nothing_unbuilt_is_offered(kind):
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    for name in {part.split('"')[0] for part in text.split("#/$defs/")[1:]}:
        assert name in schema["$defs"]
    assert schema["$schema"] == DRAFT
    assert '{"not": {}}' not in text
    assert "x-rule" not in text
    assert "PT6H" not in text
    assert schema["additionalProperties"] is False


def test_every_built_type_offers_its_own_options_and_asks_for_its_type():
    definitions = json_schema("campaign")["$defs"]
    for kind in ACTIVITIES:
        definition = definitions[kind.config.__name__]
        assert definition["properties"]["type"]["const"] == kind.name == definition["title"]
        assert "type" in definition["required"]
        assert "from" in definition["properties"]
        assert definition["description"]
        options = definition["properties"].items()
        assert [k for k, option in options if k != "type" and not option.get("description")] == []


@pytest.mark.parametrize("file", FIVE, ids=lambda file: file.stem)
def test_the_five_campaigns_are_right_in_all_that_is_built(file):
    def unbuilt(model):
        names = (info.alias or name for name, info in model.model_fields.items())
        properties = model.model_json_schema(by_alias=True)["properties"]
        return {name for name in names if properties.get(name, {}).get("not") == {}}

    written = seen_by_an_editor(file.read_text(encoding="utf-8"))
    written = {key: part for key, part in written.items() if key not in unbuilt(Campaign)}
    built = {
        name: {k: v for k, v in one.items() if k not in unbuilt(activity_type(one["type"]).config)}
        for name, one in written["activities"].items()
        if one["type"] not in NOT_BUILT
    }
    assert VALIDATORS["campaign"].is_valid({**written, "activities": built})


def test_the_files_of_the_demonstration_are_right():
    campaigns = load_definitions(DEMO).files
    assert campaigns
    for kind, paths in {
        "campaign": campaigns.values(),
        "catalog": (DEMO / "catalog").glob("*.yaml"),
        "channels": [DEMO / "channels.yaml"],
        "project": [DEMO / "campanile.yaml"],
    }.items():
        for path in paths:
            assert is_allowed(kind, path.read_text(encoding="utf-8")), path


RIGHT = """\
name: spring
schedule: {every: month, months: [jan], days: [1, last], at: 09:00, start: 2026-12-07}
parameters: {least: {type: integer, default: 500, max: 2000}}
activities:
  people: {type: build_audience, where: [points > 1, {any: [a, b], except: [c]}]}
  cells: {type: split, from: people, subsets: {some: {limit: 10, code: 0123}}, complement: others}
  known: {type: enrichment, from: cells.others, add: {n: 1, l: {lines: orders, columns: {a: b}}}}
  offer: {type: email, from: known, template: offer, confirm: yes, track: {opens: "true"}}
  rest: {type: wait, from: [offer], for: 3 days}
"""
WRONG = {
    "no name": ("name: spring\n", ""),
    "a name in capitals": ("name: spring", "name: Spring"),
    "a reserved name": ("  rest:", "  report:"),
    "an unknown key": ("name: spring", "name: spring\nlable: x"),
    "an unknown type": ("type: wait", "type: waits"),
    "a type that is not built": ("type: wait", "type: approval"),
    "no type": ("type: wait, ", ""),
    "an option of another type": ("for: 3 days", "for: 3 days, where: x"),
    "an option that is not built": ("for: 3 days", "for: 3 days, pause: x"),
    "a list for a text": ("template: offer", "template: [offer]"),
    "a text for a list": ("subsets: {some: {limit: 10, code: 0123}}", "subsets: x"),
    "no subset": ("{some: {limit: 10, code: 0123}}", "{}"),
    "an unknown word of a rule": ("except: [c]", "excepts: [c]"),
    "neither yes nor no": ("confirm: yes", "confirm: perhaps"),
    "no whole number": ("parameters: {least: {", "parameters: {least: {max_length: long, "),
    "an unknown value": ("from: people,", "from: people, when_empty: never,"),
    "a schedule without a start": ("every: month", "evry: month"),
    "a schedule of two kinds": ("every: month", "once: 2026-01-01 09:00, every: month"),
    "an unknown month": ("[jan]", "[january]"),
    "lines without columns": (", columns: {a: b}", ""),
}


@pytest.mark.parametrize("slip", WRONG)
def test_a_wrong_campaign_is_flagged(slip):
    old, new = WRONG[slip]
    assert RIGHT.count(old) == 1
    assert is_allowed("campaign", RIGHT)
    assert not is_allowed("campaign", RIGHT.replace(old, new))


OTHERS = {
    "catalog": (
        "entities: {a: {key: b, columns: {b: text, c: {type: enum, values: [1, x]}},"
        " links: {d: {to: a, match: {b: b}, unique: true}}, source: {loaded: true}}}\n"
        "dimensions: {a: {default: true, addresses: {email: c}}}",
        ["key: b", "b: text", "to: a, ", "loaded: true", "default: true", "email: c"],
        ["ky: b", "b: texts", "", "loaded: false", "default: perhaps", "fax: c"],
    ),
    "channels": (
        "senders: {a: {from: A <a@b.example>, connection: c, default: true}}\n"
        "topics: {t: {label: T, default: opt_in}}",
        ["from: A <a@b.example>, ", "default: true", "default: opt_in", "topics: {t"],
        ["", "default: perhaps", "default: opted", "topics: {T"],
    ),
    "filter": (
        "name: n\ndimension: d\nparameters: {p: {type: number, default: 5}}\n"
        "where: [a, {any: [b]}]",
        ["name: n\n", "dimension: d", "default: 5", "any: [b]", "type: number, "],
        ["", "dimension: [d]", "defaut: 5", "any: {c: b}, maybe: [b]", ""],
    ),
    "distribution": (
        "name: n\nby: b\nassign: {entity: e}\nvalues: {p: 500, l: 10%, n: 0}",
        ["name: n\n", "by: b\n", "entity: e", "values: {p: 500, l: 10%, n: 0}"],
        ["", "", "entities: e", "values: 5"],
    ),
    "project": (
        "name: n\nconnections: {c: {host: h, port: 25, security: none}}\nretention: {logs: 3 days}",
        ["name: n\n", "port: 25", "port: 25", "security: none", "logs: 3 days", "host: h, "],
        ["", "port: 99999", "port: no", "security: off", "log: 3 days", ""],
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_wrong_file_of_another_kind_is_flagged(kind):
    right, olds, news = OTHERS[kind]
    assert is_allowed(kind, right)
    for old, new in zip(olds, news, strict=True):
        assert right.count(old) == 1, old
        assert not is_allowed(kind, right.replace(old, new)), new


# A file that reading accepts is never flagged: parts of right files are exchanged at random.

MODEL_OF = {
    "catalog": CatalogFile,
    "channels": ChannelsFile,
    "filter": FilterFile,
    "distribution": Distribution,
    "project": ProjectFile,
}
scalars = st.sampled_from(
    ["5", "5.0", "0", "007", "-1", "1_000", "true", "yes", "No", "off", "asap", "10%", "3 days",
     "09:00", "2026-12-24", "mon", "Jan", "last", "people", "text", "enum", "email", "spring",
     "param.least", "opt_out", "none", "x y", "1e3", "customer", "[]", "{}", "[a]", "{a: b}",
     "[5, mon]", "lower(email)", "smtp", "T", "1"]
)  # fmt: skip
quoting = st.sampled_from(["{}", '"{}"'])


@st.composite
def changed(draw, text):
    """The text with some of its scalars exchanged for others."""
    for _ in range(draw(st.integers(1, 3))):
        places = [m.span() for m in re.finditer(r"(?<=: )[^\s,{}\[\]][^,{}\[\]\n]*", text)]
        start, end = draw(st.sampled_from(places))
        written = draw(quoting).format(draw(scalars))
        text = text[:start] + written + text[end:]
    return text


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(list(OTHERS)))
def test_settings_catalog_and_channels_that_can_be_read_are_not_flagged(data, kind):
    text = data.draw(changed(OTHERS[kind][0]))
    faults = []
    parse_file(read_yaml(text, "f.yaml"), MODEL_OF[kind], faults)
    assume(not faults)
    assert is_allowed(kind, text)


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_an_activity_and_a_schedule_that_can_be_read_are_not_flagged(data):
    text = data.draw(changed(RIGHT))
    document = read_yaml(text, "f.yaml")
    assume(not document.faults)
    written = plain(document.root)
    try:
        Campaign.model_validate(written)
    except ValueError:
        assume(False)
    assert is_allowed("campaign", text)


def test_a_campaign_that_can_be_read_with_its_project_is_not_flagged(project):
    text = "name: c\nactivities: {a: {type: build_audience, where: tier = 'gold'}}\n"
    campaign, faults = read_campaign(read_yaml(text, "c.yaml"), project)
    assert campaign is not None
    assert not faults
    assert is_allowed("campaign", text)
