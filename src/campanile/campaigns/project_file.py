"""The project's settings file `campanile.yaml`: where things are, without secrets."""

from datetime import timedelta
from typing import Any

from pydantic import Field

from campanile.activities.options import Options
from campanile.activities.times import Duration
from campanile.activities.zones import Zone
from campanile.campaigns.approval_policies import ApprovalPolicy
from campanile.campaigns.connections import (
    BaseUrl,
    Connection,
    FileConnection,
    Positive,
    SecretVariable,
    SmtpConnection,
)
from campanile.campaigns.databases import DatabaseLocation, WarehouseSettings
from campanile.catalog.names import Name


class Retention(Options):
    """How long things are kept."""

    tables: Duration = Field(
        default=timedelta(days=30), description="Working tables, after their execution ended."
    )
    logs: Duration = Field(
        default=timedelta(days=90),
        description="Runs of Dagster with their events and output, once their execution is over.",
    )
    events: Duration = Field(
        default=timedelta(days=730), description="Opens and clicks, after they came in."
    )


class Limits(Options):
    """What one process may take."""

    memory: str = Field(
        default="2GB", pattern=r"^\d+(MB|GB)$", description="Memory of the query engine."
    )
    threads: Positive = Field(default=2, description="Threads of the query engine.")


class StoreLocation(Options):
    """Where the operational store is."""

    location: str = Field(
        default="dagster_home/campanile",
        description="Folder for SQLite, or postgresql://host/database.",
    )
    password_variable: SecretVariable | None = Field(
        default=None, description="Environment variable that holds the password."
    )


class Tracking(Options):
    """The public side: pixels, links, opt-outs."""

    base_url: BaseUrl = Field(
        default="http://127.0.0.1:8400", description="The address recipients' programs reach."
    )


class Environment(Options):
    """What is different in one environment."""

    store: StoreLocation | None = Field(default=None, description="Where the store is.")
    warehouse: WarehouseSettings | None = Field(default=None, description="The engine.")
    databases: dict[Name, DatabaseLocation] = Field(default={}, description="Other databases.")
    tracking: Tracking | None = Field(default=None, description="The public side.")
    connections: dict[Name, Connection] = Field(default={}, description="Other servers.")


class ProjectFile(Options):
    """What `campanile.yaml` says; the chosen environment is merged in by `in_environment`."""

    name: Name = Field(description="The project's name.")
    timezone: Zone = Field(default="UTC", description="Time zone of campaigns that name none.")
    environment: Name = Field(default="production", description="Where this checkout runs.")
    environments: dict[Name, Environment] = Field(
        default={}, description="What differs, by environment."
    )
    connections: dict[Name, Connection] = Field(
        default={}, description="Servers and folders, without secrets."
    )
    retention: Retention = Field(default=Retention(), description="How long things are kept.")
    limits: Limits = Field(default=Limits(), description="What one process may take.")
    store: StoreLocation = Field(default=StoreLocation(), description="The operational store.")
    warehouse: WarehouseSettings = Field(
        default=WarehouseSettings(), description="The engine that selects."
    )
    databases: dict[Name, DatabaseLocation] = Field(
        default={}, description="Databases that entities are copied from, without secrets."
    )
    tracking: Tracking = Field(default=Tracking(), description="The public side.")
    approvals: dict[Name, ApprovalPolicy] = Field(
        default={}, description="Who approves which publications; of several policies, all."
    )
    masked_previews: bool = Field(
        default=False, description="No effect yet: show masked rows in the metadata of Dagster."
    )

    @property
    def mail_servers(self) -> dict[str, SmtpConnection]:
        """The connections that carry messages."""
        return {n: c for n, c in self.connections.items() if isinstance(c, SmtpConnection)}

    @property
    def file_places(self) -> dict[str, FileConnection]:
        """The connections that files lie at."""
        return {n: c for n, c in self.connections.items() if isinstance(c, FileConnection)}

    def in_environment(self, named: str | None = None) -> "ProjectFile":
        """Return the settings of an environment, by default the one the file names."""
        chosen = self.environments.get(named or self.environment, Environment())
        changes: dict[str, Any] = {"environment": named or self.environment}
        changes["connections"] = {**self.connections, **chosen.connections}
        changes["databases"] = {**self.databases, **chosen.databases}
        for name in ("store", "warehouse", "tracking"):
            if (other := getattr(chosen, name)) is not None:
                changes[name] = other
        return self.model_copy(update=changes)
