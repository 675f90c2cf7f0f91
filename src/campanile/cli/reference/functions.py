"""The page about the rule language: its functions, and what may be asked of links and messages."""

from collections.abc import Mapping
from typing import Final

from campanile.cli.reference.markdown import code, page, table
from campanile.relations.functions import FUNCTIONS
from campanile.relations.originals import ORIGINALS
from campanile.relations.sets import SET_FUNCTIONS
from campanile.relations.tables import TABLE_FUNCTIONS
from campanile.relations.windows import WINDOW_FUNCTIONS

SET_MEANINGS: Final[Mapping[str, tuple[str, str]]] = {
    "exists": ("Whether there is a linked row.", "exists(orders, amount > 100)"),
    "count": ("How many linked rows there are; 0 without any.", "count(orders) >= 2"),
    "sum": ("The sum over the linked rows; 0 without any.", "sum(orders.amount)"),
    "avg": ("The average; empty without any row.", "avg(orders.amount)"),
    "min": ("The least value; empty without any row.", "min(orders.placed_at)"),
    "max": ("The greatest value; empty without any row.", "max(orders.placed_at)"),
    "stddev": ("The standard deviation; empty below two rows.", "stddev(orders.amount)"),
    "count_distinct": ("How many different values.", "count_distinct(orders.store_id)"),
    "first": (
        "The attribute of the row that comes first by another attribute.",
        "first(orders.amount, placed_at)",
    ),
    "last": ("The attribute of the row that comes last.", "last(orders.amount, placed_at)"),
    "string_agg": ("The texts, joined.", "string_agg(orders.status, ', ')"),
}
PREDICATE_MEANINGS: Final[Mapping[str, tuple[str, str]]] = {
    "planned": ("A message was planned, sent or not.", "planned(welcome_back.offer)"),
    "sent": ("The server accepted a message.", "sent(welcome_back.offer)"),
    "delivered": (
        "The provider said so, or it was sent and did not bounce.",
        "delivered(welcome_back.offer)",
    ),
    "bounced": ("The message came back.", "bounced(welcome_back.offer)"),
    "excluded": (
        "The message was planned and left out.",
        "excluded(welcome_back.offer, reason = 'no_consent')",
    ),
    "failed": ("The message was refused for good.", "failed(welcome_back.offer)"),
    "opened": ("A person opened it; machines do not count.", "opened(welcome_back.offer)"),
    "clicked": (
        "A person followed a link; machines do not count.",
        "clicked(welcome_back.offer, link = 'shop')",
    ),
    "unsubscribed": ("They unsubscribed from it.", "unsubscribed(welcome_back.offer)"),
    "complained": ("They reported it as unwanted.", "complained(welcome_back.offer)"),
}
TABLE_MEANINGS: Final[Mapping[str, tuple[str, str]]] = {
    "count": ("How many rows, or how many for which the rule holds.", "count(tier = 'gold') > 5"),
    "share": (
        "The share of rows for which the rule holds, 0 to 1.",
        "share(is_empty(email)) < 0.1",
    ),
    "usual": (
        "What is usual over the last executions; not measured yet, it gives the present count.",
        "count() < 3 * usual(count())",
    ),
    "age": ("Hours since an entity was loaded; empty when it never was.", "age(order) < 48"),
    "sum": ("The sum of a value of each row.", "sum(length(email)) > 0"),
    "avg": ("The average of a value of each row.", "avg(length(email)) > 5"),
    "min": ("The least value.", "min(last_seen) >= days_ago(365)"),
    "max": ("The greatest value.", "max(last_seen) >= days_ago(7)"),
    "stddev": ("The standard deviation.", "stddev(length(email)) < 100"),
    "count_distinct": ("How many different values.", "count_distinct(store_id) > 1"),
    "string_agg": ("The texts of all rows, joined.", "length(string_agg(tier, ',')) > 0"),
}
TITLES: Final[Mapping[str, str]] = {
    "choice": "Choices and empty values",
    "text": "Text",
    "number": "Numbers",
    "date": "Dates and times",
    "conversion": "From one type to another",
    "digest": "Digests and chance",
    "geography": "Places",
    "link": "Linked rows",
    "message": "Messages",
    "window": "A row among the others",
    "table": "Tables",
}
_APART: Final = ("link", "message", "window", "table")


