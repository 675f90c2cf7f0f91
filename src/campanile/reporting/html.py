"""A report as one HTML file that loads and runs nothing, for mail, archives and printing."""

from collections.abc import Iterable, Sequence
from html import escape

from campanile.reporting.charts import bar_chart, line_chart
from campanile.reporting.numbers import Numbers, Rate
from campanile.reporting.report import ActivityReport, CampaignReport

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#1c2126;background:#fff;max-width:60rem;"
    "margin:2rem auto;padding:0 1rem}h1,h2,h3{line-height:1.25}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem;width:100%}"
    "th,td{border-bottom:1px solid #d5dadf;padding:.3rem .6rem;text-align:right}"
    "th:first-child,td:first-child{text-align:left;word-break:break-all}"
    "caption{text-align:left;font-weight:600;padding:.3rem 0}"
    "svg{width:100%;max-width:42rem;font:12px system-ui,sans-serif}"
    ".test{background:#fff3cd;padding:.5rem 1rem}small{color:#5b6670}"
)
_HOURS_SHOWN = 24 * 14


def render_html(report: CampaignReport) -> str:
    """The whole page; every text that came from files or rows is escaped."""
    scope = f"execution {report.execution}" if report.execution else "all executions"
    title = f"{report.campaign}: {scope}"
    activities = "".join(_activity(one) for one in report.activities)
    test = '<p class="test">TEST, nothing was sent.</p>' if report.mode == "test" else ""
    notes = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1><p><small>As of {report.at:%Y-%m-%d %H:%M} UTC</small></p>{test}"
        f"{activities or '<p>No message has been planned yet.</p>'}{_comparison(report)}"
        f"<h2>How this is counted</h2><ul>{notes}</ul></main></body></html>"
    )


def _activity(one: ActivityReport) -> str:
    numbers = one.numbers
    funnel = [
        ("targeted", numbers.targeted),
        ("sent", numbers.sent),
        ("delivered", numbers.delivered),
        ("opened", numbers.reaction("opened").messages),
        ("clicked", numbers.reaction("clicked").messages),
    ]
    return (
        f"<section><h2>{escape(one.activity)}</h2>"
        f"{bar_chart(f'Way of the messages of {one.activity}', funnel)}"
        f"{_states(numbers)}{_rates(numbers.rates)}{_reactions(numbers)}"
        f"{_hours(one)}{_links(one)}{_variants(one)}</section>"
    )


def _states(numbers: Numbers) -> str:
    rows: list[Sequence[object]] = [("targeted", numbers.targeted)]
    rows += [(f"excluded: {_words(r)}", count) for r, count in numbers.excluded_by.items()]
    rows += [("sent", numbers.sent)]
    rows += [(f"failed: {_words(r)}", count) for r, count in numbers.failed_by.items()]
    for name in ("waiting", "in_flight", "uncertain"):
        if count := getattr(numbers, name):
            rows.append((_words(name), count))
    return _table("Every recipient is in one state", ("State", "Messages"), rows)


def _rates(rates: Iterable[Rate]) -> str:
    rows = [
        (_words(rate.name), _percent(rate.value), f"{rate.count:,} of {rate.base:,} {rate.of}")
        for rate in rates
    ]
    return _table("Rates", ("Rate", "Share", "Counted"), rows)


def _reactions(numbers: Numbers) -> str:
    rows = [
        (kind, found.messages, found.people, found.total, found.machine)
        for kind, found in numbers.reactions.items()
        if found.total or found.machine
    ]
    heads = ("Reaction", "Messages", "People", "Events", "Events of machines")
    return _table("Reactions", heads, rows) if rows else ""


def _hours(one: ActivityReport) -> str:
    hours = one.hours[:_HOURS_SHOWN]
    if not hours:
        return ""
    times = [f"{hour.hour:%Y-%m-%d %H:%M}" for hour in hours]
    lines = {
        kind: [hour.counts.get(kind, 0) for hour in hours] for kind in ("sent", "opened", "clicked")
    }
    return line_chart("By hour (UTC), first time of each message", times, lines)


def _links(one: ActivityReport) -> str:
    if not one.links:
        return ""
    bars = [(link.name or link.url, link.clicks.messages) for link in one.links[:12]]
    rows = [
        (
            link.name or link.url,
            link.clicks.messages,
            link.clicks.people,
            link.clicks.total,
            link.clicks.machine,
        )
        for link in one.links
    ]
    heads = ("Link", "Messages", "People", "Clicks", "Clicks of machines")
    return bar_chart("Clicks by link", bars) + _table("Links", heads, rows)


def _variants(one: ActivityReport) -> str:
    rows = [(v.name, v.sent, v.opened, v.clicked) for v in one.variants]
    heads = ("Variant", "Sent", "Opened", "Clicked")
    return _table("Variants", heads, rows) if rows else ""


def _comparison(report: CampaignReport) -> str:
    rows = [
        (
            one.execution,
            one.activity,
            one.numbers.targeted,
            one.numbers.sent,
            *(_percent(rate.value) for rate in one.numbers.rates[:3]),
        )
        for one in report.comparison
    ]
    heads = ("Execution", "Activity", "Targeted", "Sent", "Bounced", "Opened", "Clicked")
    if len(rows) < 2:
        return ""
    return "<h2>Executions compared</h2>" + _table("Newest last", heads, rows)


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(_shown(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _words(name: str) -> str:
    return name.replace("_", " ")
