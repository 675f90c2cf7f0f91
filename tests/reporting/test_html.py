import re
from xml.etree import ElementTree

from campanile.reporting.charts import bar_chart, line_chart
from campanile.reporting.html import render_html

EVIL = "<script>alert('&')</script>\""


def test_a_report_loads_nothing_and_runs_nothing(build, message_row, event_row):
    events = [event_row("clicked", 0, link=EVIL, url=f"https://shop.example/{EVIL}")]
    messages = [
        message_row(0, variant=EVIL),
        message_row(1, state="excluded", reason=EVIL),
        message_row(2, execution="e2", delivery=2),
    ]

    page = render_html(build(messages, events))

    assert "<script" not in page
    assert not re.search(r"(src|href|onload)=|url\(|@import", page)
    assert page.count("&lt;script&gt;") >= 4
    assert "Executions compared" in page


def test_a_test_says_that_nothing_was_sent(build, message_row):
    page = render_html(build([message_row(0, state="waiting")], execution="e1", mode="test"))

    assert "TEST, nothing was sent." in page


def test_an_empty_report_is_a_page_too(build):
    assert "No message has been planned yet." in render_html(build([]))


def test_charts_are_well_formed_and_described():
    bars = ElementTree.fromstring(bar_chart(f"A {EVIL}", [("sent", 1200), (EVIL, 0)]))
    lines = ElementTree.fromstring(
        line_chart("Hours", ["09:00", "10:00"], {"opened": [1, 3], EVIL: [0, 0]})
    )

    assert bars.get("role") == lines.get("role") == "img"
    assert "sent 1,200" in bars.get("aria-label", "")
    assert "opened 4" in lines.get("aria-label", "")


def test_charts_of_nothing_and_of_one_hour_are_drawn():
    assert "nothing yet" in bar_chart("Empty", [])
    assert "nothing yet" in line_chart("Empty", [], {})
    assert "<circle" in line_chart("One", ["09:00"], {"sent": [5]})
