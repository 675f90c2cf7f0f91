"""The committed reference is what the product says of itself, and its examples hold."""

import shlex

import click
import pytest
from pydantic import TypeAdapter

from campanile.activities import ACTIVITIES
from campanile.campaigns.loading import load_campaign
from campanile.cli import COMMANDS, cli
from campanile.cli.examples import EXAMPLES
from campanile.cli.reference.activities import example_of
from campanile.cli.reference.functions import PREDICATE_MEANINGS, SET_MEANINGS, TABLE_MEANINGS
from campanile.cli.reference.pages import reference_pages, write_reference
from campanile.cli.reference.values import KINDS
from campanile.relations.feedback import PREDICATES
from campanile.relations.sets import SET_FUNCTIONS
from campanile.relations.tables import TABLE_FUNCTIONS


def test_the_committed_pages_are_those_the_product_makes(root):
    folder = root / "docs" / "reference"
    stale = [
        path
        for path, text in reference_pages().items()
        if not (folder / path).exists() or (folder / path).read_text() != text
    ]
    assert stale == [], "say: campanile reference docs/reference"


def test_pages_are_written_once(tmp_path):
    assert len(write_reference(tmp_path)) == len(reference_pages())
    assert write_reference(tmp_path) == []


def test_no_page_is_left_of_a_type_that_is_gone(root):
    folder = root / "docs" / "reference" / "activities"
    names = {path.stem for path in folder.glob("*.md")} - {"README"}
    assert names == {one.name for one in ACTIVITIES}


@pytest.mark.parametrize("activity", ACTIVITIES, ids=lambda one: one.name)
def test_the_example_of_an_activity_is_a_campaign_that_uses_it(activity, shop):
    starts = "schedule: {on_feedback: welcome_back.offer, event: clicked}\n"
    schedule = starts if activity.name == "incoming" else ""
    text = f"name: example\n{schedule}{example_of(activity)}\n"

    campaign = load_campaign(text, "example.yaml", shop)

    assert activity.name in {config.type for config in campaign.activities.values()}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)
def test_the_examples_of_a_kind_of_value_are_taken(kind):
    for example in kind.examples:
        TypeAdapter(kind.annotation).validate_python(example)


def test_every_function_of_the_language_has_its_meaning():
    assert set(SET_MEANINGS) == set(SET_FUNCTIONS)
    assert set(PREDICATE_MEANINGS) == PREDICATES
    assert set(TABLE_MEANINGS) == set(TABLE_FUNCTIONS)


@pytest.mark.parametrize("name", [*SET_MEANINGS, *PREDICATE_MEANINGS])
def test_the_example_of_a_function_compiles(name, shop):
    example = {**SET_MEANINGS, **PREDICATE_MEANINGS}[name][1]
    text = f"""
        name: example
        activities:
          some: {{type: build_audience}}
          more:
            type: enrichment
            from: some
            add:
              value: |-
                {example}
        """
    load_campaign(text, "example.yaml", shop)


@pytest.mark.parametrize("name", TABLE_MEANINGS)
def test_the_example_of_a_table_rule_compiles(name, shop):
    text = f"""
        name: example
        activities:
          some: {{type: build_audience}}
          size:
            type: test
            from: some
            conditions:
              so: |-
                {TABLE_MEANINGS[name][1]}
            default: other
        """
    load_campaign(text, "example.yaml", shop)


def test_every_command_has_an_example_and_every_example_a_command():
    context = click.Context(cli, info_name="campanile")
    shown = {name for name in COMMANDS if not cli.get_command(context, name).hidden}
    assert set(EXAMPLES) == shown


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_a_command_are_right_usage(name):
    context = click.Context(cli, info_name="campanile")
    command = cli.get_command(context, name)
    for line in EXAMPLES[name]:
        first, *rest = shlex.split(line)
        assert first == name
        command.make_context(name, rest, parent=context)
