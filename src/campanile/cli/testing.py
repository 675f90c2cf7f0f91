"""What `validate --tests` shows: the tests beside campaigns, and how they came out."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from campanile.cli.output import counted, fault_json, show_json
from campanile.errors import Fault

if TYPE_CHECKING:
    from campanile.operations.rehearsing.campaign_tests import TestRun


def show_tests(
    paths: Sequence[Path], faults: Sequence[Fault], files: int, *, as_json: bool
) -> None:
    """Run the tests of `paths` and show them; ends with status 1 when one comes out otherwise."""
    found = _run(paths)
    everything = [*faults, *found.faults]
    if as_json:
        differences = [asdict(one) for one in found.differences]
        written = [fault_json(fault) for fault in everything]
        show_json(
            {"files": files, "faults": written, "tests": found.tests, "differences": differences}
        )
    else:
        for fault in everything:
            click.echo(f"{fault}" if fault.severity == "error" else f"{fault} (warning)")
        for one in found.differences:
            click.echo(f"{one.place}: {one.sentence}")
        _sum_up(files, found)
    if found.differences or found.faults:
        raise SystemExit(1)


def _sum_up(files: int, found: "TestRun") -> None:
    wrong = len({(one.place.file, one.test) for one in found.differences}) + len(found.faults)
    tests = counted(found.tests, "test")
    if wrong:
        click.echo(f"{tests}, {wrong} came out otherwise.", err=True)
    else:
        click.echo(f"{counted(files, 'campaign file')} checked: no fault; {tests} passed.")


def _run(paths: Sequence[Path]) -> "TestRun":
    from campanile.campaigns.loading import load_definitions
    from campanile.operations.authoring.chosen_files import project_above
    from campanile.operations.rehearsing.campaign_tests import TestRun, run_tests

    chosen: dict[Path, list[Path]] = {}
    for path in paths:
        folder = project_above(path) or project_above(Path.cwd())
        if folder is not None:
            chosen.setdefault(folder, []).append(path)
    found = [run_tests(load_definitions(folder), wanted) for folder, wanted in chosen.items()]
    return TestRun(
        tests=sum(one.tests for one in found),
        differences=tuple(each for one in found for each in one.differences),
        faults=tuple(each for one in found for each in one.faults),
    )
