"""One campaign of a hundred activities, most of them queries: what its check and plan cost."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from campanile.campaigns.compiled import compile_campaign
from campanile.campaigns.loading import load_campaign, load_definitions

_TIMES = 10
_TEN_ACTIVITIES = """
  start_{n}:
    type: build_audience
    where:
      - not is_empty(email)
      - any:
          - exists(orders, amount > {n} and placed_at >= days_ago(365))
          - count(orders, placed_at >= days_ago(90)) >= 2 and sum(orders.amount) > 100
  once_{n}: {{type: deduplication, from: start_{n}, by: [lower(email)], order: [last_seen desc]}}
  known_{n}:
    type: enrichment
    from: once_{n}
    add:
      spent: sum(orders.amount)
      bought: count(orders, amount > 10)
      latest: max(orders.placed_at)
  cells_{n}:
    type: split
    from: known_{n}
    subsets:
      control: {{limit: 10%}}
      best: {{where: spent > 100 and bought >= 2, limit: 500, order: [spent desc]}}
    complement: others
  few_{n}:
    type: filter
    from: cells_{n}.others
    where: latest >= days_ago(30) and bought > 1
    complement: rest
  both_{n}: {{type: combine, mode: union, from: [few_{n}, cells_{n}.best]}}
  size_{n}:
    type: test
    from: both_{n}
    conditions: {{many: count() > 1000, dear: share(spent > 100) > 0.5}}
    default: small
  kept_{n}: {{type: save_audience, from: size_{n}.many, audience: people_{n}}}
  told_{n}: {{type: alert, from: size_{n}.small, title: Few}}
  done_{n}: {{type: end, from: [kept_{n}, told_{n}]}}
"""


def check_and_compile(_: Mapping[str, Any]) -> dict[str, float]:
    """Read, check and compile the campaign, as `campanile validate` and `publish` do; CPU seconds.

    The first time counts: who types a command waits for what is loaded then, too.
    """
    definitions = load_definitions(Path(__file__).parents[1] / "targeting" / "project")
    activities = "".join(_TEN_ACTIVITIES.format(n=number) for number in range(_TIMES))
    text = f"name: large\nschedule: asap\nactivities:{activities}"
    began = time.process_time()
    campaign = load_campaign(text, "campaigns/large.yaml", definitions)
    checked = time.process_time()
    compile_campaign(campaign, definitions)
    compiled = time.process_time()
    return {
        "check": checked - began,
        "compile": compiled - checked,
        "activities": len(campaign.activities),
    }
