"""A project with as many published campaigns as one likes, each of twenty assets, all alike."""

import json
from pathlib import Path

from benchmarks.latency.served import lay_out
from campanile.campaigns.compiled import LANGUAGE_VERSION, compile_campaign, to_json
from campanile.campaigns.loading import load_campaign
from campanile.operations.authoring.templates import frozen_templates
from campanile.operations.project import Project

_PEOPLE = 200
_NAME = "the_pattern"
_CAMPAIGN = """
name: {name}
label: Campaign {name}
dimension: prospect
schedule: {{every: week, days: [mon], at: "09:00"}}
activities:
  everybody: {{type: build_audience, where: not is_empty(email)}}
  cells:
    type: split
    from: everybody
    subsets: {{a: {{limit: 20%}}, b: {{limit: 20%}}, c: {{limit: 20%}}, d: {{limit: 20%}}}}
    complement: others
  first: {{type: email, from: cells.a, template: letter, topic: offers, confirm: false}}
  second: {{type: email, from: cells.b, template: letter, topic: offers, confirm: false}}
  a_day: {{type: wait, from: cells.c, for: 1 day}}
  known: {{type: filter, from: a_day, where: not is_empty(first_name)}}
  more: {{type: filter, from: cells.d, where: prospect_id > 0}}
  remember: {{type: save_audience, from: known, audience: {name}_people, mode: replace}}
"""


def many_campaigns(folder: Path, number: int) -> Project:
    """Lay out the project with `number` campaigns published, recurring ones that are not due.

    One is compiled and the others are copies of it under their own names: to check a thousand
    files takes a minute, and is not what is measured.
    """
    project = lay_out(folder, _PEOPLE)
    definitions = project.definitions
    text = _CAMPAIGN.format(name=_NAME)
    campaign = load_campaign(text.encode(), f"campaigns/{_NAME}.yaml", definitions)
    content = json.loads(to_json(compile_campaign(campaign, definitions)))
    content["templates"] = frozen_templates(definitions.templates_root, campaign)
    compiled = json.dumps(content)
    for count in range(number):
        name = f"c{count}"
        saved = project.store.campaigns.save_version(
            name,
            label=f"Campaign {name}",
            source=_CAMPAIGN.format(name=name),
            compiled=json.loads(compiled.replace(_NAME, name)),
            language_version=LANGUAGE_VERSION,
            digest=name,
            by="bench",
        )
        project.store.campaigns.publish(name, saved.version, by="bench")
    return project
