"""The kinds of values that options take: what each is called, how it is written, what it means."""

from dataclasses import dataclass
from typing import Any, Final

from campanile.activities import amounts, asked, file_paths, rule_values, times, values, zones
from campanile.activities.day_rules import Days, Months
from campanile.activities.spans import SpanOption
from campanile.campaigns import connections, schedule_values
from campanile.catalog.names import LONGEST_NAME, RESERVED, ColumnName, Name
from campanile.cli.reference.markdown import anchor, code, listed, page, table


@dataclass(frozen=True)
class Kind:
    """A kind of value; every one of `examples` is taken by the options of `annotation`."""

    word: str
    annotation: Any
    meaning: str
    examples: tuple[str, ...]

    @property
    def link(self) -> str:
        """The word, leading to its line on the page of values."""
        return f"[{self.word}]({{root}}values.md#{anchor(self.word)})"


KINDS: Final = (
    Kind(
        "name",
        Name,
        f"Small letters and digits, words joined by one underscore, a letter first, at most"
        f" {LONGEST_NAME} characters.",
        ("winter_sale", "step_2"),
    ),
    Kind(
        "column name",
        ColumnName,
        "Letters, digits and underscores, a letter first; neither `from` nor `desc`.",
        ("last_seen", "Amount2"),
    ),
    Kind("text", values.Text, "Any text that is not empty.", ("Hello", "welcome/offer")),
    Kind(
        "path of a file",
        file_paths.FilePathText,
        "`connection://folder/name` below the root of a [connection](project-file.md), or a path of"
        " the project's own folder for files; a template. `*`, `?` and `[…]` may stand in the name"
        " where several files are taken, and a folder ends with `/`.",
        ("fair_sftp://outbox/leads-*.csv", "letters-{{ execution.date }}.csv"),
    ),
    Kind(
        "reference",
        values.References,
        "A transition: an activity, one of its outputs, or a list of them.",
        ("cells", "cells.gold"),
    ),
    Kind(
        "rule",
        rule_values.Rule,
        "A condition in the [rule language](functions.md). A list means that all hold; `all`, `any`"
        " and `except` nest.",
        ("tier = 'gold'", "exists(orders, amount > 100)"),
    ),
    Kind(
        "table rule",
        rule_values.TableRule,
        "A condition over a whole table, made of [its functions](functions.md#tables).",
        ("count() > 1000", "share(is_empty(email)) < 0.05"),
    ),
    Kind(
        "expression",
        rule_values.Expression,
        "A value in the [rule language](functions.md).",
        ("lower(email)", "sum(orders.amount)"),
    ),
    Kind(
        "sort list",
        rule_values.SortList,
        "A list of expressions, each with `asc` or `desc`; `asc` when left out. Empty values come"
        " last, and the key ends every ranking.",
        (),
    ),
    Kind(
        "duration",
        times.Duration,
        "Weeks, days, hours, minutes and seconds, or a parameter.",
        ("3 days", "1 day 12 hours", "90 minutes", "param.pause"),
    ),
    Kind(
        "person or group",
        asked.PersonName,
        "The name of an account or of a group of them: small letters, digits and `. _ -`.",
        ("ada.l", "legal"),
    ),
    Kind(
        "reminders",
        asked.Reminders,
        "One duration before the end, or a list of them; `before` may be written.",
        ("1 day", "2 hours before"),
    ),
    Kind(
        "size",
        amounts.SizeOption,
        "A number of rows, a percentage of the input, a percentage of the rows that a `where`"
        " passed, or a parameter.",
        ("500", "10%", "10% of matched", "param.at_most"),
    ),
    Kind("count", amounts.Count, "A whole number from 0, or a parameter.", ("3", "param.n")),
    Kind(
        "count or all",
        amounts.CountOrAll,
        "A whole number from 1, `all`, or a parameter.",
        ("1", "all", "param.n"),
    ),
    Kind(
        "memory",
        times.MemorySpan,
        "A duration, a parameter, or `forever`.",
        ("forever", "90 days", "param.pause"),
    ),
    Kind(
        "column names",
        values.ColumnNames,
        "One column name or a list of them.",
        ("email", "Amount2"),
    ),
    Kind(
        "former names",
        values.FormerNames,
        "One name or a list of them.",
        ("winter_sale", "step_2"),
    ),
    Kind("rate", amounts.Rate, "So many in a time.", ("200/s", "600/minute", "5000/hour")),
    Kind("time", times.TimeOption, "A time of the day.", ("09:00", "23:30")),
    Kind(
        "date and time",
        times.Moment,
        "Local time of the campaign's zone; a bare date is its midnight. In the hour that the clock"
        " skips in spring the end of the gap is meant, in the one it repeats in autumn the first.",
        ("2026-12-24 09:00", "2026-12-24", "param.send_on"),
    ),
    Kind(
        "end",
        schedule_values.EndMoment,
        "A date and time; a bare date is included to its last second.",
        ("2026-12-24", "2026-12-24 18:00"),
    ),
    Kind(
        "date and time, or time",
        times.MomentOrTime,
        "A date and time; a bare time is the next one that the clock shows.",
        ("2026-12-24 09:00", "09:00"),
    ),
    Kind(
        "interval",
        schedule_values.IntervalOption,
        "A unit, or a number of them: minute, hour, day, week, month.",
        ("day", "2 weeks", "month", "30 minutes"),
    ),
    Kind(
        "span",
        SpanOption,
        "From one time of the day to a later one, both included.",
        ("08:00-20:00",),
    ),
    Kind(
        "days",
        Days,
        "One of these or a list of them; days of a month go with `every: month` only.",
        ("all", "weekdays", "mon", "15", "last", "2nd tue", "last fri"),
    ),
    Kind("months", Months, "One month, or a list of them.", ("jan", "dec")),
    Kind(
        "time zone",
        zones.Zone,
        "A zone of the IANA database.",
        ("Europe/Paris", "America/New_York", "UTC"),
    ),
    Kind(
        "variable",
        connections.SecretVariable,
        "The name of an environment variable: secrets never stand in a file.",
        ("SHOP_SMTP_PASSWORD",),
    ),
    Kind(
        "address",
        connections.BaseUrl,
        "The beginning of a URL, with `https://` or `http://`.",
        ("https://links.shop.example",),
    ),
)


def kind_of(annotation: Any) -> Kind | None:
    """The kind of value that an annotation stands for; None when it has no name of its own."""
    return next((kind for kind in KINDS if kind.annotation == annotation), None)


def values_page() -> str:
    """The page that says how each kind of value is written."""
    sections = [
        f"## {kind.word}\n\n{kind.meaning}"
        + (f"\n\nFor example {listed(kind.examples)}." if kind.examples else "")
        for kind in KINDS
    ]
    return page(
        "Values",
        "What options take. YAML's own ideas about `on`, `NO`, `10:30` or `0123` do not count: the"
        " option decides how a value is read.",
        *sections,
        "## Reserved",
        f"No campaign, activity, output or parameter may be called {listed(sorted(RESERVED))}.",
        _quotes(),
    )


def _quotes() -> str:
    rows = [
        (
            "a comma inside `{…}` or `[…]`",
            "`where: exists(orders, amount > 1)` on a line of its own",
        ),
        ("` #`, which begins a comment", '`"one #1"`'),
        ("a leading quote, `!`, `@`, `*`, `{`", code('"{{ first_name }}, hello"')),
    ]
    return "## Quotes\n\n" + table(("What YAML reads in its own way", "Write"), rows)
