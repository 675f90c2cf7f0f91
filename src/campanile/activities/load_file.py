"""Load file: the rows of files start a population that stands for nothing yet."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from campanile.activities.amounts import Count
from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ROW_NUMBER, ActivityContext
from campanile.activities.file_columns import ColumnOption
from campanile.activities.file_paths import FilePathText
from campanile.activities.file_signs import Encoding, Quote, Separator
from campanile.activities.values import Text, fault
from campanile.activities.zones import Zone
from campanile.catalog.names import ColumnName
from campanile.relations.relation import Relation
from campanile.relations.types import Schema, Type

REJECTS: Final[Schema] = {
    ROW_NUMBER: Type.INTEGER,
    "file": Type.TEXT,
    "line": Type.INTEGER,
    "column": Type.TEXT,
    "reason": Type.TEXT,
    "text": Type.TEXT,
}
_ONLY_DELIMITED: Final = ("separator", "quote", "multiline")


class LoadFile(ActivityConfig):
    """Read delimited or fixed-width files; rows that cannot be read leave by `rejects`."""

    type: Literal["load_file"] = "load_file"
    file: FilePathText | None = Field(
        default=None,
        description="The file, or a pattern for several; a template. Without it, the files that"
        " the `transfer_file` in `after` brought.",
    )
    sample: Text | None = Field(
        default=None,
        description="A file of the project with a few made-up rows, which `validate` checks the"
        " columns with.",
    )
    format: Literal["delimited", "fixed"] = Field(
        default="delimited", description="Values between separators, or at fixed places."
    )
    separator: Separator | None = Field(
        default=None, description="The sign between values, or `tab`; found when left out."
    )
    quote: Quote = Field(
        default='"', description="The sign around values that hold separators, or `none`."
    )
    encoding: Encoding | None = Field(
        default=None, description="Such as `utf-8` or `cp1252`; found when left out."
    )
    header: bool | None = Field(
        default=None,
        description="Whether the first line names the columns; true, and false in `format: fixed`.",
    )
    skip: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=0, description="So many lines at the top are no rows."
    )
    multiline: bool = Field(default=True, description="Whether a quoted value may hold line ends.")
    line_number: ColumnName | None = Field(
        default=None, description="Name of a column for the number of the line in its file."
    )
    timezone: Zone | None = Field(
        default=None, description="Zone of times without an offset; the campaign's."
    )
    columns: dict[ColumnName, ColumnOption] = Field(
        min_length=1, description="The columns; others that the file has are left out."
    )
    max_rejects: Count = Field(
        default=0, description="With more rows that cannot be read, the activity fails."
    )
    delete_after: bool = Field(
        default=False, description="Delete the files once their rows are committed."
    )

    @model_validator(mode="after")
    def _options_fit_the_format(self) -> Self:
        fixed = self.format == "fixed"
        for option in _ONLY_DELIMITED if fixed else ():
            if getattr(self, option) != type(self).model_fields[option].default:
                fault("format", f"`{option}` is not for files of fixed width.", option)
        for name, column in self.columns.items():
            if fixed and column.width is None:
                fault("width", f"`{name}` has no `width`.", "columns", name)
            if not fixed and column.width is not None:
                message = "`width` is for `format: fixed`."
                fault("width", message, "columns", name, "width")
            if not self.has_header and column.header is not None:
                message = "without a header line, columns are told by their order."
                fault("header", message, "columns", name, "header")
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        lower = [name.lower() for name in self.columns]
        if self.line_number is not None and self.line_number.lower() in lower:
            fault("columns", f"`{self.line_number}` is a column already.", "line_number")
        for number, name in enumerate(self.columns):
            if name.lower() in lower[:number]:
                fault("columns", f"two columns are called `{name}`.", "columns", name)
        headers = [(c.header or name).lower() for name, c in self.columns.items()]
        for number, name in enumerate(self.columns):
            if headers[number] in headers[:number]:
                message = f"two columns read `{headers[number]}` of the file."
                fault("columns", message, "columns", name)
        if self.file is None and not self.after:
            fault("file", "it names no `file`, and follows no `transfer_file` that brings one.")
        return self

    @property
    def has_header(self) -> bool:
        """Whether a line names the columns."""
        return self.header if self.header is not None else self.format == "delimited"

    @property
    def table_schema(self) -> Schema:
        """The columns of the rows, by type; their number is their key."""
        line = {self.line_number: Type.INTEGER} if self.line_number else {}
        columns = {name: column.column_type for name, column in self.columns.items()}
        return {ROW_NUMBER: Type.INTEGER, **line, **columns}


def rows_table(activity: str) -> str:
    """The name under which a run binds the rows that were read."""
    return f"file__{activity}"


def rejects_table(activity: str) -> str:
    """The name under which a run binds the rows that could not be read."""
    return f"rejects__{activity}"


def load_file(config: LoadFile, context: ActivityContext) -> Outcome:
    """Return the rows that were read from the files, and those that could not be."""
    name = context.activity
    return Outcome(
        {
            "": Relation.table(rows_table(name), config.table_schema, (ROW_NUMBER,)),
            "rejects": Relation.table(rejects_table(name), REJECTS, (ROW_NUMBER,)),
        }
    )


EXAMPLE: Final = """\
leads:
  type: load_file
  file: leads-*.csv
  separator: ";"
  encoding: cp1252
  max_rejects: 100
  columns:
    email: {type: text, header: E-Mail, case: lower, empty: error}
    visited_on: {type: date, format: DD/MM/YYYY}
    interest: {type: enum, map: {A: audio, V: video}, unmapped: default, default: other}
recent: {type: filter, from: leads, where: visited_on >= days_ago(30)}
"""
ACTIVITY = ActivityType(
    name="load_file",
    config=LoadFile,
    example=EXAMPLE,
    run=load_file,
    outputs=lambda _: ("", "rejects"),
    starts=True,
    dimensionless=True,
    own_outputs=("rejects",),
)
