"""What a catalog file may say: entities with columns and links, and targeting dimensions."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from campanile.catalog.names import Name

Channel = Literal["email", "sms", "push", "direct_mail", "webhook"]
ColumnType = Literal["text", "integer", "number", "boolean", "date", "timestamp", "enum"]


class FileModel(BaseModel):
    """A map of a project file: each key is known, or refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True
    )


class ColumnEntry(FileModel):
    """A column that says more than its type: its label, whether it is personal."""

    type: ColumnType = Field(description="What its values are.")
    values: tuple[str, ...] = Field(default=(), description="All values of an enum.")
    personal: bool = Field(default=False, description="Masked in previews; never in a log.")
    label: str = Field(default="", description="A title for people.")
    as_: str | None = Field(
        default=None, alias="as", description="Its name in the source, where that differs."
    )

    @model_validator(mode="after")
    def _values_belong_to_an_enum(self) -> Self:
        if bool(self.values) != (self.type == "enum"):
            text = "an enum lists its `values`, and no other type has any."
            raise PydanticCustomError("enum", "{text}", {"text": text})
        return self


class LinkEntry(FileModel):
    """A link, written on the side that holds the key."""

    to: str = Field(description="The entity it leads to.")
    match: dict[str, str] = Field(
        min_length=1, description="Columns of this side and, for each, that of the other."
    )
    back: Name | None = Field(default=None, description="Name of the way back, the many side.")
    unique: bool = Field(default=False, description="The way back leads to one row at most.")


class SourceEntry(FileModel):
    """Where the rows are."""

    loaded: Literal[True] | None = Field(default=None, description="In the product's own lake.")
    files: str | None = Field(
        default=None, description="Parquet or CSV files, from the project's folder; a glob."
    )
    duckdb: str | None = Field(
        default=None, description="A DuckDB file, from the project's folder; needs `table`."
    )
    table: str | None = Field(
        default=None,
        pattern=r"^[^\s\".]+(\.[^\s\".]+){0,2}$",
        description="The table: of the DuckDB file, or of the company's database.",
    )
    database: Name | None = Field(
        default=None,
        description="Which of `databases:` holds the table; it may be left out where one can.",
    )

    @field_validator("loaded", mode="before")
    @classmethod
    def _loaded_is_true(cls, written: Any) -> Any:
        return True if written == "true" else written

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        places = [self.loaded, self.files, self.duckdb or self.table]
        named = sum(place is not None for place in places)
        lost = (self.duckdb and not self.table) or (self.table and (self.loaded or self.files))
        if named != 1 or lost or (self.database and (self.duckdb or not self.table)):
            text = "a source is one of {loaded: true}, {files}, {duckdb, table} or {table}."
            raise PydanticCustomError("source", "{text}", {"text": text})
        return self


class EntityEntry(FileModel):
    """A table of the customer's data."""

    source: SourceEntry = Field(
        default=SourceEntry(loaded=True), description="Where its rows are; its own lake."
    )
    key: tuple[str, ...] = Field(
        min_length=1, description="The primary key: a column, or a list of them."
    )
    version: str | None = Field(
        default=None, description="Column by which the newest row wins on load."
    )
    label: str = Field(default="", description="A title for people.")
    columns: dict[str, ColumnEntry] = Field(
        default={},
        description="Columns: the type alone, or a map; may be left out unless it is loaded.",
    )
    links: dict[Name, LinkEntry] = Field(
        default={}, description="Ways to one row of another entity, by the name rules call them."
    )
    asset_key: tuple[str, ...] | None = Field(
        default=None, description="The dbt or Dagster asset that makes the table."
    )

    @field_validator("key", "asset_key", mode="before")
    @classmethod
    def _one_or_many(cls, written: Any) -> Any:
        return (written,) if isinstance(written, str) else written

    @field_validator("columns", mode="before")
    @classmethod
    def _type_alone(cls, written: Any) -> Any:
        if not isinstance(written, dict):
            return written
        return {k: {"type": v} if isinstance(v, str) else v for k, v in written.items()}


class DimensionEntry(FileModel):
    """A targeting dimension: the entity whose rows a working table identifies."""

    entity: str | None = Field(
        default=None, description="Its entity; the one of its name when left out."
    )
    default: bool = Field(default=False, description="Taken where a campaign names none.")
    addresses: dict[Channel, str] = Field(
        default={}, description="Expression for the address, by channel."
    )
    consent: dict[Channel, str] = Field(
        default={}, description="Expression for the consent, by channel."
    )
    language: str | None = Field(default=None, description="Expression for the language.")
    timezone: str | None = Field(
        default=None, description="No effect yet: expression for the time zone."
    )
    recipient: str | None = Field(
        default=None, description="Link to the person, where the dimension is not one."
    )


class CatalogFile(FileModel):
    """A file of `catalog/`."""

    entities: dict[Name, EntityEntry] = Field(default={}, description="Tables, by name.")
    dimensions: dict[Name, DimensionEntry] = Field(
        default={}, description="Targeting dimensions, by name."
    )
