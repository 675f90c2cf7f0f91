"""The third example of the format: notices per contract, after legal agreed within a day."""

from pathlib import Path

import pytest

from campanile.operations.authoring.versions import apply_campaign, publish
from campanile.operations.scheduling.answering import Chosen, answer, only, to_answer

CATALOG = """
entities:
  customer:
    source: {loaded: true}
    key: customer_id
    columns: {customer_id: integer, email: text, email_ok: boolean, legal_hold: boolean}
  contract:
    source: {loaded: true}
    key: contract_id
    columns:
      contract_id: integer
      customer_id: integer
      status: text
      end_date: date
      billing_email: text
    links: {customer: {to: customer, match: {customer_id: customer_id}, back: contracts}}
dimensions:
  customer: {default: true, addresses: {email: email}, consent: {email: email_ok}}
  contract: {recipient: customer}
"""
CAMPAIGN = Path(__file__).parents[2] / "campaigns" / "five" / "contract_renewal.yaml"
TEMPLATE = "---\nsubject: Contract {{ contract_id }}\n---\n<p>It ends on {{ end_date }}.</p>\n"


@pytest.fixture
def renewing(open_town):
    """Two customers with three contracts that end soon, one of them on hold; nobody said yes."""
    town = open_town(catalog=CATALOG)
    town.load(
        "customer", "customer_id,email,email_ok,legal_hold\n1,c1@example.com,,false\n2,,,true\n"
    )
    town.load(
        "contract",
        "contract_id,customer_id,status,end_date,billing_email\n"
        "10,1,active,2026-12-10,billing@example.com\n"
        "11,1,active,2026-12-11,\n"
        "12,2,active,2026-12-12,held@example.com\n"
        "13,1,active,2027-06-01,\n",
    )
    file = town.project.folder / "templates" / "contracts" / "renewal" / "email.html"
    file.parent.mkdir(parents=True)
    file.write_text(TEMPLATE)
    town.write("contract_renewal", CAMPAIGN.read_text())
    apply_campaign(town.project, "contract_renewal", actor="test")
    publish(town.project, "contract_renewal", actor="test")
    town.clock.forward(days=1)
    town.run()
    return town


def test_what_legal_agreed_to_is_sent_to_the_address_of_each_contract(renewing):
    chosen = Chosen("contract_renewal")
    asked = only(renewing.project, chosen, to_answer(renewing.project, chosen), "approval")
    assert asked.text == "Send 2 notices?"
    assert renewing.sink.accepted() == []

    answer(renewing.project, asked, "approved", actor="legal")
    renewing.run()

    reached = sorted(address for one in renewing.sink.accepted() for address in one["rcpt"])
    assert reached == ["billing@example.com", "c1@example.com"]


def test_where_nobody_answers_nothing_is_sent_and_the_next_day_asks_again(renewing):
    renewing.clock.forward(days=1)
    renewing.run()

    assert renewing.sink.accepted() == []
    assert [one.title for one in renewing.project.store.alerts.newest()] == ["Renewals"]
    renewing.clock.forward(days=1)  # the launch between was skipped: this one was not over
    renewing.run()
    asked = to_answer(renewing.project, Chosen("contract_renewal"))
    assert [one.text for one in asked] == ["Send 2 notices?"]
