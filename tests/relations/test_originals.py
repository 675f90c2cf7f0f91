"""People who know the original's function names are understood, or told what to write."""

import re

import duckdb
import pytest

from campanile.errors import DefinitionError
from campanile.relations.functions import CATALOGUE
from campanile.relations.originals import ORIGINALS, originals_of, respelled
from campanile.relations.parse import parse
from campanile.relations.rules import compile_value
from campanile.relations.sets import SET_FUNCTIONS
from campanile.relations.tables import compile_aggregate
from campanile.relations.windows import WINDOW_FUNCTIONS

NAMES = """
Avg Count CountAll Countdistinct Max Min StdDev StringAgg Sum
AddDays AddHours AddMinutes AddMonths AddSeconds AddYears SubDays SubHours SubMinutes SubMonths
SubSeconds SubYears ConvertNTZ DateCmp DateOnly Day DayOfYear Month Year YearAndMonth Hour Minute
Second WeekDay DaysAgo MonthsAgo DaysAgoInt YearsAgo DaysDiff HoursDiff MinutesDiff MonthsDiff
SecondsDiff YearsDiff DaysOld MonthsOld YearsOld GetDate Oldest ToDate ToDateTime ToTimestamp
ToTimeZone TruncDate TruncDateTZ TruncTime TruncWeek TruncQuarter TruncYear
Distance
Abs Ceil Floor Greatest Least Mod Percent Random Round Sign ToDouble ToInt64 ToInteger Trunc
AESEncrypt Case When Else ClearBit SetBit IsBitSet Coalesce Decode GetEmailDomain GetMirrorURL Iif
IsEmptyString NewUUID NoNull RowId ToBoolean
AllNonNull2 AllNonNull3 Ascii Char Charindex dataLength GetLine Line IfEquals IsMemoNull JuxtWords
JuxtWords3 Left Right Length Lower Upper Smart LPad RPad Ltrim Rtrim Md5Digest Sha256Digest
Sha512Digest MemoContains NodeValue Replace Substring ToString VirtualLink VirtualLinkStr
_Over_ PartitionBy OrderBy Desc RowNum
"""
WRITTEN = [
    ("AddDays(last_seen, 3)", "add_days(last_seen, 3)"),
    ("SubDays(last_seen, 3)", "add_days(last_seen, -3)"),
    ("subyears(birth_date, points)", "add_years(birth_date, -points)"),
    ("SubHours(last_seen, 1)", "add_hours(last_seen, -1)"),
    ("DaysDiff(now(), last_seen)", "days_between(last_seen, now())"),
    ("HoursDiff(GetDate(), last_seen)", "hours_between(last_seen, now())"),
    ("MonthsOld(birth_date)", "months_old(birth_date)"),
    ("DaysAgoInt(3)", "date_number(days_ago(3))"),
    ("Oldest(birth_date, today())", "least(birth_date, today())"),
    ("TruncDateTZ(last_seen, 60, 'UTC')", "floor_time(last_seen, 60, 'UTC')"),
    ("ToTimeZone(last_seen, 'UTC')", "in_zone(last_seen, 'UTC')"),
    ("Iif(IsBitSet(points, 2), 'a', 'b')", "if(is_bit_set(points, 2), 'a', 'b')"),
    ("Decode(tier, 'gold', 1, 2)", "if(tier = 'gold', 1, 2)"),
    ("IsEmptyString(email, 'x', email)", "if(is_empty(email), 'x', email)"),
    ("NoNull(email)", "coalesce(email, '')"),
    ("VirtualLink(store_id, points, 10)", "if(points = 10, store_id)"),
    ("AllNonNull2(email, tier)", "all_filled(email, tier)"),
    ("Charindex(email, '@')", "position(email, '@')"),
    ("Line(email, 1)", "line(email, 1)"),
    ("NewUUID()", "uuid()"),
    ("Percent(1, 3)", "percent(1, 3)"),
    ("RowNum(PartitionBy(tier, email), OrderBy(Desc(points), email))",
     "row_number(by => (tier, email), order => (desc(points), email))"),
    ("_Over_(Sum(points), PartitionBy(tier))", "sum_over(points, by => tier)"),
    ("_Over_(CountAll(), PartitionBy(tier))", "count_over(by => tier)"),
    ("_Over_(RowId(), OrderBy(points))", "row_number(order => points)"),
    ("Sum(orders.amount)", "sum(orders.amount)"),
    ("CountAll(orders)", "count(orders)"),
    ("Countdistinct(orders.amount)", "count_distinct(orders.amount)"),
    ("StringAgg(orders.lines.sku, ',')", "string_agg(orders.lines.sku, ',')"),
    ("exists(orders, DaysOld(placed_at) < 9)", "exists(orders, days_old(placed_at) < 9)"),
]  # fmt: skip


