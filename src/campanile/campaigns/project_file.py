"""The project's settings file `campanile.yaml`: where things are, without secrets."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from campanile.activities.base import Options
from campanile.activities.values import Duration, fault
from campanile.campaigns.schedule import Zone
from campanile.catalog.names import Name


def _require_variable(name: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        fault("secret", "a secret is named by an environment variable, such as SHOP_SMTP_PASSWORD.")
    return name


def _require_url(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
        fault("url", "a base URL begins with https:// or http:// and a host.")
    return url.rstrip("/")


SecretVariable = Annotated[str, AfterValidator(_require_variable)]
BaseUrl = Annotated[str, AfterValidator(_require_url)]
Positive = Annotated[int, Field(gt=0)]


class SmtpConnection(Options):
    """A mail server."""

    type: Literal["smtp"] = Field(default="smtp", description="The kind of server.")
    host: str = Field(min_length=1, description="Host name or address.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(default=587, description="Port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is encrypted."
    )
    username: str = Field(default="", description="Name to log in with; no login when left out.")
    password_variable: SecretVariable | None = Field(
        default=None, description="Environment variable that holds the password."
    )
    connections: Positive = Field(default=4, description="Connections at a time, per process.")
    processes: Positive = Field(default=1, description="Processes that send at a time.")


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
        default=timedelta(days=730), description="No effect yet: opens and clicks; all are kept."
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
    tracking: Tracking | None = Field(default=None, description="The public side.")
    connections: dict[Name, SmtpConnection] = Field(default={}, description="Other servers.")


class ProjectFile(Options):
    """What `campanile.yaml` says; the chosen environment is merged in by `in_environment`."""

    name: Name = Field(description="The project's name.")
    timezone: Zone = Field(default="UTC", description="Time zone of campaigns that name none.")
    environment: Name = Field(default="production", description="Where this checkout runs.")
    environments: dict[Name, Environment] = Field(
        default={}, description="What differs, by environment."
    )
    connections: dict[Name, SmtpConnection] = Field(
        default={}, description="Servers, without secrets."
    )
    retention: Retention = Field(default=Retention(), description="How long things are kept.")
    limits: Limits = Field(default=Limits(), description="What one process may take.")
    store: StoreLocation = Field(default=StoreLocation(), description="The operational store.")
    tracking: Tracking = Field(default=Tracking(), description="The public side.")
    masked_previews: bool = Field(
        default=False, description="No effect yet: show masked rows in the metadata of Dagster."
    )

    def in_environment(self, name: str | None = None) -> "ProjectFile":
        """Return the settings of an environment, by default the one the file names."""
        chosen = self.environments.get(name or self.environment, Environment())
        changes: dict[str, Any] = {"environment": name or self.environment}
        changes["connections"] = {**self.connections, **chosen.connections}
        if chosen.store is not None:
            changes["store"] = chosen.store
        if chosen.tracking is not None:
            changes["tracking"] = chosen.tracking
        return self.model_copy(update=changes)
