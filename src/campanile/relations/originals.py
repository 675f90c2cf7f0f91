"""Names that functions have in the tool many people come from, and how each is written here.

All 127 functions of that tool's expression editor are listed. A renamed one is understood as it
is; a rewritten one too, through its template; for the few that are refused the remedy is given.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sqlglot import exp

from campanile.relations.parse import parse, refusal

Way = Literal["same", "renamed", "rewritten", "different", "refused"]


@dataclass(frozen=True)
class Original:
    """A call as people know it, and as it is written here: a name, a call, or a remedy."""

    call: str
    here: str
    way: Way

    @property
    def name(self) -> str:
        """The bare name as people know it."""
        return self.call.partition("(")[0]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the arguments."""
        inside = self.call.partition("(")[2].removesuffix(")")
        return tuple(part.strip() for part in inside.split(",") if part.strip())


def _originals(way: Way, pairs: Mapping[str, str]) -> list[Original]:
    return [Original(call, here, way) for call, here in pairs.items()]


_SAME = (
    "Avg Max Min StdDev Sum Day Month Year Hour Minute Second Distance Abs Ceil Floor Greatest"
    " Least Mod Percent Round Sign Trunc Left Right Length Line Lower Upper LPad RPad Ltrim Rtrim"
    " Replace Substring Desc"
)
_RENAMED = {
    "CountAll": "count",
    "Countdistinct": "count_distinct",
    "StringAgg": "string_agg",
    "AddDays": "add_days",
    "AddHours": "add_hours",
    "AddMinutes": "add_minutes",
    "AddMonths": "add_months",
    "AddSeconds": "add_seconds",
    "AddYears": "add_years",
    "ConvertNTZ": "assume_zone",
    "DateCmp": "compare",
    "DateOnly": "date_of",
    "DayOfYear": "day_of_year",
    "YearAndMonth": "year_month",
    "DaysAgo": "days_ago",
    "MonthsAgo": "months_ago",
    "YearsAgo": "years_old",
    "DaysOld": "days_old",
    "MonthsOld": "months_old",
    "YearsOld": "years_old",
    "GetDate": "now",
    "Oldest": "least",
    "ToDate": "to_date",
    "ToDateTime": "to_timestamp",
    "ToTimestamp": "to_timestamp",
    "ToTimeZone": "in_zone",
    "TruncDate": "floor_time",
    "TruncDateTZ": "floor_time",
    "TruncTime": "time_of",
    "TruncWeek": "start_of_week",
    "TruncQuarter": "start_of_quarter",
    "TruncYear": "start_of_year",
    "Random": "chance",
    "ToDouble": "to_number",
    "ToInt64": "to_integer",
    "ToInteger": "to_integer",
    "ClearBit": "clear_bit",
    "SetBit": "set_bit",
    "IsBitSet": "is_bit_set",
    "GetEmailDomain": "email_domain",
    "Iif": "if",
    "NewUUID": "uuid",
    "RowId": "row_number",
    "ToBoolean": "to_boolean",
    "AllNonNull2": "all_filled",
    "AllNonNull3": "all_filled",
    "Ascii": "character_code",
    "Char": "character",
    "Charindex": "position",
    "dataLength": "byte_length",
    "GetLine": "line",
    "IsMemoNull": "is_empty",
    "JuxtWords": "join_words",
    "JuxtWords3": "join_words",
    "Smart": "capitalize_words",
    "Md5Digest": "md5",
    "Sha256Digest": "sha256",
    "MemoContains": "contains",
    "NodeValue": "xml_value",
    "ToString": "to_text",
    "RowNum": "row_number",
}
_REWRITTEN = {
    **{f"Sub{unit}(x, n)": f"add_{unit.lower()}(x, -n)" for unit in (
        "Days", "Hours", "Minutes", "Months", "Seconds", "Years")},
    **{f"{unit}Diff(b, a)": f"{unit.lower()}_between(a, b)" for unit in (
        "Days", "Hours", "Minutes", "Months", "Seconds", "Years")},
    "DaysAgoInt(n)": "date_number(days_ago(n))",
    "Decode(a, b, c, d)": "if(a = b, c, d)",
    "IfEquals(a, b, c, d)": "if(a = b, c, d)",
    "IsEmptyString(s, a, b)": "if(is_empty(s), a, b)",
    "NoNull(s)": "coalesce(s, '')",
    "VirtualLink(k, a, b)": "if(a = b, k)",
    "VirtualLinkStr(k, a, b)": "if(a = b, k)",
    "_Over_(f, PartitionBy(a), OrderBy(b))": "sum_over(x, by => a, order => b)",
    "PartitionBy(a)": "by => a",
    "OrderBy(a)": "order => a",
}  # fmt: skip
_DIFFERENT = {
    "Count(link.attribute)": "count(link, attribute is not null); count(link) counts its rows",
    "Coalesce(a, b)": "coalesce(nullif(a, 0), b), where 0 shall be passed over too",
    "WeekDay(date)": "weekday(date) - 1; weekday() is 1 on Monday and 7 on Sunday",
}
_REFUSED = {
    "AESEncrypt": "A key does not belong in a rule. Write sha256(value) for a pseudonym.",
    "Sha512Digest": "DuckDB, the engine of the lake, has none. Write sha256(value).",
    "GetMirrorURL": "The link to the message in the browser is made by the template.",
    "Case": "Write case when condition then value else other end.",
    "When": "Write case when condition then value else other end.",
    "Else": "Write case when condition then value else other end.",
}
ORIGINALS: tuple[Original, ...] = (
    *_originals("same", {name: name.lower() for name in _SAME.split()}),
    *_originals("different", _DIFFERENT),
    *_originals("renamed", _RENAMED),
    *_originals("rewritten", _REWRITTEN),
    *_originals("refused", _REFUSED),
)

