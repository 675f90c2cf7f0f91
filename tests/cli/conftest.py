"""A small project in a folder of its own, and the command line as a person uses it."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campanile.cli import main
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import begin_segment, finish_segment
from campanile.operations.project import Project
from campanile.operations.scheduling.clock import mark_requested, tick
from campanile.settings.project import open_project
from campanile.store.store import system_clock

CAMPAIGN = """\
# a comment that export keeps
name: spring
label: Spring
schedule: asap
parameters: {least: {type: integer, default: 0}}
activities:
  people: {type: build_audience, where: points >= param.least}
  one_each: {type: deduplication, from: people, by: [lower(email)], complement: doubles}
  cells:
    type: split
    from: one_each
    subsets:
      gold: {where: tier = 'gold'}
    complement: others
  known:
    type: enrichment
    from: cells.others
    add: {shout: upper(first_name)}
  letter: {type: email, from: known, template: hello, topic: offers}
  a_while: {type: wait, from: letter, for: 2 days}
  silent: {type: filter, from: a_while, where: not clicked(letter)}
"""
HEADER = "customer_id,first_name,email,email_ok,tier,points,updated_at"


def customers(count: int = 20) -> str:
    """Rows of which one has no address, one an impossible one, two the same, one said no."""
    lines = [HEADER]
    for number in range(1, count + 1):
        email = {1: "", 2: "nobody", 4: "p3@a.example"}.get(number, f"p{number}@a.example")
        said = "false" if number == 5 else "true"
        tier = "gold" if number % 10 == 0 else "silver"
        stamp = "2026-01-01 00:00:00"
        lines.append(f"{number},Name{number},{email},{said},{tier},{number},{stamp}")
    return "\n".join(lines) + "\n"


@dataclass
class Shop:
    """The project folder; calling it runs a command there."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    later: timedelta = timedelta(0)
    err: str = field(default="", init=False)

    def __call__(self, *words: str) -> tuple[int, str]:
        """Run a command; returns its exit status and what it printed (`err` keeps the rest)."""
        self.patch.setattr(sys, "argv", ["campanile", *words])
        self.capture.readouterr()
        try:
            main()
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        found = self.capture.readouterr()
        self.err = found.err
        assert "Traceback" not in found.err
        return status, found.out

    def json(self, *words: str) -> Any:
        """The value that a reading command prints with `--json`."""
        status, out = self(*words, "--json")
        assert status == 0, self.err
        return json.loads(out)

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file of the project."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def project(self) -> Project:
        """The opened project, `later` than now."""
        return open_project(self.folder, clock=lambda: system_clock() + self.later)

    def run_clock(self) -> None:
        """Do everything that is ready, as the clock and its runs do; nothing is sent."""
        project = self.project()
        for _ in range(20):
            due = tick(project, project.clock()).segments
            mark_requested(project, due)
            for one in due:
                run = begin_segment(
                    project, one.campaign, one.version, one.partition, one.segment, "run"
                )
                for name, part in run.steps():
                    run_activity(run, name, part)
                finish_segment(run)
            if not due:
                break
        project.store.close()


@pytest.fixture
def empty_shop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shop:
    """A project as `init` makes it, with a campaign of its own in place of the example."""
    for name in ("PROJECT", "ENVIRONMENT", "IDENTITY", "KEYS"):
        monkeypatch.delenv(f"CAMPANILE_{name}", raising=False)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("CAMPANILE_ACTOR", "tester")
    monkeypatch.chdir(tmp_path)
    shop = Shop(tmp_path / "shop", capsys, monkeypatch)
    assert shop("init", "shop")[0] == 0
    monkeypatch.chdir(shop.folder)
    (shop.folder / "campaigns" / "hello.yaml").unlink()
    catalog = shop.folder / "catalog" / "customer.yaml"
    text = catalog.read_text().replace("      tier:", "      points: integer\n      tier:")
    catalog.write_text(text)
    shop.write("campaigns/spring.yaml", CAMPAIGN)
    return shop


@pytest.fixture
def shop(empty_shop: Shop) -> Shop:
    """The project with twenty customers."""
    empty_shop.write("in.csv", customers())
    status, _ = empty_shop("load", "customer", "in.csv")
    assert status == 0, empty_shop.err
    return empty_shop


@pytest.fixture
def planned(shop: Shop) -> Callable[[], str]:
    """Apply, publish and run the first segment; returns the key of the execution."""

    def begin() -> str:
        assert shop("apply", "campaigns")[0] == 0, shop.err
        assert shop("publish", "spring")[0] == 0, shop.err
        shop.run_clock()
        return str(shop.json("executions", "spring")[0]["key"])

    return begin
