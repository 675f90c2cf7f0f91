"""The warehouse and the databases that a project's settings name, ready to be opened."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from campanile.activities.values import ParameterRef
from campanile.campaigns.databases import DatabaseLocation, WarehouseSettings
from campanile.campaigns.project_file import ProjectFile
from campanile.errors import ConfigurationError
from campanile.operations.project import CompanyDatabase
from campanile.settings.secrets import database_url, secret
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from campanile.warehouse.postgres import PostgresServer


def build_warehouse(
    state: Path, settings: ProjectFile, environment: Mapping[str, str]
) -> Warehouse:
    """The engine of the project; nothing is connected to before a session is opened."""
    lake = DuckDBLake(
        root=state / "lake",
        memory_limit=settings.limits.memory,
        threads=settings.limits.threads,
        temp_directory=state / "tmp",
    )
    written = settings.warehouse
    if written.engine == "postgresql":
        return _postgres(lake, written, environment)
    if written.engine == "spark":
        return _spark(lake, written, environment)
    return lake


def build_databases(
    settings: ProjectFile, environment: Mapping[str, str]
) -> dict[str, CompanyDatabase]:
    """The databases that tables are copied from, by name."""
    return {
        name: CompanyDatabase(
            _server(written, f"database '{name}'", environment),
            fixed("copy_every", written.copy_every),
        )
        for name, written in settings.databases.items()
    }


def fixed(what: str, duration: timedelta | ParameterRef) -> timedelta:
    """A duration of the settings, where there are no parameters."""
    if isinstance(duration, ParameterRef):
        raise ConfigurationError(f"{what} is a duration, such as 30 days.")
    return duration


def _postgres(
    lake: DuckDBLake, written: WarehouseSettings, environment: Mapping[str, str]
) -> Warehouse:
    server = _server(written, "the warehouse", environment)
    from campanile.warehouse.postgres import PostgresWarehouse

    return PostgresWarehouse(lake.root, lake, server, written.schema_)


def _spark(
    lake: DuckDBLake, written: WarehouseSettings, environment: Mapping[str, str]
) -> Warehouse:
    try:
        from campanile.warehouse.spark import SparkWarehouse
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "Spark needs a package that is not installed.",
            remedy="Install it: pip install 'campanile[spark]'",
        ) from error

    url = written.location
    if written.password_variable is not None:
        token = secret(written.password_variable, "the warehouse", environment)
        url = f"{url.rstrip('/;')}/;token={token.get_secret_value()}"
    return SparkWarehouse(lake.root, lake, url, written.tables)


def _server(
    written: DatabaseLocation | WarehouseSettings, what: str, environment: Mapping[str, str]
) -> "PostgresServer":
    try:
        from campanile.warehouse.postgres import PostgresServer
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "PostgreSQL needs a package that is not installed.",
            remedy="Install it: pip install 'campanile[postgres]'",
        ) from error

    url = database_url(written.location, written.password_variable, what, environment)
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return PostgresServer(plain, fixed("timeout", written.timeout))
