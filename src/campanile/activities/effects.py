"""What an activity changes beyond its own tables when it commits: audiences, entities, files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from campanile.relations.relation import Relation


@dataclass(frozen=True)
class SaveAudience:
    """Keep `relation` as the saved audience `audience` when the activity commits.

    `identity` are the columns by which a row is known: two rows never agree in all of them.
    """

    audience: str
    mode: Literal["replace", "append", "update"]
    columns: tuple[str, ...]
    relation: "Relation"
    identity: tuple[str, ...]


@dataclass(frozen=True)
class UpdateEntity:
    """Put `relation`, whole rows of `entity`, into its `version`; or take them out."""

    entity: str
    version: int
    removes: bool
    relation: "Relation"


@dataclass(frozen=True)
class FileLayout:
    """How rows are written to a file: its kind, headers in their order, signs and packing.

    `guards`: a text that a spreadsheet would run as a formula gets an apostrophe in front.
    """

    format: Literal["csv", "parquet"]
    headers: tuple[str, ...]
    header: bool = True
    separator: str = ","
    encoding: str = "utf-8"
    guards: bool = True
    compress: Literal["none", "gzip", "zip"] = "none"


@dataclass(frozen=True)
class WriteFile:
    """Write a file when the activity commits.

    The first columns of `relation` are the file's, in the order of the headers; its rows are in
    the order of the file.
    """

    file: str
    layout: FileLayout
    relation: "Relation"


@dataclass(frozen=True)
class Alert:
    """Tell the campaign's supervisors and subscribers."""

    title: str
    message: str


@dataclass(frozen=True)
class Signal:
    """Start another campaign with `payload` as its parameters."""

    campaign: str
    payload: Mapping[str, object]


Effect: TypeAlias = SaveAudience | UpdateEntity | WriteFile | Alert | Signal