_BY_NAME: Mapping[str, Original] = {one.name.lower(): one for one in ORIGINALS}
WINDOW_PARTS = {"partitionby": "by", "orderby": "order"}
RUNNING = frozenset({"sum", "avg", "min", "max", "count", "countall"})


def original_named(name: str) -> Original | None:
    """The original of that name, in whatever case."""
    return _BY_NAME.get(name.lower())


def originals_of(name: str) -> tuple[Original, ...]:
    """The originals that are written with a function of this language, itself left out."""
    call = re.compile(rf"\b{re.escape(name)}\(")
    return tuple(
        one
        for one in ORIGINALS
        if (one.way == "renamed" and one.here == name)
        or (one.way in ("rewritten", "different") and call.search(one.here))
    )


def respelled(node: exp.Expr, own: Container[str] = ()) -> exp.Expr:
    """A call of an original as the call it stands for; other nodes, and names in `own`, as is."""
    if not isinstance(node, exp.Anonymous) or not isinstance(node.this, str):
        return node
    name = node.this.lower()
    original = _BY_NAME.get(name)
    if original is None or name in own:
        return node
    if original.way == "refused":
        raise refusal(
            "original", f"{original.name}() is not in this language.", original.here, node
        )
    if original.way == "renamed":
        return _call(original.here, _named_parts(node.expressions), node)
    if name == "_over_":
        return _over(node)
    if name in WINDOW_PARTS:
        raise refusal(
            "arguments", f"{original.name}() stands in a window function only.",
            f"Write {original.here} in it.", node,
        )  # fmt: skip
    return _from_template(original, node) if original.way == "rewritten" else node


def _call(name: str, arguments: Sequence[exp.Expr], at: exp.Expr) -> exp.Anonymous:
    made = exp.Anonymous(this=name, expressions=list(arguments))
    made.meta.update({key: value for key, value in at.meta.items() if key == "start"})
    return made


def _named_parts(arguments: Sequence[exp.Expr]) -> list[exp.Expr]:
    """PartitionBy(a, b) as `by => (a, b)`, OrderBy(a) as `order => a`."""
    found = []
    for argument in arguments:
        name = str(argument.this).lower() if isinstance(argument, exp.Anonymous) else ""
        if name in WINDOW_PARTS:
            values = argument.expressions
            one = values[0] if len(values) == 1 else exp.Tuple(expressions=values)
            argument = exp.Kwarg(this=exp.var(WINDOW_PARTS[name]), expression=one)
        found.append(argument)
    return found


def _over(node: exp.Anonymous) -> exp.Expr:
    """The function over the parts: sum and its like become sum_over; RowNum stays its own."""
    first, *rest = node.expressions or [exp.null()]
    if not isinstance(first, exp.Anonymous):
        raise refusal(
            "arguments", "_Over_() needs a function, such as Sum(value).",
            "Write sum_over(value, by => group, order => value).", node,
        )  # fmt: skip
    name = str(first.this).lower()
    if name in RUNNING:
        over = f"{name.removesuffix('all')}_over"
        values = [] if over == "count_over" else first.expressions
        return _call(over, [*values, *_named_parts(rest)], node)
    known = _BY_NAME.get(name)
    called = known.here if known is not None and known.way == "renamed" else name
    return _call(called, [*first.expressions, *_named_parts(rest)], node)


def _from_template(original: Original, node: exp.Anonymous) -> exp.Expr:
    names = original.parameters
    if len(node.expressions) != len(names):
        raise refusal(
            "arguments",
            f"{original.call} does not take {len(node.expressions)} argument(s).",
            f"Here it is written {original.here}.",
            node,
        )
    given = dict(zip(names, node.expressions, strict=True))

    def filled(part: exp.Expr) -> exp.Expr:
        part.meta.pop("start", None)
        argument = given.get(part.name) if isinstance(part, exp.Column) else None
        return argument.copy() if argument is not None else part

    made = _template(original.here).transform(filled)
    made.meta.update({key: value for key, value in node.meta.items() if key == "start"})
    return made


@cache
def _template(here: str) -> exp.Expr:
    return parse(here)
