"""Settings of the engine that selects, and of the databases that tables are copied from."""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from campanile.activities.options import Options
from campanile.activities.times import Duration
from campanile.activities.values import fault
from campanile.campaigns.connections import SecretVariable
from campanile.catalog.names import Name


def _require_postgres(url: str) -> str:
    if not re.fullmatch(r"postgres(ql)?://\S+", url):
        fault("url", "a database's location is postgresql://user@host/database.")
    return url


PostgresUrl = Annotated[str, AfterValidator(_require_postgres)]


class DatabaseLocation(Options):
    """A PostgreSQL database of the company: tables named as sources are copied from it."""

    location: PostgresUrl = Field(description="postgresql://user@host/database.")
    password_variable: SecretVariable | None = Field(
        default=None, description="Environment variable that holds the password."
    )
    copy_every: Duration = Field(
        default=timedelta(minutes=10),
        description="A copy that is younger serves the next segment as well.",
    )
    timeout: Duration = Field(
        default=timedelta(minutes=30), description="The longest that one statement may take."
    )


class WarehouseSettings(Options):
    """The engine that selects: where customer data and working tables are."""

    engine: Literal["duckdb", "postgresql", "spark"] = Field(
        default="duckdb", description="The lake of Parquet files here, or the company's engine."
    )
    location: str = Field(
        default="",
        pattern=r"^(|postgres(ql)?://\S+|sc://\S+)$",
        description="postgresql://user@host/database, or sc://host:port of Spark Connect.",
    )
    password_variable: SecretVariable | None = Field(
        default=None,
        description="Environment variable that holds the password, or the token of Spark.",
    )
    schema_: Name = Field(
        default="campanile", alias="schema", description="PostgreSQL: the schema of our tables."
    )
    tables: str = Field(
        default="", description="Spark: where our tables lie, as s3://bucket/folder or a path."
    )
    timeout: Duration = Field(
        default=timedelta(minutes=30), description="The longest that one statement may take."
    )

    @model_validator(mode="after")
    def _fits_its_engine(self) -> Self:
        scheme = {"duckdb": "", "postgresql": "postgres", "spark": "sc"}[self.engine]
        if self.location.partition(":")[0].removesuffix("ql") != scheme:
            wanted = {
                "duckdb": "the lake has no location: it lies in the project's state.",
                "postgresql": "location is postgresql://user@host/database.",
                "spark": "location is sc://host:port, the address of Spark Connect.",
            }
            fault("warehouse", f"with engine: {self.engine}, {wanted[self.engine]}")
        if (self.engine == "spark") != bool(self.tables):
            fault("warehouse", "tables is where Spark keeps our tables; only Spark needs it.")
        return self
