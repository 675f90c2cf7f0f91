"""Campaigns over time: memory, audiences, files, changes and feedback, on every engine."""

import csv
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from benchmarks.spark_server import is_sail
from tests.operations.conftest import Town
from tests.oracle.conftest import ENGINES, SHOP_CATALOG, Stage
from tests.oracle.shop import Row, Shop, below, bucket, grouped, read_rows

from campanile.errors import Refused
from campanile.operations.feedback.tracking import Hit, TrackingStore
from campanile.operations.scheduling.clock import run_ended, started_runs
from campanile.operations.scheduling.decisions import approve
from campanile.warehouse.sources import ParquetFiles


@pytest.fixture(scope="module", params=ENGINES)
def stage(request: pytest.FixtureRequest, open_stage: Callable[..., Any], shop: Shop) -> Stage:
    """A shop of its own on one engine; each story changes what no other one asks for."""
    return Stage(open_stage(request.param, SHOP_CATALOG, shop.files), shop)


def keys(rows: list[Row], name: str = "customer_id") -> set[Any]:
    """The keys of rows, each of which comes once."""
    found = {row[name] for row in rows}
    assert len(found) == len(rows)
    return found


def again(stage: Stage, name: str, **by: float) -> dict[str, list[Row]]:
    """Run a campaign once more, some time later."""
    stage.town.clock.forward(**by)
    stage.start(name)
    stage.town.run()
    return stage.committed(name)


def naive(stage: Stage) -> datetime:
    """The instant of the story, as engines keep it."""
    return stage.town.clock.now.replace(tzinfo=None)


NEW_CONTRACTS = """\
contract_id,customer_id,plan,status,start_date,end_date,billing_email,fee
N1,1,care,active,2026-11-22,2027-11-22,,9
N2,2,care,cancelled,2026-11-22,2027-11-22,,9
"""


