"""Every command that a reader is told to type is typed here, in the order of the page.

Pages say in a comment before a block (`<!-- tested: … -->`) where a test puts something small in
the place of something large. `<!-- tested: elsewhere, in tests/x/test_y.py -->` names the test that
runs a block which needs more than a folder. No block is passed over in silence: what nobody knows
how to run fails.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from threading import Timer

import duckdb
import pytest

from campanile.channels.sink import SinkThread
from campanile.channels.sink_settings import SinkSettings
from campanile.cli import main
from campanile.demo.performance import Performance
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import begin_segment, finish_segment
from campanile.operations.scheduling.clock import mark_requested, tick
from campanile.settings.project import DEMO_FOLDER, open_project

BIN = Path(sysconfig.get_path("scripts"))
MAKES = {"demo": "campanile demo", "test": "-m pytest"}
UNSAID = "the page does not say what stands for it"
LONGEST_SECONDS = 120.0
HERE_DOCUMENT = re.compile(r"<<'(\w+)'\n.*?^\1\n", re.S | re.M)


@dataclass
class Walk:
    """A reader at a terminal in `folder`; `is_served` once they let the clock run."""

    folder: Path
    sink: SinkThread
    root: Path
    words: dict[str, str] = field(default_factory=dict)
    is_served: bool = False
    typed: int = 0

    def follow(self, block) -> None:
        """Type all commands of a block, unless a test that is there does it elsewhere."""
        if elsewhere := re.search(r"tested: elsewhere, in (\S+)", block.note):
            assert (self.root / elsewhere[1]).exists(), f"{block.place}: there is no {elsewhere[1]}"
            return
        for command in commands_of(block.text):
            try:
                self.type(command, block.note)
            except AssertionError as error:
                raise AssertionError(f"{block.place}: `{command}`: {error}") from error
            self.typed += 1

    def type(self, command: str, note: str) -> None:
        """Type one command as it stands, or what the page says is typed for it."""
        for word, value in self.words.items():
            if re.search(rf"\b{word}\b", command):
                assert f"tested: {word} is" in note, UNSAID
                command = re.sub(rf"\b{word}\b", value, command)
        first, *rest = shlex.split(command, comments=True)
        if first == "campanile" and rest == ["serve"]:
            self.serve(note)
        elif first == "kill" or (first, rest) == ("campanile", ["demo"]):
            assert "`make prove`" in note, "the page does not say who tries it"
        elif first == "campanile":
            self.campanile(rest, expected=1 if f"tested: {rest[0]} ends with 1" in note else 0)
        elif first == "cd":
            self.folder = self.folder / rest[0]
            assert self.folder.is_dir()
        elif first == "make":
            self.make(rest, note)
        elif (first, rest) == (".", [".venv/bin/activate"]):
            assert (BIN / "campanile").exists(), "the environment that was made has no `campanile`"
        elif first in ("cat", "mkdir", "mv", "python", "sed"):
            self.shell(command)
        else:
            raise AssertionError("nobody knows how to run it")

    def campanile(self, words: list[str], expected: int = 0) -> str:
        """Run the command line in this process; returns what it printed."""
        said, error, status = StringIO(), StringIO(), 0
        with ExitStack() as stack:
            stack.enter_context(chdir(self.folder))
            stack.enter_context(redirect_stdout(said))
            stack.enter_context(redirect_stderr(error))
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setattr(sys, "argv", ["campanile", *words])
            try:
                main()
            except SystemExit as ended:
                status = int(ended.code or 0)
        assert status == expected, f"{said.getvalue()}{error.getvalue()}"
        if words[0] == "init":
            self.use_sink(self.folder / words[1])
        if self.is_served:
            self.run_clock()
        return said.getvalue()

    def use_sink(self, project: Path) -> None:
        """Let the new project's mail server be the sink."""
        file = project / "campanile.yaml"
        text = file.read_text()
        assert "port: 2525" in text
        file.write_text(text.replace("port: 2525", f"port: {self.sink.port}"))

    def serve(self, note: str) -> None:
        """Start the tracking service, and end it; from now on the clock runs."""
        assert "--only tracking" in note, UNSAID
        command = [str(BIN / "campanile"), "serve", "--only", "tracking", "--log", "serve.log"]
        served = subprocess.Popen(
            [*command, "--tracking-port", str(free_port())],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        too_long = Timer(LONGEST_SECONDS, served.kill)
        too_long.start()
        with served:
            for line in served.stdout:
                if line.startswith("Serving until Ctrl-C"):
                    served.send_signal(signal.SIGINT)
        too_long.cancel()
        assert served.returncode == 0
        self.is_served = True
        self.run_clock()

    def make(self, words: list[str], note: str) -> None:
        """A target must be in the Makefile and call what the page says of it."""
        assert "tested:" in note, UNSAID
        command = ["make", "-n", *words]
        told = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True)
        assert MAKES[words[0]] in told.stdout

    def shell(self, command: str) -> None:
        """Run it in a shell, with the environment's programs first."""
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        ended = subprocess.run(
            ["sh", "-ec", command], cwd=self.folder, env={**os.environ, "PATH": path}, check=False
        )
        assert ended.returncode == 0

    def run_clock(self) -> None:
        """Do everything that is ready, as the clock and its runs do; nothing is sent."""
        with chdir(self.folder):
            project = open_project()
        while due := tick(project, project.clock()).segments:
            mark_requested(project, due)
            for one in due:
                run_segment(project, one)
        project.store.close()


