"""An SFTP server as a place of files: its key is known beforehand, its links are not followed."""

import posixpath
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campanile.errors import ConfigurationError
from campanile.warehouse.places.extra import needing_extra
from campanile.warehouse.places.place import FoundFile, NoSuchFile, PlaceError, part_path

_PATIENCE = 30  # seconds until a server that does not answer is given up


@dataclass(frozen=True)
class SftpSettings:
    """Whom to ask for files, and as whom; `key` is the text of a private key (OpenSSH, PEM)."""

    host: str
    port: int
    username: str
    known_hosts: Path
    root: str = ""
    password: str | None = None
    key: str | None = None
    passphrase: str | None = None


class SftpPlace:
    """The files below the root of an SFTP account; `name` is what messages call it."""

    def __init__(self, name: str, settings: SftpSettings) -> None:
        self.name = name
        self._settings = settings
        with needing_extra(f"connection '{name}'"):
            import asyncssh
            import sshfs
            from fsspec.asyn import FSTimeoutError, sync
        self._sync = sync
        self._ssh = asyncssh
        self._errors = (OSError, asyncssh.Error, FSTimeoutError)
        with self._troubles(""):
            self._fs = sshfs.SSHFileSystem(
                settings.host,
                skip_instance_cache=True,
                timeout=_PATIENCE,
                port=settings.port,
                username=settings.username,
                password=settings.password,
                client_keys=self._keys(),
                known_hosts=str(self._known_hosts()),
                agent_path=None,
                config=None,
                keepalive_interval=15,
            )

    def list(self, folder: str) -> list[FoundFile]:
        """The files directly in a folder; links are left out."""
        with self._troubles(folder):
            try:
                entries = self._fs.ls(self._inside(folder), detail=True)
            except FileNotFoundError:
                return []
        return [
            FoundFile(
                f"{folder}/{posixpath.basename(entry['name'])}".lstrip("/"),
                int(entry["size"]),
                entry["mtime"],
            )
            for entry in entries
            if entry["type"] == "file"
        ]

    def find(self, path: str) -> FoundFile | None:
        """The file of that path, if there is one and it is no link."""
        folder, _, name = path.rpartition("/")
        with self._troubles(path):
            try:
                real = posixpath.join(self._inside(folder), name)
                facts = self._ask(lambda channel: channel.lstat(real))
            except FileNotFoundError:
                return None
        entry = self._fs._decode_attributes(facts)
        if entry["type"] != "file":
            return None
        return FoundFile(path, int(entry["size"]), entry["mtime"])

    def fetch(self, path: str, local: Path) -> None:
        """Copy a file to a new local file."""
        if self.find(path) is None:
            raise NoSuchFile(f"{self.name}: there is no file `{path}`.")
        with self._troubles(path):
            self._fs.get_file(self._path(path), str(local))

    def put(self, local: Path, path: str, token: str, written: Callable[[], None]) -> None:
        """Let a file arrive: another name, its size compared, then renamed."""
        folder = path.rpartition("/")[0]
        with self._troubles(path):
            if folder:
                self._fs.makedirs(self._path(folder), exist_ok=True)
            self._inside(folder)
            part = self._path(part_path(path, token))
            self._fs.put_file(str(local), part)
            arrived = self._ask(lambda channel: channel.lstat(part))
        if arrived.size != local.stat().st_size:
            raise PlaceError(f"{self.name}: `{path}` arrived with another size.")
        written()
        self.complete(path, token, local.stat().st_size)

    def complete(self, path: str, token: str, size: int) -> bool:  # noqa: ARG002
        """Give the finished file its name; it has it already when the other name is gone."""
        part, final = self._path(part_path(path, token)), self._path(path)
        with self._troubles(path):
            self._inside(path.rpartition("/")[0])
            try:
                self._ask(lambda channel: channel.posix_rename(part, final))
            except FileNotFoundError:
                return True
            except self._ssh.SFTPOpUnsupported:
                self._rename_plainly(part, final)
        return True

    def _rename_plainly(self, part: str, final: str) -> None:
        """Rename on a server that replaces no file by a rename: the former one goes first."""
        with suppress(FileNotFoundError):
            self._ask(lambda channel: channel.unlink(final))
        self._ask(lambda channel: channel.rename(part, final))

    def delete(self, file: FoundFile) -> bool:
        """Delete the file if it is still the one that was found."""
        if self.find(file.path) != file:
            return False
        with self._troubles(file.path):
            self._fs.rm_file(self._path(file.path))
        return True

    def close(self) -> None:
        """End the connection."""
        self._sync(self._fs.loop, self._fs._pool.close)
        self._sync(self._fs.loop, self._fs._stack.aclose)

    # ── inside ──────────────────────────────────────────────────────────────────────────────────

    def _path(self, path: str) -> str:
        return posixpath.join(self._settings.root or ".", path) if path else self._top()

    def _top(self) -> str:
        return self._settings.root or "."

    def _inside(self, folder: str) -> str:
        """The path of a folder; raises PlaceError when a link on the way leads out of the root."""
        root = self._ask(lambda channel: channel.realpath(self._top()))
        real = self._ask(lambda channel: channel.realpath(self._path(folder)))
        base = str(root).rstrip("/")
        if real != root and not str(real).startswith(f"{base}/"):
            raise PlaceError(f"{self.name}: `{folder}` is a link that leads out of the root.")
        return self._path(folder)

    def _ask(self, call: Callable[[Any], Awaitable[Any]]) -> Any:
        """Ask the server something that fsspec has no word for."""

        async def asked() -> Any:
            async with self._fs._pool.get() as channel:
                return await call(channel)

        try:
            return self._sync(self._fs.loop, asked, timeout=_PATIENCE)
        except self._ssh.SFTPNoSuchFile as error:
            raise FileNotFoundError from error

    def _keys(self) -> Any:
        if self._settings.key is None:
            return None
        try:
            key = self._ssh.import_private_key(self._settings.key, self._settings.passphrase)
        except (self._ssh.KeyImportError, self._ssh.KeyEncryptionError) as error:
            raise ConfigurationError(
                f"connection '{self.name}': the private key cannot be read.",
                remedy="It is in OpenSSH or PEM form; an encrypted one needs its passphrase.",
            ) from error
        return [key]

    def _known_hosts(self) -> Path:
        path = self._settings.known_hosts
        if path.is_file():
            return path
        raise ConfigurationError(
            f"connection '{self.name}': there is no file {path} of known hosts.",
            remedy=f"Write the key of {self._settings.host} to it; `ssh-keyscan` shows it,"
            " compare it with what the server's owner tells you.",
        )

    @contextmanager
    def _troubles(self, path: str) -> Iterator[None]:
        """Say what went wrong without a secret in it."""
        where = f"{self.name}: `{path}`" if path else self.name
        try:
            yield
        except self._ssh.HostKeyNotVerifiable as error:
            raise ConfigurationError(
                f"connection '{self.name}': the server's key is not the one in"
                f" {self._settings.known_hosts}.",
                remedy="Nothing was sent to it. Ask its owner for the key, and write it there.",
            ) from error
        except (PermissionError, self._ssh.PermissionDenied) as error:
            if path:
                raise PlaceError(f"{where}: the server does not permit it.") from error
            raise ConfigurationError(
                f"connection '{self.name}': the server does not let '{self._settings.username}' in."
            ) from error
        except (FileNotFoundError, self._ssh.SFTPNoSuchFile) as error:
            raise NoSuchFile(f"{where}: there is no such file.") from error
        except self._errors as error:
            raise PlaceError(f"{where}: {_said(error)}.") from error


def _said(error: BaseException) -> str:
    """What an error of the network or the server says, in few words."""
    text = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return str(text).strip().rstrip(".") or type(error).__name__
