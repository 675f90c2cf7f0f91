"""The page of the walk and the walk that is printed are one; each step finds what it names."""

import re
from importlib import resources
from pathlib import Path

from campanile.demo.walk import STEPS

PAGE = Path(__file__).parents[2] / "docs" / "start" / "guided-walk.md"
PROJECT = Path(str(resources.files("campanile.demo"))) / "project"


def test_the_page_has_the_printed_steps_and_commands() -> None:
    text = PAGE.read_text(encoding="utf-8")
    titles = re.findall(r"^## \d+\. (.+)$", text, re.M)
    assert titles == [step.title for step in STEPS]
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S))
    printed = [command for step in STEPS for command in step.commands]
    assert blocks.splitlines() == [". .venv/bin/activate", *printed]


def test_what_is_changed_is_there_once() -> None:
    commands = "\n".join(command for step in STEPS for command in step.commands)
    changes = re.findall(
        r"sed -i\.bak '?s/(.+?)/.+?/'? dagster_home/demo/campaigns/(\S+)", commands
    )
    assert len(changes) == 2
    for wrong, name in changes:
        [file] = PROJECT.rglob(name)
        assert file.read_text(encoding="utf-8").count(wrong) == 1
