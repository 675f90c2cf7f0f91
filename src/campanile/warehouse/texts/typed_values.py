"""From the texts of a file to typed values, as `load_file` says for each column.

The expressions are DuckDB SQL over a table whose columns are all text.
"""

import re
from dataclasses import dataclass
from typing import Final

from campanile.activities.date_formats import format_pattern, strptime_format
from campanile.activities.file_columns import FileColumn
from campanile.relations.sql import SQL_TYPES
from campanile.relations.types import Type
from campanile.warehouse.text_values import EXPECTED, literal, quoted, typed_text, utc_of_local

_BLANKS: Final = " \t\r\n\u00a0\u3000"
_GROUP_SIGNS: Final = (
    " \u00a0\u202f'\u2019"  # between thousands, beside the sign that is no decimal
)


@dataclass(frozen=True)
class TypedColumn:
    """One column of a file as SQL: its text cleaned, its value, and what is wrong with it."""

    name: str
    column: FileColumn
    header: str
    zone: str

    @property
    def _text(self) -> str:
        return quoted(f"text {self.name}")

    @property
    def _value(self) -> str:
        return quoted(f"value {self.name}")

    @property
    def cleaned(self) -> str:
        """The trimmed text in its case; empty is NULL, also where the empty text is kept."""
        text = quoted(self.header)
        side = {"both": "trim", "left": "ltrim", "right": "rtrim"}.get(self.column.trim)
        text = f"{side}({text}, {literal(_BLANKS)})" if side else text
        text = f"{self.column.case}({text})" if self.column.case else text
        blank = f"trim({text}, {literal(_BLANKS)}) = ''"
        return f"CASE WHEN {blank} THEN NULL ELSE {text} END AS {self._text}"

    @property
    def typed(self) -> str:
        """The value of the cleaned text, NULL where there is none or it cannot be read."""
        sql_type = SQL_TYPES[self.column.column_type]
        return f"CAST({self._mapped()} AS {sql_type}) AS {self._value}"

    def _mapped(self) -> str:
        if not self.column.map:
            return self._read()
        cases = "".join(
            f" WHEN {literal(self._cased(text))} THEN {self._plain(literal(value))}"
            for text, value in self.column.map.items()
        )
        other = {
            "keep": self._read(),
            "default": self._plain(literal(self.column.default or "")),
        }.get(self.column.unmapped_is, "NULL")
        return (
            f"CASE WHEN {self._text} IS NULL THEN NULL ELSE CASE {self._text}{cases}"
            f" ELSE {other} END END"
        )

    @property
    def result(self) -> str:
        """The value that the row gets; over the cleaned texts and the typed values."""
        value = self._value
        if self.column.empty == "keep":
            value = f"coalesce({value}, '')"
        if self.column.on_error != "reject":
            default = self._plain(literal(self.column.default or ""))
            instead = default if self.column.on_error == "default" else "NULL"
            value = f"CASE WHEN {self._is_faulty()} THEN {instead} ELSE {value} END"
        return f"{value} AS {quoted(self.name)}"

    @property
    def fault(self) -> str:
        """Why the row is rejected, NULL where it is not."""
        if self.column.on_error != "reject":
            return "CAST(NULL AS VARCHAR)"
        empty = literal(f"{self.name} is empty")
        wrong = literal(f"{self.name} is {self._expected()}")
        return (
            f"CASE WHEN {self._is_faulty()} THEN"
            f" CASE WHEN {self._text} IS NULL THEN {empty} ELSE {wrong} END END"
        )

    def _is_faulty(self) -> str:
        empty = f"{self._text} IS NULL" if self.column.empty == "error" else "FALSE"
        unread = f"{self._text} IS NOT NULL AND {self._value} IS NULL"
        if self.column.unmapped_is == "null" and self.column.map:
            return empty
        return f"({empty} OR ({unread}))"

    def _expected(self) -> str:
        if self.column.map and self.column.unmapped_is == "error":
            return f"none of {', '.join(self.column.map)}"
        if self.column.format is not None:
            return f"not a {self.column.type} such as {self.column.format}"
        if self.column.decimals is not None:
            return f"not a number with `{self.column.decimals}` before the decimals"
        return f"not {EXPECTED.get(self.column.column_type, 'text')}"

    def _cased(self, text: str) -> str:
        return {"lower": text.lower(), "upper": text.upper()}.get(self.column.case or "", text)

    def _plain(self, text: str) -> str:
        """A value as campaign files write it."""
        return typed_text(self.column.column_type, text, self.zone)

    def _read(self) -> str:
        """The cleaned text, read as the column says."""
        if self.column.format is not None:
            return self._dated(self.column.format)
        if self.column.decimals is not None:
            return self._decimal(self.column.decimals)
        return self._plain(self._text)

    def _dated(self, written: str) -> str:
        pattern, known = literal(format_pattern(written)), literal(strptime_format(written))
        read = f"try_strptime({self._text}, {known})"
        value = f"CASE WHEN regexp_full_match({self._text}, {pattern}) THEN {read} END"
        if self.column.column_type is Type.DATE:
            return f"CAST({value} AS DATE)"
        return utc_of_local(value, self.zone)

    def _decimal(self, point: str) -> str:
        signs = re.escape(_GROUP_SIGNS + {",": ".", ".": ","}[point])
        pattern = rf"[+-]?(\d{{1,3}}([{signs}]\d{{3}})+|\d+)([{point}]\d+)?"
        bare = f"regexp_replace({self._text}, {literal(f'[{signs}]')}, '', 'g')"
        value = (
            f"TRY_CAST(replace({bare}, ',', '.') AS DOUBLE)"
            if point == ","
            else (f"TRY_CAST({bare} AS DOUBLE)")
        )
        return f"CASE WHEN regexp_full_match({self._text}, {literal(pattern)}) THEN {value} END"
