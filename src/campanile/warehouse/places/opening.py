"""The places of a project: its own folder for files, and its connections, opened when needed."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from campanile.campaigns.connections import (
    FileConnection,
    FolderConnection,
    S3Connection,
    SftpConnection,
)
from campanile.errors import Refused
from campanile.relations.parse import did_you_mean
from campanile.warehouse.places.folder import FolderPlace
from campanile.warehouse.places.place import Place

OWN = "the project's files"
_RECEIVED = "received"


@dataclass(frozen=True)
class Places:
    """Where a project's files may lie; there is no other way to a folder or a server.

    `own` is the project's folder for files, `project` the folder that paths of connections are
    relative to; `secret` gives the value of an environment variable, or refuses, naming it.
    """

    own: Path
    project: Path
    connections: Mapping[str, FileConnection] = field(default_factory=dict)
    secret: Callable[[str, str], str] = lambda variable, _: variable

    @staticmethod
    def received(campaign: str, execution: str, activity: str) -> str:
        """The folder of the project's files for what a transfer without a target brings."""
        return f"{_RECEIVED}/{campaign}/{execution}/{activity}/"

    def forget(self, campaign: str, execution: str) -> None:
        """Delete what an execution received, when its working tables go."""
        shutil.rmtree(self.own / _RECEIVED / campaign / execution, ignore_errors=True)

    @contextmanager
    def opened(self, connection: str | None) -> Iterator[Place]:
        """The place of a connection (None: the project's own folder), closed at the end."""
        place = self._open(connection)
        try:
            yield place
        finally:
            place.close()

    def _open(self, name: str | None) -> Place:
        if name is None:
            self.own.mkdir(parents=True, exist_ok=True)
            return FolderPlace(OWN, self.own)
        written = self.connections.get(name)
        if isinstance(written, FolderConnection):
            return FolderPlace(name, self.project / Path(written.path).expanduser())
        if isinstance(written, SftpConnection):
            return self._sftp(name, written)
        if isinstance(written, S3Connection):
            return self._s3(name, written)
        raise Refused(
            f"there is no connection for files `{name}`.",
            remedy=did_you_mean(name, self.connections),
        )

    def _sftp(self, name: str, written: SftpConnection) -> Place:
        from campanile.warehouse.places.sftp import SftpPlace, SftpSettings

        key = self._secret(written.key_variable, name)
        if key is not None and "-----BEGIN" not in key:
            key = Path(key).expanduser().read_text(encoding="ascii")
        settings = SftpSettings(
            host=written.host,
            port=written.port,
            username=written.username,
            known_hosts=self.project / Path(written.known_hosts).expanduser(),
            root=written.root,
            password=self._secret(written.password_variable, name),
            key=key,
            passphrase=self._secret(written.passphrase_variable, name),
        )
        return SftpPlace(name, settings)

    def _s3(self, name: str, written: S3Connection) -> Place:
        from campanile.warehouse.places.s3 import S3Place, S3Settings

        settings = S3Settings(
            bucket=written.bucket,
            root=written.root,
            endpoint=written.endpoint,
            region=written.region,
            access_key=self._secret(written.access_key_variable, name),
            secret_key=self._secret(written.secret_key_variable, name),
        )
        return S3Place(name, settings)

    def _secret(self, variable: str | None, name: str) -> str | None:
        return self.secret(variable, f"connection '{name}'") if variable else None
