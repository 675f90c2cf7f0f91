"""A new project: folders, settings, one small campaign, and schemas for editors."""

import re
from collections.abc import Iterator
from pathlib import Path

from campanile.campaigns.definitions import SETTINGS_FILE
from campanile.campaigns.schema import MODELS, FileKind
from campanile.catalog.names import fault_in_name
from campanile.errors import Refused
from campanile.operations.authoring.editor_files import (
    EDITOR_SETTINGS,
    SCHEMAS_FOLDER,
    editor_settings,
    schema_comment,
    schema_text,
)
from campanile.operations.hosting.stack import prepare_home

_SETTINGS = """\
# Where things are. Secrets never stand here: name the environment variable that holds them.
name: {name}
timezone: UTC
environment: production
connections:
  mail: {{type: smtp, host: 127.0.0.1, port: 2525, security: none}}
tracking: {{base_url: http://127.0.0.1:8400}}
"""
_CHANNELS = """\
# Who messages are from, and what people say yes or no to.
senders:
  news: {channel: email, from: My shop <news@shop.example>, connection: mail, default: true}
topics:
  offers: {label: Offers and news, default: opt_in}
"""
_CATALOG = """\
# The customer data. Load it with: campanile load customer FILE.csv
entities:
  customer:
    source: {loaded: true}
    key: customer_id
    version: updated_at
    columns:
      customer_id: text
      first_name: {type: text, personal: true, label: First name}
      email: {type: text, personal: true, label: E-mail}
      email_ok: {type: boolean, label: Said yes to e-mail}
      tier: {type: enum, values: [bronze, silver, gold]}
      updated_at: timestamp
dimensions:
  customer: {default: true, addresses: {email: email}, consent: {email: email_ok}}
"""
_CAMPAIGN = """\
# A message to each gold customer, every Monday. A rule with a comma goes in block style or quotes.
name: hello
label: Hello, gold
schedule: {every: week, days: [mon], at: "09:00"}
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  one_each: {type: deduplication, from: gold, by: [lower(email)], complement: doubles}
  letter: {type: email, from: one_each, template: hello, topic: offers}
"""
_TESTS = """\
# A few people in, and who comes out of each activity. Run with: campanile validate --tests
campaign: hello
tests:
  gold_customers_get_one_letter_each:
    rows:
      customer:
        - {customer_id: 1, tier: gold, email: ada@example.com}
        - {customer_id: 2, tier: gold, email: ADA@example.com}
        - {customer_id: 3, tier: silver, email: bob@example.com}
    expect:
      gold: [1, 2]
      one_each: [{tier: gold}]  # one of the two, whose addresses are the same
"""
_TEMPLATE = """\
---
subject: Hello {{ first_name }}
defaults: {first_name: friend}
---
<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>Hello {{ first_name }}, thank you for being with us.</mj-text>
        <mj-button href="https://shop.example/">To the shop</mj-button>
        <mj-text><a href="{{ message.unsubscribe }}">Unsubscribe</a></mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
_IGNORED = """\
# all local state: lake, stores, Dagster's instance, keys
dagster_home/*
!dagster_home/dagster.yaml
"""


def scaffold(folder: Path, name: str | None = None) -> list[Path]:
    """Write a new project into `folder`; returns the files. Nothing that is there is changed.

    Raises Refused when the folder holds a project, or a file that a project would write.
    """
    chosen = name or _name_of(folder)
    if wrong := fault_in_name(chosen):
        raise Refused(wrong, remedy="Choose a name: --name my_shop.")
    if (folder / SETTINGS_FILE).exists():
        raise Refused(f"{folder} is a project already.", remedy=f"See: campanile -h; {folder}")
    wanted = dict(_files(chosen))
    there = [path for path in wanted if (folder / path).exists()]
    if there:
        raise Refused(f"{folder / there[0]} exists; nothing was written.",
                      remedy="Choose an empty folder.")  # fmt: skip
    try:
        for path, text in wanted.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        workspace = prepare_home(folder / "dagster_home")
    except OSError as error:
        raise Refused(f"{folder}: it cannot be written: {error.strerror}.") from error
    (folder / "workspace.yaml").write_text(workspace.read_text(encoding="utf-8"), encoding="utf-8")
    return [folder / path for path in (*wanted, "workspace.yaml", "dagster_home/dagster.yaml")]


def _name_of(folder: Path) -> str:
    """The folder's name in the form of a name."""
    words = re.findall(r"[a-z0-9]+", folder.resolve().name.lower())
    return "_".join(words) or "project"


def _files(name: str) -> Iterator[tuple[str, str]]:
    files: tuple[tuple[FileKind, str, str], ...] = (
        ("project", SETTINGS_FILE, _SETTINGS.format(name=name)),
        ("channels", "channels.yaml", _CHANNELS),
        ("catalog", "catalog/customer.yaml", _CATALOG),
        ("campaign", "campaigns/hello.yaml", _CAMPAIGN),
        ("tests", "tests/hello.yaml", _TESTS),
    )
    for kind, path, text in files:
        yield path, f"{schema_comment(kind, path)}\n{text}"
    yield "templates/hello/email.mjml", _TEMPLATE
    yield ".gitignore", _IGNORED
    for kind in MODELS:
        yield f"{SCHEMAS_FOLDER}/{kind}.json", schema_text(kind)
    yield EDITOR_SETTINGS, editor_settings()
