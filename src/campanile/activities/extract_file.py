"""Extract file: the rows, or figures of groups of them, as a file for somebody else."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ROW_NUMBER, ActivityContext
from campanile.activities.effects import FileLayout, WriteFile
from campanile.activities.file_paths import FilePathText
from campanile.activities.file_signs import Encoding, Separator, sign_of
from campanile.activities.options import RuleSite
from campanile.activities.parts import sort_columns
from campanile.activities.rule_values import Expression, Rule, SortList
from campanile.activities.values import fault
from campanile.errors import DefinitionError, located
from campanile.relations.relation import Relation
from campanile.relations.rules import (
    compile_order,
    compile_value,
    rule_tree_to_text,
    split_direction,
)
from campanile.relations.scope import Scope
from campanile.relations.tables import compile_aggregate
from campanile.relations.types import Type
from campanile.relations.values import Compiled, Order

_SORT: Final = "__sort"
_ONLY_CSV: Final = ("header", "separator", "encoding", "formulas", "compress")


def _require_header(name: str) -> str:
    if not name.strip() or re.search(r"[\x00-\x1f\x7f]", name) or len(name) > 200:
        fault("header", "a header is a text of one line, at most 200 characters.")
    return name


Header = Annotated[str, AfterValidator(_require_header)]


class ExtractFile(ActivityConfig):
    """Write a file and pass the rows on; a test execution writes nothing."""

    type: Literal["extract_file"] = "extract_file"
    file: FilePathText = Field(
        description="Where it is written; a template. A file of that name is replaced."
    )
    format: Literal["csv", "parquet"] = Field(default="csv", description="The kind of file.")
    columns: dict[Header, Expression] = Field(
        default={},
        description="Headers and values; the key and the computed columns when left out.",
    )
    group_by: tuple[Expression, ...] = Field(
        default=(), description="One line for each combination of these; the others are aggregates."
    )
    having: Rule | None = Field(default=None, description="Which groups are written.")
    order: SortList = Field(default=(), description="In which order; by the key when left out.")
    header: bool = Field(default=True, description="Whether the first line names the columns.")
    separator: Separator = Field(default=",", description="The sign between values, or `tab`.")
    encoding: Encoding = Field(
        default="utf-8", description="Such as `utf-8`, `utf-8-sig`, `cp1252`."
    )
    formulas: Literal["guard", "keep"] = Field(
        default="guard",
        description="A text that a spreadsheet would run (it begins with `=`, `@`, or with `+` or"
        " `-` and is no number) gets an apostrophe in front, or stays as it is.",
    )
    compress: Literal["none", "gzip", "zip"] = Field(
        default="none", description="Pack the file; its name is taken as written."
    )

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        for option in _ONLY_CSV if self.format == "parquet" else ():
            if getattr(self, option) != type(self).model_fields[option].default:
                fault("format", f"`{option}` is not for parquet files.", option)
        if self.group_by and not self.columns:
            fault("columns", "groups are written by `columns`, and there are none.", "group_by")
        if self.having is not None and not self.group_by:
            fault("having", "`having` asks about groups; there is no `group_by`.", "having")
        if any(sign in self.file for sign in "*?[") or self.file.endswith("/"):
            fault("file", "one file is written: its path is no pattern and no folder.", "file")
        return self

    def rules(self) -> Iterator[RuleSite]:
        """Find the rules; in groups all but `group_by` are of whole groups."""
        for site in super().rules():
            if self.group_by and site.path[0] != "group_by":
                yield RuleSite(site.path, "aggregate", site.written, self.group_by)
            else:
                yield site


def extract_file(config: ExtractFile, context: ActivityContext) -> Outcome:
    """Return the rows of the input, and the effect that writes the file."""
    source = context.inputs[0]
    scope = context.scope(source.relation, source.dimension)
    write = _groups if config.group_by else _lines
    rows = write(config, source.relation, scope)
    own = [name for name in source.relation.schema if name != ROW_NUMBER]
    headers = list(config.columns) or own
    layout = FileLayout(
        format=config.format,
        headers=tuple(headers),
        header=config.header,
        separator=sign_of(config.separator),
        encoding=config.encoding,
        guards=config.formulas == "guard",
        compress=config.compress,
    )
    effect = WriteFile(config.file, layout, rows)
    return Outcome(outputs={"": source.relation}, effects=(effect,))


def _lines(config: ExtractFile, rows: Relation, scope: Scope) -> Relation:
    """One line for each row, in order."""
    values = _values(config, partial(compile_value, scope=scope, windows=True))
    keys, order = sort_columns(_SORT, compile_order(config.order, scope))
    own = [] if values else [name for name in rows.schema if name != ROW_NUMBER]
    return _ordered(rows.derive({**values, **keys}), [*own, *values], [*keys], order)


def _groups(config: ExtractFile, rows: Relation, scope: Scope) -> Relation:
    """One line for each group, in order."""
    by = {f"__group{n}": compile_value(text, scope) for n, text in enumerate(config.group_by)}
    values = _values(config, partial(_figure, config=config, scope=scope))
    sorting = [split_direction(item) for item in config.order]
    figures = [Order(_figure(text, config, scope), descending) for text, descending in sorting]
    keys, order = sort_columns(_SORT, figures)
    having = None
    if config.having is not None:
        having = _figure(rule_tree_to_text(config.having), config, scope)
        if having.type is not Type.BOOLEAN:
            raise DefinitionError("`having` needs a condition.", code="type")
    return _ordered(rows.aggregate(by, {**values, **keys}, having), [*values], [*keys], order)


def _figure(text: str, config: ExtractFile, scope: Scope) -> Compiled:
    return compile_aggregate(text, scope, config.group_by)


def _values(config: ExtractFile, compiled: Callable[[str], Compiled]) -> dict[str, Compiled]:
    """The columns of the file under names of their own: a header is no name of a column."""
    values = {}
    for number, (header, text) in enumerate(config.columns.items()):
        with located(f"column '{header}'"):
            values[f"__file{number}"] = compiled(text)
    return values


def _ordered(
    rows: Relation, columns: Sequence[str], keys: Sequence[str], order: Sequence[Order]
) -> Relation:
    """Rows in their final order, the columns of the file first."""
    rest = [name for name in rows.key if name not in columns]
    return rows.select([*columns, *keys, *rest]).in_order(order)


EXAMPLE: Final = """\
everybody: {type: build_audience}
letters:
  type: extract_file
  from: everybody
  file: "letters-{{ execution.date }}.csv"
  columns: {NAME: upper(first_name), STORE: store.city}
  order: [last_seen desc]
by_store:
  type: extract_file
  from: everybody
  file: "stores-{{ execution.date }}.csv.gz"
  group_by: [store.city]
  columns: {STORE: store.city, CUSTOMERS: count()}
  having: count() > 10
  order: [count() desc]
  compress: gzip
"""
ACTIVITY = ActivityType(
    name="extract_file", config=ExtractFile, example=EXAMPLE, run=extract_file, passes_on=True
)
