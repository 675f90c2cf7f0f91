"""Transfer file: bring, send, look for or list files; each file is a row of its working table."""

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ROW_NUMBER, ActivityContext
from campanile.activities.file_paths import FilePathText, connection_in
from campanile.activities.values import fault
from campanile.relations.relation import Relation
from campanile.relations.scope import Scope
from campanile.relations.tables import compile_aggregate
from campanile.relations.types import Schema, Type

Action = Literal["get", "put", "exists", "list"]
FILES: Final[Schema] = {
    ROW_NUMBER: Type.INTEGER,
    "file": Type.TEXT,
    "path": Type.TEXT,
    "size": Type.INTEGER,
    "modified_at": Type.TIMESTAMP,
}
MISSING: Final[Schema] = {ROW_NUMBER: Type.INTEGER, "path": Type.TEXT}
FAILED: Final[Schema] = {
    ROW_NUMBER: Type.INTEGER,
    "file": Type.TEXT,
    "path": Type.TEXT,
    "reason": Type.TEXT,
}
TABLES: Final[dict[str, Schema]] = {"": FILES, "missing": MISSING, "failed": FAILED}


class TransferFile(ActivityConfig):
    """Copy files between folders and servers, or look what is there; a test copies nothing."""

    type: Literal["transfer_file"] = "transfer_file"
    action: Action = Field(
        default="get",
        description="Bring files, send them, look whether they are there, or list them.",
    )
    source: FilePathText = Field(
        description="The file, a pattern for several, or a folder that ends with `/`; a template."
    )
    target: FilePathText | None = Field(
        default=None,
        description="Where to: a file, or a folder that ends with `/`; a template. What `get`"
        " brings lies among the project's received files when it is left out.",
    )
    delete_source: bool = Field(
        default=False, description="Delete each file once its copy is whole and recorded."
    )

    @model_validator(mode="after")
    def _options_fit_the_action(self) -> Self:
        looks = self.action in ("exists", "list")
        if looks and self.target is not None:
            fault("target", f"`action: {self.action}` copies nothing.", "target")
        if looks and self.delete_source:
            fault("target", f"`action: {self.action}` deletes nothing.", "delete_source")
        if self.action == "put" and self.target is None:
            fault("target", "`action: put` needs a `target`.")
        if self.action == "get" and self.target is None and connection_in(self.source) is None:
            fault("source", "the file is the project's own: `get` needs a `target`.", "source")
        if self.target is not None:
            self._check_target(self.target)
        return self

    def _check_target(self, target: str) -> None:
        if any(sign in target.rpartition("/")[2] for sign in "*?["):
            fault("target", "a target is no pattern; a folder ends with `/`.", "target")
        several = self.source.endswith("/") or any(s in self.source for s in "*?[")
        if several and not target.endswith("/"):
            fault("target", "several files need a folder, which ends with `/`.", "target")


def files_table(activity: str, output: str) -> str:
    """The name under which a run binds the files of one output."""
    return f"files__{activity}__{output or 'found'}"


def transfer_file(_: TransferFile, context: ActivityContext) -> Outcome:
    """Return the files that were found or copied, the pattern that none fits, and what failed.

    `missing` and `failed` are reached when they have rows; the main output unless all is missing.
    """
    outputs = {
        output: Relation.table(files_table(context.activity, output), schema, (ROW_NUMBER,))
        for output, schema in TABLES.items()
    }
    some = compile_aggregate("count() > 0", Scope())
    none = compile_aggregate("count() = 0", Scope())
    return Outcome(
        outputs,
        reached={
            "": outputs["missing"].aggregate([], {"reached": none}),
            "missing": outputs["missing"].aggregate([], {"reached": some}),
            "failed": outputs["failed"].aggregate([], {"reached": some}),
        },
    )


EXAMPLE: Final = """\
fetch: {type: transfer_file, source: inbox/leads-*.csv, target: fair/, delete_source: true}
leads: {type: load_file, after: fetch, columns: {email: text}}
nothing_came: {type: alert, from: fetch.missing, title: Fair, message: No file today.}
"""
ACTIVITY = ActivityType(
    name="transfer_file",
    config=TransferFile,
    example=EXAMPLE,
    run=transfer_file,
    outputs=lambda _: tuple(TABLES),
    starts=True,
    dimensionless=True,
    own_outputs=("missing", "failed"),
)
