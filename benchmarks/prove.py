"""The slow proofs, one after the other; exits with 1 if a promise was broken.

make prove CDNOW=folder        (the folder holds customers.csv and purchases.csv)
python -m benchmarks.prove --only kill_stack
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import (
    demo_twice,
    engines,
    kill_stack,
    local_stack,
    postgres_stack,
    together,
    waiting_kills,
)
from benchmarks.cdnow import proof as cdnow
from benchmarks.figures import Claim, Claims

_ENGINES = ("duckdb", "postgresql", "spark")
_KILLS = ("--recipients", "20000", "--kills", "10")


class Skipped(Exception):
    """A proof cannot run here; the text is the reason."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cdnow", type=Path, help="folder with customers.csv and purchases.csv")
    parser.add_argument("--only", action="append", help="run these proofs alone")
    given = parser.parse_args()
    proofs: dict[str, Callable[[], list[Claim]]] = {
        "cdnow": lambda: _prove_cdnow(given.cdnow),
        "demo": demo_twice.prove,
        "engines": engines.prove,
        "kill_send": lambda: run_module("kill_send", _KILLS),
        "kill_stack": kill_stack.prove,
        "local_stack": local_stack.prove,
        "oracle": lambda: prove_oracle(given.cdnow),
        "postgres_stack": postgres_stack.prove,
        "together": together.prove,
        "tracking": lambda: run_module("tracking", ()),
        "waiting_kills": waiting_kills.prove,
    }
    if unknown := set(given.only or ()) - set(proofs):
        parser.error(f"there is no proof {', '.join(unknown)}; there are: {', '.join(proofs)}")
    table = Table("proof", "claim", "holds", "found", title="Proofs", title_justify="left")
    kept = True
    for name in given.only or proofs:
        kept = _run(name, proofs[name], table) and kept
    Console(width=150).print(table)
    return 0 if kept else 1


def _run(name: str, proof: Callable[[], list[Claim]], table: Table) -> bool:
    """Run one proof and add its claims to the table; an error breaks it, a reason skips it."""
    began = time.monotonic()
    try:
        claims = proof()
    except Skipped as reason:
        print(json.dumps({"proof": name, "skipped": str(reason)}), flush=True)
        table.add_row(name, "", "skipped", str(reason))
        return True
    except Exception as error:  # noqa: BLE001  whatever ends a proof breaks it; the others go on
        claims = [Claim(name, "runs to its end", False, f"{type(error).__name__}: {error}")]
        print(json.dumps({"proof": name, "holds": False, "found": claims[0].found}), flush=True)
    for each in claims:
        table.add_row(name, each.claim, "yes" if each.holds else "NO", str(each.found)[:70])
    table.add_row(name, f"{time.monotonic() - began:.0f} s", "", "", end_section=True)
    return all(each.holds for each in claims)


def _prove_cdnow(folder: Path | None) -> list[Claim]:
    if folder is None:
        raise Skipped("no data: say make prove CDNOW=folder (public research data, see docs)")
    for name in ("customers.csv", "purchases.csv"):
        if not (folder / name).is_file():
            raise Skipped(f"{folder} has no {name}")
    return cdnow.prove(folder.resolve())


def prove_oracle(cdnow: Path | None) -> list[Claim]:
    """Ask all campaigns of tests/oracle on each engine, with the real purchases where there are."""
    claims = Claims("oracle")
    for engine in _ENGINES:
        told = {"ORACLE_ENGINES": engine, "CDNOW": str((cdnow or Path("-")).resolve())}
        command = [sys.executable, "-m", "pytest", "-q", "tests/oracle"]
        done = subprocess.run(
            command, env=os.environ | told, stdout=subprocess.PIPE, text=True, check=False
        )
        print(done.stdout, end="", flush=True)
        summary = (done.stdout.splitlines() or ["nothing was said"])[-1]
        claims.true(f"{engine} finds what plain Python finds", done.returncode == 0, summary)
    return claims.made


def run_module(name: str, arguments: tuple[str, ...]) -> list[Claim]:
    """Run a benchmark that judges itself: its exit status is the verdict."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="", flush=True)
    claims = Claims(name)
    claims.true("its goals are met", done.returncode == 0, f"exit status {done.returncode}")
    return claims.made


if __name__ == "__main__":
    sys.exit(main())