def test_nobody_comes_twice_over_three_executions(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    if "[spark]" in request.node.name and is_sail():
        pytest.skip("Sail writes no file where there are no rows: an empty memory has no copy")
    text = """
schedule: {once: 2030-01-01 09:00}
dimension: contract
activities:
  new: {type: incremental_query, where: status = 'active', remember: 10 days, when_empty: continue}
  due: {type: incremental_query, since: end_date, when_empty: continue}
  asked: {type: incremental_query, where: fee > 10, remember_after: dear}
  dear: {type: filter, from: asked, where: fee > 20}
"""
    rows = stage.shop.contracts
    active = {key for key, c in rows.items() if c["status"] == "active"}
    asked = {key for key, c in rows.items() if (c["fee"] or 0) > 10}
    dear = {key for key in asked if rows[key]["fee"] > 20}
    ends = {key: c["end_date"] for key, c in rows.items() if c["end_date"]}

    def ended(before: datetime | None, now: datetime) -> set[str]:
        return {
            k
            for k, day in ends.items()
            if (not before or before.date() < day) and day <= now.date()
        }

    start = naive(stage)
    first = stage.play("memory", text)
    assert keys(first["new"], "contract_id") == active
    assert keys(first["due"], "contract_id") == ended(None, start)
    assert keys(first["asked"], "contract_id") == asked
    stage.town.load("contract", NEW_CONTRACTS)
    second = again(stage, "memory", days=5)
    assert keys(second["new"], "contract_id") == {"N1"}
    assert keys(second["due"], "contract_id") == ended(start, naive(stage))
    assert keys(second["asked"], "contract_id") == asked - dear
    third = again(stage, "memory", days=6)
    assert keys(third["new"], "contract_id") == active
    assert keys(third["due"], "contract_id") == ended(start + timedelta(days=5), naive(stage))


def test_an_audience_is_replaced_added_to_and_renewed(stage: Stage) -> None:
    rows, shop = stage.shop.customers, stage.shop
    gold = shop.who(lambda c: c["tier"] == "gold")
    silver = shop.who(lambda c: c["tier"] == "silver")
    french = shop.who(lambda c: c["language"] == "fr")

    def save(name: str, audience: str, mode: str, rule: str, town: str) -> None:
        stage.play(
            name,
            f"""
activities:
  some: {{type: build_audience, where: "{rule}"}}
  keep:
    type: save_audience
    from: some
    audience: {audience}
    mode: {mode}
    columns: {{town: "{town}"}}
""",
        )

    save("replaces", "fresh", "replace", "tier = 'gold'", "store_id")
    save("replaces", "fresh", "replace", "tier = 'silver'", "store_id")
    save("begins", "liked", "append", "tier = 'gold'", "store_id")
    save("appends", "liked", "append", "tier in ('silver', 'gold')", "'x'")
    read = """
activities:
  liked: {type: read_audience, audience: liked, add: {town: town}}
  others: {type: build_audience, where: not in_audience(liked) and email_ok}
  fresh: {type: read_audience, audience: fresh, add: {town: town}}
"""
    found = stage.play("reads", read)
    expected = {key: rows[key]["store_id"] if key in gold else "x" for key in gold | silver}
    assert {row["customer_id"]: row["town"] for row in found["liked"]} == expected
    assert keys(found["others"]) == shop.who(lambda c: c["email_ok"]) - gold - silver
    assert {row["customer_id"]: row["town"] for row in found["fresh"]} == {
        key: rows[key]["store_id"] for key in silver
    }
    save("updates", "liked", "update", "language = 'fr'", "'fr'")
    found = stage.play("reads_later", read)
    expected |= dict.fromkeys(french, "fr")
    assert {row["customer_id"]: row["town"] for row in found["liked"]} == expected


def test_an_audience_known_by_address_has_one_row_each_and_strangers(stage: Stage) -> None:
    stage.play(
        "addresses",
        """
activities:
  gold: {type: build_audience, where: tier = 'bronze'}
  keep:
    type: save_audience
    from: gold
    audience: addresses
    identity: [email]
    columns: {who: customer_id}
""",
    )
    found = stage.play(
        "addressed",
        """
activities:
  known:
    type: read_audience
    audience: addresses
    match: {email: "lower(email)"}
    add: {who: who}
""",
    )
    rows = stage.shop.customers
    saved: dict[str, int] = {}
    for key in sorted(rows):
        if rows[key]["tier"] == "bronze" and rows[key]["email"]:
            saved.setdefault(rows[key]["email"], key)
    people = grouped(rows.values(), "email")
    members = {
        c["customer_id"]: saved[email.lower()]
        for email, several in people.items()
        for c in several
        if email.lower() in saved
    }
    assert {row["customer_id"]: row["who"] for row in found["known"]} == members
    lower = {email.lower() for email in people}
    strangers = {email for email in saved if email not in lower}
    assert strangers
    assert {row["email"] for row in found["known.unmatched"]} == strangers


LEADS = """\
E-Mail;Visited;Interest;Spent
{twin};24/12/2025;S;1.234,50
{one};31/02/2026;B;10,00
{other};01/02/2026;Q;7,5
;01/02/2026;S;1
nobody@example.org;05/03/2026;B;12,25
{other};06/03/2026;B;x
"""


def test_a_file_is_read_matched_and_written(stage: Stage) -> None:
    rows = stage.shop.customers
    people = grouped(rows.values(), "email")
    spelled: dict[str, list[int]] = {}
    for email, several in people.items():
        spelled.setdefault(email.strip(" ").lower(), []).extend(c["customer_id"] for c in several)
    twin = next(email for email, several in spelled.items() if len(several) > 1)
    one, other = [e for e, several in spelled.items() if len(several) == 1 and "@" in e][:2]
    folder = stage.town.project.places.own
    folder.mkdir(parents=True, exist_ok=True)
    text = LEADS.format(twin=twin, one=one.upper(), other=other)
    (folder / "leads.csv").write_bytes(text.encode("cp1252"))
    found = stage.play(
        "fair",
        """
activities:
  leads:
    type: load_file
    file: leads.csv
    separator: ";"
    encoding: cp1252
    max_rejects: 5
    columns:
      mail: {type: text, header: E-Mail, case: lower, empty: error}
      visited: {type: date, header: Visited, format: DD/MM/YYYY, on_error: "null"}
      interest:
        type: enum
        header: Interest
        map: {S: shoes, B: bags}
        unmapped: default
        default: books
      spent: {type: number, header: Spent, decimals: ",", on_error: reject}
  known:
    type: reconciliation
    from: leads
    dimension: customer
    match: {mail: "lower(trim(email))"}
  sold: {type: enrichment, from: known, add: {orders: count(orders)}}
  out:
    type: extract_file
    from: sold
    file: matched.csv
    columns:
      WHO: customer_id
      MAIL: upper(mail)
      DAY: visited
      WHAT: interest
      SPENT: spent
      ORDERS: orders
    order: [mail]
""",
    )
    read = [
        (twin, date(2025, 12, 24), "shoes", 1234.5, None, "ambiguous"),
        (one, None, "bags", 10.0, spelled[one][0], None),
        (other, date(2026, 2, 1), "books", 7.5, spelled[other][0], None),
        ("nobody@example.org", date(2026, 3, 5), "bags", 12.25, None, "no_match"),
    ]
    assert len(found["leads.rejects"]) == 2
    assert sorted(
        (r["mail"], str(r["visited"]), r["interest"], float(r["spent"])) for r in found["leads"]
    ) == sorted((mail, str(day), what, spent) for mail, day, what, spent, _, _ in read)
    assert {r["mail"]: r["reason"] for r in found["known.unmatched"]} == {
        mail: why for mail, *_, why in read if why
    }
    with (folder / "matched.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["MAIL"] for row in written] == sorted(mail.upper() for mail, *_ in read)
    bought = stage.shop.orders_of
    for mail, day, what, spent, key, _ in read:
        row = next(row for row in written if row["MAIL"] == mail.upper())
        assert (row["WHO"], row["WHAT"]) == (str(key or ""), what)
        assert (row["DAY"], float(row["SPENT"])) == (str(day) if day else "", spent)
        assert int(row["ORDERS"]) == len(bought[key])


def test_what_a_campaign_writes_is_what_plain_python_would_write(stage: Stage) -> None:
    stage.play(
        "stamps",
        """
activities:
  loyal: {type: build_audience, where: "count(orders) >= 5"}
  shown:
    type: enrichment
    from: loyal
    add: {spent: "round(sum(orders.amount), 0)", town: store_id}
  stamp:
    type: update_data
    from: shown
    entity: lead
    match: {lower(trim(email)): email}
    set:
      email: lower(trim(email))
      interest: {value: "'shoes'", when: spent > 900}
      town: town
""",
    )
    shop, expected = stage.shop, {}
    writers = grouped(
        (
            {**c, "mail": (c["email"] or "").strip(" ").lower() or None}
            for c in shop.customers.values()
        ),
        "mail",
    )
    for mail, several in writers.items():
        loyal = [c for c in several if len(shop.orders_of[c["customer_id"]]) >= 5]
        if len(loyal) == 1:  # two rows for one are rejected both
            spent = sum(o["amount"] or 0 for o in shop.orders_of[loyal[0]["customer_id"]])
            expected[mail] = ("shoes" if round(spent) > 900 else None, loyal[0]["store_id"])
    version = stage.town.project.store.entities.current(["lead"])["lead"]
    with stage.town.project.warehouse.session() as session:
        session.bind("now", ParquetFiles(tuple(version.paths), pinned=True))
        rows = session.rows(session.relation("now").select(["email", "interest", "town"]))
    assert {mail: (interest, town) for mail, interest, town in rows} == expected


def test_a_check_holds_until_somebody_approves(stage: Stage) -> None:
    bronze = stage.shop.who(lambda c: c["tier"] == "bronze")
    wordless = sum(not stage.shop.customers[key]["first_name"] for key in bronze) / len(bronze)
    text = f"""
activities:
  bronze:
    type: build_audience
    where: tier = 'bronze'
    checks:
      - warn: count() < {len(bronze)}
      - hold: share(is_empty(first_name)) LIMIT {wordless:.6f}
  after_it: {{type: filter, from: bronze, where: email_ok}}
"""
    yes = {key for key in bronze if stage.shop.customers[key]["email_ok"]}
    assert keys(stage.play("good", text.replace("LIMIT", "<= 0.000001 +"))["after_it"]) == yes
    with pytest.raises(Refused, match="is held"):
        stage.play("held", text.replace("LIMIT", "> 0.000001 +"))
    assert set(stage.committed("held")) == {"bronze"}
    for started in started_runs(stage.town.project):
        run_ended(stage.town.project, started, "failure")
    approve(stage.town.project, "held", None, actor="ada", reason="as it is")
    stage.town.run()
    assert keys(stage.committed("held")["after_it"]) == yes


def test_chance_is_the_same_each_time_unless_it_is_drawn_again(stage: Stage) -> None:
    text = """
schedule: {once: 2030-01-01 09:00}
activities:
  everybody: {type: build_audience}
  same: {type: split, from: everybody, subsets: {half: {limit: 50%}}}
  anew: {type: split, from: everybody, redraw: true, subsets: {half: {limit: 50%}}}
"""
    stage.play("draws", text)
    again(stage, "draws", minutes=1)
    executions = stage.town.project.store.executions.of_campaign("draws")
    everybody, seen = stage.shop.customers, []
    for execution in executions:
        found = stage.committed("draws", execution)
        salt = f"draws/anew/{execution.key}"
        drawn = {key for key in everybody if below(bucket(salt, key), 0.5)}
        assert keys(found["anew.half"]) == drawn
        assert keys(found["same.half"]) == {
            key for key in everybody if below(bucket("draws/same", key), 0.5)
        }
        seen.append(drawn)
    assert len(seen) == 2
    assert seen[0] != seen[1]


def test_who_is_written_to_clicks_and_hears_again(stage: Stage) -> None:
    found = stage.play(
        "offers",
        """
activities:
  some: {type: build_audience, where: "tier in ('gold', 'silver')"}
  offer: {type: email, from: some, template: hello, topic: offers, confirm: false}
  a_day: {type: wait, from: offer, for: 1 day}
  keen: {type: filter, from: a_day, where: clicked(offer), complement: silent}
  twice: {type: filter, from: a_day, where: "clicked(offer, at > now())"}
  saw: {type: filter, from: a_day, where: opened(offer) and not clicked(offer)}
""",
    )
    some = stage.shop.who(lambda c: c["tier"] in ("gold", "silver"))
    reasons, sent = _exclusions(stage.shop, some)
    assert keys(found["offer.plan"]) == some
    town = stage.town
    states = {m.person: (m.state, m.reason) for m in town.messages("offers", "offer")}
    assert states == {
        str(key): ("excluded", reasons[key]) if key in reasons else ("sent", None) for key in some
    }
    assert len(set(reasons.values())) == 4
    keen = {key for key in sent if key % 3 == 0}
    town.clock.forward(minutes=30)
    town.click("offers", "offer", set(map(str, keen)))
    seen = {key for key in sent if key % 4 == 0}
    _open(town, "offers", seen)
    town.clock.forward(days=1)
    town.run()
    found = stage.committed("offers")
    assert {row["customer_id"]: row["reason"] for row in found["offer.excluded"]} == reasons
    assert (keys(found["keen"]), keys(found["keen.silent"])) == (keen, sent - keen)
    assert (keys(found["saw"]), found["twice"]) == (seen - keen, [])
    found = stage.play(
        "follows",
        """
activities:
  keen:
    type: build_audience
    where: clicked(offers.offer, at >= days_ago(3)) and not excluded(offers.offer)
  never: {type: build_audience, where: "not planned(offers.offer) and email_ok"}
  refused: {type: build_audience, where: "excluded(offers.offer, reason = 'no_consent')"}
""",
    )
    assert keys(found["keen"]) == keen
    assert keys(found["never"]) == stage.shop.who(lambda c: c["email_ok"]) - some
    assert keys(found["refused"]) == {k for k, why in reasons.items() if why == "no_consent"}


def _open(town: Town, campaign: str, people: set[int]) -> None:
    """Let people open their message, as humans do."""
    hits = [
        Hit(
            kind="opened",
            delivery=message.delivery_id,
            ordinal=message.ordinal,
            at=town.clock(),
            link=None,
            agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
        )
        for message in town.messages(campaign, "offer")
        if int(message.person) in people
    ]
    TrackingStore.of(town.project.store).record(hits)


def _exclusions(shop: Shop, people: set[int]) -> tuple[dict[int, str], set[int]]:
    """Why each of them is not written to, and who is: the first at each address, if it agreed."""
    agreed: dict[str, set[Any]] = {}
    for customer in read_rows(shop.files["customer"]):
        agreed.setdefault(_address(customer), set()).add(customer["email_ok"])
    reasons, taken, sent = {}, set(), set()
    for key in sorted(people, key=str):
        address = _address(shop.customers[key])
        if not address:
            reasons[key] = "no_address"
        elif not re.fullmatch(r"[\w.'-]+@\w+\.\w+", address):
            reasons[key] = "invalid_address"
        elif True not in agreed[address] or False in agreed[address]:
            reasons[key] = "no_consent"
        elif address in taken:
            reasons[key] = "duplicate"
        else:
            taken.add(address)
            sent.add(key)
    return reasons, sent


def _address(customer: Row) -> str:
    return (customer["email"] or "").strip().lower()
