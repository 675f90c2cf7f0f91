"""An S3 bucket as a place of files: an object appears whole, so it is written under its name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from campanile.errors import ConfigurationError
from campanile.warehouse.places.extra import needing_extra
from campanile.warehouse.places.place import FoundFile, NoSuchFile, PlaceError

_TOKEN = "campanile-token"  # noqa: S105  the object's metadata: which write it comes from


@dataclass(frozen=True)
class S3Settings:
    """Which bucket, and whose; without keys those of the machine's role are taken."""

    bucket: str
    root: str = ""
    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = None


class S3Place:
    """The objects of a bucket below a prefix; `name` is what messages call it."""

    def __init__(self, name: str, settings: S3Settings) -> None:
        self.name = name
        with needing_extra(f"connection '{name}'"):
            import s3fs
            from botocore.exceptions import (
                BotoCoreError,
                ClientError,
            )
        self._errors = (OSError, BotoCoreError, ClientError)
        self._base = "/".join(part for part in (settings.bucket, settings.root.strip("/")) if part)
        self._fs: Any = s3fs.S3FileSystem(
            key=settings.access_key,
            secret=settings.secret_key,
            endpoint_url=settings.endpoint,
            client_kwargs={"region_name": settings.region} if settings.region else {},
            config_kwargs={"connect_timeout": 20, "read_timeout": 60},
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    def list(self, folder: str) -> list[FoundFile]:
        """The objects directly below a prefix."""
        with self._troubles(folder):
            try:
                entries = self._fs.ls(self._path(folder), detail=True, refresh=True)
            except FileNotFoundError:
                return []
        names = [str(entry["name"]).rpartition("/")[2] for entry in entries]
        return [
            _found(f"{folder}/{name}".lstrip("/"), entry)
            for name, entry in zip(names, entries, strict=True)
            if name and entry["type"] == "file"
        ]

    def find(self, path: str) -> FoundFile | None:
        """The object of that path, if there is one."""
        with self._troubles(path):
            try:
                entry = self._fs.info(self._path(path), refresh=True)
            except FileNotFoundError:
                return None
        return _found(path, entry) if entry["type"] == "file" else None

    def fetch(self, path: str, local: Path) -> None:
        """Copy an object to a new local file."""
        with self._troubles(path):
            self._fs.get_file(self._path(path), str(local))

    def put(self, local: Path, path: str, token: str, written: Callable[[], None]) -> None:
        """Let an object arrive; it bears the token of this write."""
        written()
        with self._troubles(path):
            self._fs.put_file(str(local), self._path(path), Metadata={_TOKEN: token})

    def complete(self, path: str, token: str, size: int) -> bool:
        """Whether the object of this very write is there."""
        found = self.find(path)
        if found is None or found.size != size:
            return False
        with self._troubles(path):
            facts = self._fs.metadata(self._path(path), refresh=True)
        return bool(facts.get(_TOKEN) == token)

    def delete(self, file: FoundFile) -> bool:
        """Delete the object if it is still the one that was found."""
        if self.find(file.path) != file:
            return False
        with self._troubles(file.path):
            self._fs.rm_file(self._path(file.path))
        return True

    def close(self) -> None:
        """End the connections."""
        self._fs.close_session(self._fs.loop, self._fs._s3)

    def _path(self, path: str) -> str:
        return f"{self._base}/{path}".rstrip("/")

    @contextmanager
    def _troubles(self, path: str) -> Iterator[None]:
        """Say what went wrong without a secret in it."""
        where = f"{self.name}: `{path}`" if path else self.name
        try:
            yield
        except FileNotFoundError as error:
            raise NoSuchFile(f"{where}: there is no such object.") from error
        except PermissionError as error:
            raise ConfigurationError(
                f"connection '{self.name}': the bucket does not let this project in."
            ) from error
        except self._errors as error:
            raise PlaceError(f"{where}: {type(error).__name__}.") from error


def _found(path: str, entry: dict[str, Any]) -> FoundFile:
    return FoundFile(path, int(entry["size"]), entry["LastModified"].astimezone(UTC))