# A call of each function that is understood as it is known; those of WRITTEN come on top.
CALLED = """
Avg(orders.amount) Max(orders.amount) Min(orders.amount) StdDev(orders.amount)
AddHours(last_seen, 3) AddMinutes(last_seen, 3) AddMonths(birth_date, 3)
AddSeconds(last_seen, 3) AddYears(birth_date, 3)
SubMinutes(last_seen, 3) SubMonths(birth_date, 3) SubSeconds(last_seen, 3)
ConvertNTZ(last_seen) DateCmp(last_seen, now()) DateOnly(last_seen) Day(birth_date)
DayOfYear(birth_date) Month(birth_date) Year(birth_date) YearAndMonth(birth_date) Hour(last_seen)
Minute(last_seen) Second(last_seen) DaysAgo(3) MonthsAgo(3) YearsAgo(birth_date)
MinutesDiff(now(), last_seen) MonthsDiff(now(), birth_date) SecondsDiff(now(), last_seen)
YearsDiff(now(), birth_date) DaysOld(birth_date) YearsOld(birth_date) GetDate() ToDate(last_seen)
ToDateTime('2026-01-01') ToTimestamp('2026-01-01') TruncDate(last_seen, 3600)
TruncTime(last_seen, 60) TruncWeek(last_seen) TruncQuarter(last_seen) TruncYear(last_seen)
Distance(score, score, 2.35, 48.85) Abs(score) Ceil(score) Floor(score) Greatest(points, 3)
Least(points, 3) Mod(points, 3) Random() Round(score, 1) Sign(score) ToDouble(tier) ToInt64(tier)
ToInteger(tier) Trunc(score, 1) ClearBit(points, 4) SetBit(points, 4) IsBitSet(points, 4)
GetEmailDomain(email) RowId() ToBoolean(tier) AllNonNull3(email, tier, points) Ascii(email)
Char(65) dataLength(email) GetLine(email, 1) IfEquals(points, 1, 2, 3) IsMemoNull(email)
JuxtWords(email, tier) JuxtWords3(email, tier, email) Left(email, 2) Right(email, 2) Length(email)
Lower(email) Upper(email) Smart(email) LPad(email, 5, '.') RPad(email, 5, '.') Ltrim(email)
Rtrim(email) Md5Digest(email) Sha256Digest(email) MemoContains(email, '@')
NodeValue(email, 'a/b') Replace(email, 'a', 'b') Substring(email, 1, 2) ToString(score, 2)
VirtualLinkStr(email, tier, 'gold')
""".replace(", ", ",").split()
# Gaps, each with what is written instead: no engine, no reader and no rule would be served by them.
GAPS = {"AESEncrypt", "Sha512Digest", "GetMirrorURL", "Case", "When", "Else"}
# Of the same name, but with another meaning here: ORIGINALS says which.
DIFFERENT = {
    "Count": "count(orders)",
    "Coalesce": "coalesce(email, '')",
    "WeekDay": "weekday(now())",
}


@pytest.mark.parametrize("call", [*CALLED, *DIFFERENT.values()])
def test_a_call_as_it_is_known_is_understood(call, scope):
    assert compile_value(call, scope, windows=True).tree is not None


def test_every_original_is_called_here_or_is_a_gap_with_a_reason():
    texts = " ".join([*CALLED, *(theirs for theirs, _ in WRITTEN)])
    called = {name for name in NAMES.split() if re.search(rf"\b{name}\(", texts, re.IGNORECASE)}
    assert set(NAMES.split()) - called - set(DIFFERENT) == GAPS
    refused = {one.name: one.here for one in ORIGINALS if one.way == "refused"}
    assert set(refused) == GAPS
    assert all(len(reason) > 20 for reason in refused.values())
    assert {one.name for one in ORIGINALS if one.way == "different"} == set(DIFFERENT)


def test_all_functions_of_the_original_are_listed_once():
    assert sorted(one.name for one in ORIGINALS) == sorted(NAMES.split())
    assert len(ORIGINALS) == 127


@pytest.mark.parametrize(("theirs", "ours"), WRITTEN, ids=[theirs for theirs, _ in WRITTEN])
def test_an_original_means_what_it_is_written_as_here(theirs, ours, scope):
    found, wanted = (compile_value(text, scope, windows=True) for text in (theirs, ours))
    assert found.tree == wanted.tree
    assert found.type is wanted.type


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda one: one.name)
def test_what_an_original_is_called_here_exists(original):
    known = {*CATALOGUE, *SET_FUNCTIONS, *WINDOW_FUNCTIONS, "desc"}
    if original.way in ("same", "renamed"):
        assert original.here in known
        assert not original.parameters
    elif original.way == "rewritten" and "=>" not in original.here:
        made = respelled(parse(original.call))
        assert made.this in known
        assert made == parse(original.here)
    if original.way == "renamed":
        assert original in originals_of(original.here)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("AESEncrypt(email)", "sha256"),
        ("Sha512Digest(email)", "sha256"),
        ("GetMirrorURL()", "template"),
        ("PartitionBy(tier)", "by =>"),
        ("SubDays(last_seen)", "add_days"),
        ("_Over_(points)", "sum_over"),
        ("Case(When(points > 1, 2), Else(3))", "case when"),
    ],
)
def test_what_cannot_be_understood_is_told_how_to_write(text, remedy, scope):
    with pytest.raises(DefinitionError) as caught:
        compile_value(text, scope, windows=True)
    assert remedy in caught.value.remedy
    assert caught.value.offset is not None


def test_originals_are_known_in_table_rules_too(scope):
    assert compile_aggregate("CountAll()", scope).tree == compile_aggregate("count()", scope).tree


def test_the_engine_of_the_lake_still_has_no_sha512():
    """The day it has one, Sha512Digest can be understood like Sha256Digest."""
    with duckdb.connect(":memory:") as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("SELECT sha512('a')")
