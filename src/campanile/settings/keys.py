"""The project's signing keys: from the environment, or a file only its owner can read."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkstemp

from campanile.errors import ConfigurationError
from campanile.tracking.tokens import SECRET_BYTES, KeyRing

KEYS_VARIABLE = "CAMPANILE_KEYS"


def read_keys(path: Path, environment: Mapping[str, str]) -> KeyRing:
    """Return the keys: JSON such as {"current": 1, "keys": {"1": "64 hex digits"}}.

    CAMPANILE_KEYS beats the file. Without either a file with a fresh key is made: losing
    it kills every unsubscribe link, so it belongs into the backup.
    """
    written = environment.get(KEYS_VARIABLE)
    if written is not None:
        return _parse(written, f"the variable {KEYS_VARIABLE}")
    if not path.exists():
        _create(path)
    try:
        return _parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ConfigurationError(f"{path}: the keys cannot be read: {error.strerror}.") from error


def project_keys(state: Path, environment: Mapping[str, str] = os.environ) -> KeyRing:
    """Return the keys of the project with this state folder, as they are now."""
    return read_keys(keys_file(state), environment)


def keys_file(state: Path) -> Path:
    """Where the keys lie."""
    return state / "keys.json"


def are_in_environment(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the variable holds the keys, so that the file counts for nothing."""
    return KEYS_VARIABLE in environment


def write_keys(path: Path, keys: KeyRing) -> None:
    """Replace the file, for its owner's eyes only; a reader sees the old keys or the new ones."""
    text = json.dumps({"current": keys.current, "keys": keys.to_text()})
    temporary = _written(path, text)
    temporary.replace(path)


def _create(path: Path) -> None:
    """Write a first key; when two processes do, the first one's file stays."""
    text = json.dumps({"current": 1, "keys": {"1": secrets.token_hex(SECRET_BYTES)}})
    temporary = _written(path, text)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _written(path: Path, text: str) -> Path:
    """Write a file beside `path`, forced to disk; returns it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, written = mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    temporary = Path(written)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _parse(text: str, where: str) -> KeyRing:
    try:
        found = json.loads(text)
        return KeyRing.parse(found["keys"], found["current"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f"{where} does not hold signing keys.",
            remedy='Expected: {"current": 1, "keys": {"1": "64 hex digits"}}.',
        ) from None
