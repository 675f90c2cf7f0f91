import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campanile.tracking.classifier import SIGNALS, Label, classify, label_sql, reasons_sql

PERSON = {
    "kind": "clicked",
    "method": "GET",
    "user_agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/130.0",
    "purpose": "",
    "seconds_since_sent": 340.0,
    "links_in_10s": 1,
    "honeypot": False,
}


def test_a_person_who_reads_and_clicks_is_human():
    assert classify(PERSON).label is Label.HUMAN


def test_one_weak_signal_is_not_enough():
    assert classify(PERSON | {"seconds_since_sent": 0.5}).label is Label.HUMAN
    assert classify(PERSON | {"links_in_10s": 5}).label is Label.HUMAN


def test_two_weak_signals_are_a_machine_and_both_are_named():
    verdict = classify(PERSON | {"seconds_since_sent": 0.5, "links_in_10s": 5})

    assert verdict.label is Label.MACHINE
    assert verdict.reasons == ("soon", "many_links")


@pytest.mark.parametrize(
    "strong",
    [{"method": "HEAD"}, {"purpose": "prefetch;prerender"}, {"honeypot": True},
     {"user_agent": "Mozilla/5.0 (compatible; BarracudaCentral)"},
     {"user_agent": "python-requests"}],
)  # fmt: skip
def test_one_strong_signal_is_a_machine(strong):
    assert classify(PERSON | strong).label is Label.MACHINE


def test_an_image_fetched_for_privacy_is_neither_human_nor_machine():
    opened = PERSON | {"kind": "opened", "user_agent": "Mozilla/5.0"}

    assert classify(opened).label is Label.PREFETCHED


def test_what_a_provider_reports_is_not_judged():
    assert classify({"kind": "bounced", "method": "HEAD"}).label is Label.HUMAN


AGENTS = st.sampled_from(
    [
        "",
        "Mozilla/5.0",
        "Mozilla/5.0 (X11) Chrome/1",
        "Googlebot/2.1",
        "CURL/8",
        "Proofpoint",
        "ÉBOT",
    ]
)
EVENTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["opened", "clicked", "unsubscribed", "bounced", None]),
        "method": st.sampled_from(["GET", "HEAD", "options", "POST", "", None]),
        "user_agent": st.none() | AGENTS,
        "purpose": st.sampled_from([None, "", "prefetch", "Preview", "other"]),
        "seconds_since_sent": st.none() | st.sampled_from([0.0, 1.999, 2.0, 900.5]),
        "links_in_10s": st.none() | st.integers(0, 5),
        "honeypot": st.none() | st.booleans(),
    }
)


COLUMNS = (
    "kind", "method", "user_agent", "purpose", "seconds_since_sent", "links_in_10s", "honeypot",
)  # fmt: skip


@pytest.fixture(scope="module")
def engine():
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE events (n integer, kind text, method text, user_agent text, purpose text, "
        "seconds_since_sent double, links_in_10s integer, honeypot boolean)"
    )
    yield connection
    connection.close()


@given(st.lists(EVENTS, min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_sql_and_python_agree_on_any_event(engine, events):
    engine.execute("DELETE FROM events")
    rows = [value for n, event in enumerate(events) for value in (n, *(event[c] for c in COLUMNS))]
    marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * len(events))
    engine.execute(f"INSERT INTO events VALUES {marks}", rows)

    found = engine.execute(
        f"SELECT {label_sql()}, {reasons_sql()} FROM events ORDER BY n"
    ).fetchall()

    verdicts = [classify(event) for event in events]
    assert found == [(v.label.value, ",".join(v.reasons)) for v in verdicts]


def test_every_signal_has_a_name_of_its_own():
    assert len({signal.name for signal in SIGNALS}) == len(SIGNALS)


def test_an_open_in_outlook_is_a_persons_and_its_look_up_of_links_is_not():
    outlook = (
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Office/16.0; ms-office)"
    )
    looking = "Microsoft Office Existence Discovery"

    labels = [
        classify({"kind": "opened", "user_agent": agent}).label for agent in (outlook, looking)
    ]

    assert labels == [Label.HUMAN, Label.MACHINE]
