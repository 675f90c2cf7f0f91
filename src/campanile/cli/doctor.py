"""The command `doctor`: is everything in order, and if not, what to do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from campanile.cli.output import json_option, show_json, show_table

if TYPE_CHECKING:
    from campanile.operations.keeping.findings import Finding
    from campanile.operations.project import Project

_IDENTITY = (
    "from campanile.orchestration.identity import instance_identity; print(instance_identity())"
)
_IDENTITY_SECONDS = 60
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@click.option("--connect", is_flag=True, help="Also greet mail servers and ask Dagster.")
@json_option
def doctor_command(connect: bool, as_json: bool) -> None:
    """Check disk, clocks, keys, store, files and sending; exit 1 when something fails."""
    found = list(_findings(connect))
    failed = sum(one.verdict == "fail" for one in found)
    if as_json:
        show_json({"healthy": not failed, "findings": [asdict(one) for one in found]})
    else:
        rows = [
            (one.subject, click.style(one.verdict, fg=_COLOURS[one.verdict]), _line(one))
            for one in found
        ]
        show_table(("what", "", "found"), [(a, click.unstyle(b), c) for a, b, c in rows])
        click.echo(_last_sentence(found))
    if failed:
        raise SystemExit(1)


def _findings(connect: bool) -> Iterator["Finding"]:
    from campanile.errors import CampanileError
    from campanile.operations.keeping.examination import examine, unopened
    from campanile.operations.keeping.people import examine_people
    from campanile.operations.keeping.reaching import examine_connections
    from campanile.settings.project import open_project

    try:
        project = open_project(sends=connect, outdated=True)
    except CampanileError as error:
        yield unopened(error)
        return
    try:
        yield from examine(project)
        yield _keys(project)
        yield examine_people(project)
        if connect:
            yield from examine_connections(project)
            yield _dagster(project)
    except CampanileError as error:
        yield unopened(error)
    finally:
        project.store.close()


def _keys(project: "Project") -> "Finding":
    from campanile.operations.keeping.findings import ok
    from campanile.operations.keeping.findings import warn as warned
    from campanile.settings.keys import are_in_environment, keys_file

    ids = sorted(project.keys.to_text())
    sentence = f"key {project.keys.current} signs; there are {', '.join(map(str, ids))}"
    if are_in_environment():
        return ok("keys", f"{sentence}; from the environment")
    file = keys_file(project.state)
    if file.stat().st_mode & 0o077:
        return warned("keys", f"{file} can be read by others", f"chmod 600 {file}")
    return ok("keys", sentence)


def _dagster(project: "Project") -> "Finding":
    """Ask in a process of its own: this one never loads Dagster."""
    from campanile.operations.keeping.examination import examine_dagster
    from campanile.settings.project import dagster_home

    environment = {**os.environ, "DAGSTER_HOME": str(dagster_home(project.folder))}
    try:
        asked = subprocess.run(  # noqa: S603  a command of ours, no shell
            [sys.executable, "-c", _IDENTITY],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_IDENTITY_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return examine_dagster(project, None)
    said = asked.stdout.split()
    return examine_dagster(project, said[-1] if asked.returncode == 0 and said else None)


def _line(one: "Finding") -> str:
    return f"{one.sentence}. {one.remedy}".strip() if one.remedy else one.sentence


def _last_sentence(found: list["Finding"]) -> str:
    failed = sum(one.verdict == "fail" for one in found)
    warned = sum(one.verdict == "warn" for one in found)
    if failed or warned:
        return f"{failed} failed, {warned} to look at, {len(found) - failed - warned} in order."
    return f"All {len(found)} are in order."
