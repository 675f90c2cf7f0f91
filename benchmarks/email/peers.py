"""The others: how they are installed, pinned, in a folder of their own, and how they are run."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.email import letter
from campanile.content.compiled import CompiledContent

_HERE: Final = Path(__file__).parent
PARSER: Final = "beautifulsoup4==4.13.4"
PACKAGES: Final = ("nodemailer@10.6.0", "handlebars@4.7.10")
_CONNECTIONS: Final = 4


class Missing(Exception):
    """A peer cannot run here; the text says why."""


@dataclass(frozen=True)
class Ordinary:
    """Python the ordinary way; `links_by` is `parsed` (BeautifulSoup) or `matched` (one regex)."""

    folder: Path
    content: CompiledContent
    port: int

    @classmethod
    def installed(cls, folder: Path, content: CompiledContent, port: int) -> "Ordinary":
        """Install the parser; raises Missing."""
        target = ("--target", str(folder / "site"))
        _install([sys.executable, "-m", "pip", "install", "-q", *target, PARSER], PARSER)
        return cls(folder, content, port)

    def send(
        self, recipients: int, *, links_by: str = "parsed", one_connection: bool = True
    ) -> float:
        """Build and send the letters; returns CPU seconds without the start of the process."""
        more = {"links_by": links_by, "one_connection": one_connection}
        order = _order(self.folder, self.content, self.port, recipients, more)
        script = [sys.executable, str(_HERE / "ordinary.py"), str(order)]
        return _cpu(script, {"PYTHONPATH": str(self.folder / "site")})


@dataclass(frozen=True)
class Pool:
    """nodemailer's pool with Handlebars."""

    folder: Path
    content: CompiledContent
    port: int

    @classmethod
    def installed(cls, folder: Path, content: CompiledContent, port: int) -> "Pool":
        """Install both packages beside a copy of the script; raises Missing."""
        place = folder / "node"
        place.mkdir()
        shutil.copy(_HERE / "pool.mjs", place)
        if shutil.which("node") is None:
            raise Missing("node is not installed")
        npm = shutil.which("npm")
        if npm is None:
            raise Missing("npm is not installed")
        options = ("--no-audit", "--no-fund", "--silent", "--prefix", str(place))
        _install([npm, "install", *options, *PACKAGES], " ".join(PACKAGES))
        return cls(folder, content, port)

    def send(self, recipients: int) -> float:
        """Build and send the letters; returns CPU seconds without the start of the process."""
        more = {"connections": _CONNECTIONS}
        order = _order(self.folder, self.content, self.port, recipients, more)
        return _cpu(["node", str(self.folder / "node" / "pool.mjs"), str(order)], {})


def _install(command: Sequence[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"{what} cannot be installed")


def _order(
    folder: Path, content: CompiledContent, port: int, recipients: int, more: dict[str, Any]
) -> Path:
    values = {
        **asdict(letter.source(content)),
        "base_url": letter.BASE_URL,
        "sender": f"{letter.SENDER.name} <{letter.SENDER.address}>",
        "links": {link.url: link.number for link in content.links},
        "people": list(letter.people(recipients)),
        "port": port,
        **more,
    }
    path = folder / "order.json"
    path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    return path


def _cpu(command: Sequence[str], environment: dict[str, str]) -> float:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    if done.returncode:
        raise RuntimeError(f"a peer ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return float(json.loads(done.stdout)["cpu"])