def run_segment(project, one) -> None:
    """All activities of a segment in their order, and what it plans for the next."""
    run = begin_segment(project, one.campaign, one.version, one.partition, one.segment, "run")
    for name, part in run.steps():
        run_activity(run, name, part)
    finish_segment(run)


def commands_of(text: str) -> Iterator[str]:
    """The commands of a block, with the documents that belong to them."""
    while text.strip():
        line, _, rest = text.partition("\n")
        if document := HERE_DOCUMENT.match(text, line.find("<<")) if "<<" in line else None:
            line, rest = text[: document.end()], text[document.end() :]
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()
        text = rest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def quiet() -> Iterator[None]:
    """Nothing of the developer's own project or Dagster gets in the way."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PROJECT", "ENVIRONMENT", "IDENTITY", "KEYS"):
            patch.delenv(f"CAMPANILE_{name}", raising=False)
        patch.delenv("DAGSTER_HOME", raising=False)
        patch.setenv("CAMPANILE_ACTOR", "reader")
        yield


@pytest.fixture(scope="module")
def sink(tmp_path_factory) -> Iterator[SinkThread]:
    record = tmp_path_factory.mktemp("sink") / "record.jsonl"
    with SinkThread(SinkSettings(record)) as listening:
        yield listening


@pytest.fixture(scope="module")
def shell_blocks(blocks, root):
    """The blocks of commands, by page."""
    found = {}
    for block in blocks:
        if block.kind == "sh":
            found.setdefault(str(block.page.relative_to(root)), []).append(block)
    return found


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory, quiet, sink, root) -> Walk:
    """A folder in which a small shop stands where `make demo` leaves the large one."""
    folder = tmp_path_factory.mktemp("demonstration")
    there = folder / DEMO_FOLDER
    shutil.copytree(root / "src" / "campanile" / "demo" / "project", there)
    project = open_project(there)
    performance = Performance(project, project.clock())
    performance.load_shop(300, 7, lambda _: None)
    performance.publish()
    project.store.close()
    walk = Walk(folder, sink, root, {"ADDRESS": "ada@example.com"}, is_served=True)
    walk.run_clock()
    return walk


@pytest.fixture(scope="module")
def first_campaign(tmp_path_factory, quiet, sink, root, shell_blocks) -> Walk:
    """The project of whoever followed the page of the first campaign to its end."""
    walk = Walk(tmp_path_factory.mktemp("first"), sink, root)
    for block in shell_blocks["docs/start/first-campaign.md"]:
        walk.follow(block)
    return walk


def test_the_readme(tmp_path, sink, root, shell_blocks):
    walk = Walk(tmp_path, sink, root)
    for block in shell_blocks["README.md"]:
        walk.follow(block)
    assert walk.typed == 2


@pytest.mark.parametrize("page", ["README.md", "guided-walk.md"])
def test_the_pages_about_the_demonstration(page, demonstration, shell_blocks):
    for block in shell_blocks.get(f"docs/start/{page}", ()):
        demonstration.follow(block)
    assert demonstration.typed


def test_the_page_of_the_first_campaign(first_campaign):
    assert first_campaign.typed > 20
    assert "planned" in first_campaign.campanile(["account", "hello"])
    assert first_campaign.sink.accepted()


def test_the_pages_that_answer_a_question(first_campaign, shell_blocks):
    folder = first_campaign.folder
    duckdb.sql(f"COPY (FROM '{folder}/customers.csv') TO '{folder}/people.parquet'")
    pages = [page for page in shell_blocks if page.startswith("docs/how-to/")]
    for page in pages:
        for block in shell_blocks[page]:
            first_campaign.follow(block)
    assert len(pages) >= 4


def test_no_page_has_commands_that_nobody_types(shell_blocks):
    rooms = ("docs/how-to/", "docs/start/")
    left = [page for page in shell_blocks if not page.startswith(rooms) and page != "README.md"]
    assert left == []