def functions_page() -> str:
    """The page, made of the catalogue of functions."""
    kinds = [kind for kind in TITLES if kind not in _APART]
    parts = [f"## {TITLES[kind]}\n\n{_functions(kind)}" for kind in kinds]
    return page(
        "Rule language",
        "One language for `where`, `add`, `order`, `by` and everything else that is a rule, an"
        " expression or a sort list. Nothing but these functions parses. In a terminal:"
        " `campanile functions`.",
        "## Operators",
        _operators(),
        "Rules are two-valued: a comparison with an empty value is false, and `not` is the exact"
        " opposite. `'it''s'` is a text, `date '2026-01-31'` a date, `timestamp '2026-01-31 09:00'`"
        " an instant.",
        *parts,
        "## Linked rows",
        "The first argument begins with a link to many rows. In the rule, bare names are those of"
        " the linked row, and all of it holds for one row; two calls may mean two rows. A link to"
        " one row is followed by dots, anywhere: `store.city`.",
        _meanings(SET_FUNCTIONS, SET_MEANINGS),
        "## Messages",
        "What became of a message. `offer` is this campaign's activity in this execution,"
        " `welcome_back.offer` that campaign's in all executions. The second argument is a rule"
        " over the event: `at`, `link`, `url`, `reason`, `variant`, `execution`, `device` and"
        " `human`.",
        _meanings({n: f"{n}(message[, rule])" for n in PREDICATE_MEANINGS}, PREDICATE_MEANINGS),
        "## A row among the others",
        "Only as a column (`add`) and in an order. `by` makes groups, several in parentheses;"
        " `order` sorts them, `desc(value)` the other way round. Equal rows are told apart by"
        " their key, so that each execution gives the same.",
        table(
            ("Written", "Gives", "Example"),
            [(code(w.written), w.description, code(w.example)) for w in WINDOW_FUNCTIONS.values()],
        ),
        "## Tables",
        "Only in a [table rule](values.md#table-rule): one value for the whole table.",
        _meanings(TABLE_FUNCTIONS, TABLE_MEANINGS),
        "## Names from elsewhere",
        "Who knows these names may write them; the call in the second column is what is meant."
        " Where the arguments or the meaning differ, it says how.",
        _originals(),
    )


def _originals() -> str:
    rows = [
        (code(one.call), one.here if one.way == "refused" else code(one.here))
        for one in sorted(ORIGINALS, key=lambda one: one.name.lower())
        if one.way != "same"
    ]
    return table(("There", "Here"), rows)


def _functions(kind: str) -> str:
    rows = [
        (
            code(one.signature) + "".join(f", also {code(alias)}" for alias in one.aliases),
            one.description,
            code(one.example),
        )
        for one in FUNCTIONS
        if one.kind == kind
    ]
    return table(("Function", "Gives", "Example"), rows)


def _meanings(written: Mapping[str, str], meanings: Mapping[str, tuple[str, str]]) -> str:
    rows = [(code(written[name]), *_told(meanings[name])) for name in written]
    return table(("Written", "Gives", "Example"), rows)


def _told(meaning: tuple[str, str]) -> tuple[str, str]:
    return meaning[0], code(meaning[1])


def _operators() -> str:
    rows = [
        ("`and`, `or`, `not`, `( )`", "tier = 'gold' and not is_empty(email)"),
        ("`=`, `!=`, `<`, `<=`, `>`, `>=`", "points >= 100"),
        ("`in (…)`, `not in (…)`", "tier in ('gold', 'silver')"),
        ("`between … and …`", "birth_date between date '1980-01-01' and date '1989-12-31'"),
        ("`like`, `not like`", "email like '%@shop.example'"),
        ("`is null`, `is not null`", "mobile is not null"),
        ("`+`, `-`, `*`, `/`, `||`", "first_name || ' ' || last_name"),
        ("`case … end`", "case when tier = 'gold' then 10 else 5 end"),
        ("`param.name`", "store_id = param.store"),
    ]
    return table(("Operator", "Example"), [(sign, code(example)) for sign, example in rows])
