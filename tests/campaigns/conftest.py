from pathlib import Path

import pytest

from campanile.campaigns.loading import load_definitions

CATALOG = """\
entities:
  customer:
    key: customer_id
    columns:
      customer_id: text
      first_name: text
      email: text
      mobile: text
      email_ok: boolean
      tier: {type: enum, values: [bronze, silver, gold]}
      last_seen: timestamp
      birth_date: date
      store_id: text
      legal_hold: boolean
    links: {store: {to: store, match: {store_id: store_id}, back: customers}}
  store: {key: store_id, columns: {store_id: text, name: text}}
  order:
    key: order_id
    columns:
      {order_id: integer, customer_id: text, amount: number, placed_at: timestamp, status: text}
    links: {customer: {to: customer, match: {customer_id: customer_id}, back: orders}}
  contract:
    key: contract_id
    columns: {contract_id: text, customer_id: text, status: text, end_date: date}
    links: {customer: {to: customer, match: {customer_id: customer_id}, back: contracts}}
dimensions:
  customer: {default: true, addresses: {email: email}, consent: {email: email_ok}}
  contract: {recipient: customer}
"""
SETTINGS = """\
name: shop
timezone: Europe/Paris
connections: {smtp_main: {type: smtp, host: 127.0.0.1, port: 2525, security: none}}
environments: {test: {tracking: {base_url: "https://test.example"}}}
"""
CHANNELS = """\
senders: {news: {channel: email, from: "Shop <news@shop.example>", connection: smtp_main}}
topics: {offers: {label: Offers}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A small project without campaigns."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("catalog", "campaigns", "templates/offer"):
        (folder / name).mkdir(parents=True)
    (folder / "campanile.yaml").write_text(SETTINGS, encoding="utf-8")
    (folder / "channels.yaml").write_text(CHANNELS, encoding="utf-8")
    (folder / "catalog" / "shop.yaml").write_text(CATALOG, encoding="utf-8")
    (folder / "templates" / "offer" / "email.html").write_text("<p>Hello</p>", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def project(folder):
    """The definitions of that project."""
    return load_definitions(folder)
