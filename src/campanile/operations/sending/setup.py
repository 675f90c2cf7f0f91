"""What one sending process is told on its standard input, and what it says on its output."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from campanile.channels.smtp import SmtpConnection
from campanile.deliveries.messages import ReplyStatus
from campanile.store.database import Database
from campanile.tracking.tokens import KeyRing


def _shown(connection: SmtpConnection) -> dict[str, Any]:
    values = connection.model_dump(mode="json")
    if connection.password is not None:
        values["password"] = connection.password.get_secret_value()
    return values


class WorkerSetup(BaseModel):
    """Everything a process needs; it holds secrets, so it travels through a pipe only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    location: str = Field(description="Folder or URL of the store.")
    delivery_id: int
    identity: str = Field(description="Environment that sending must be armed for.")
    state_folder: Path
    connection: Annotated[SmtpConnection, PlainSerializer(_shown)]
    secrets: Mapping[int, str] = Field(description="Signing keys by id.")
    current_key: int
    deadline: datetime
    drain_seconds: float = 10.0

    @property
    def journals(self) -> Path:
        """Folder of the journals of this machine."""
        return journals_folder(self.state_folder)

    @property
    def keys(self) -> KeyRing:
        """The signing keys."""
        return KeyRing.parse(self.secrets, self.current_key)


class WorkerReport(BaseModel):
    """One line of a process's output: totals so far; `reason` only in the last one."""

    replies: Mapping[ReplyStatus, int]
    excluded: int = 0
    reason: str | None = None
    note: str | None = None


def location_of(database: Database) -> str:
    """Where another process opens the same store: a folder, or a URL with its password."""
    url = database.engine.url
    if database.is_sqlite:
        return str(Path(url.database or "").absolute().parent)
    return url.render_as_string(hide_password=False)


def journals_folder(state_folder: Path) -> Path:
    """Where the journals of a state folder lie."""
    return state_folder / "journals"
