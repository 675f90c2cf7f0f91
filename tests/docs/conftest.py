"""The pages as they lie in the repository, cut into what can be checked: blocks, links, anchors."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from campanile.campaigns.definitions import Definitions
from campanile.campaigns.loading import load_definitions
from campanile.operations.authoring.scaffolding import scaffold

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "src" / "campanile" / "demo" / "project"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language with what it is a piece of, and the comment before it."""

    page: Path
    line: int
    kind: str
    text: str
    note: str

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    fence = re.compile(r"(?:<!--(?P<note>.*?)-->\s*\n)?^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```",
                       re.M | re.S)  # fmt: skip
    for found in fence.finditer(text):
        line = text.count("\n", 0, found.start("kind")) + 1
        note = " ".join((found["note"] or "").split())
        yield Block(page, line, found["kind"].strip(), found["text"], note)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def pages() -> list[Path]:
    """All pages for readers."""
    found = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    return sorted(found)


@pytest.fixture(scope="session")
def blocks(pages: list[Path]) -> list[Block]:
    """The fenced blocks of all pages, in their order."""
    return [block for page in pages for block in _blocks(page)]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    """What the demonstration shop defines, and the template of a new project."""
    folder = tmp_path_factory.mktemp("shop")
    scaffold(folder / "new", "new")
    shutil.copytree(SHOP, folder / "shop")
    shutil.copytree(folder / "new" / "templates", folder / "shop" / "templates", dirs_exist_ok=True)
    return load_definitions(folder / "shop")
