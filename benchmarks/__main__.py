"""The benchmarks by name: `make bench NAME=tracking SCALE=1M`; one line of JSON per metric."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

from benchmarks import kill_send
from benchmarks.prove import run_module

_UNITS: Mapping[str, int] = MappingProxyType({"k": 1_000, "m": 1_000_000})


def send(scale: int) -> bool:
    """Messages a second to a local sink, ledger included."""
    print(json.dumps(kill_send.measure(scale, processes=2, connections=8)), flush=True)
    return True


def tracking(scale: int) -> bool:
    """Durable events per CPU-second, and latency beside a plan."""
    events, messages = ("--events", str(scale)), ("--messages", str(2 * scale))
    return all(claim.holds for claim in run_module("tracking", (*events, *messages)))


BENCHMARKS: Mapping[str, Callable[[int], bool]] = MappingProxyType(
    {"send": send, "tracking": tracking}
)


def read_scale(text: str) -> int:
    """Read 500, 100k or 1M."""
    unit = _UNITS.get(text[-1:].lower(), 1)
    number = text[:-1] if unit > 1 else text
    if not number.isdecimal() or int(number) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a scale such as 500, 100k or 1M")
    return int(number) * unit


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="all", choices=["all", *BENCHMARKS])
    parser.add_argument("--scale", type=read_scale, default="100k")
    given = parser.parse_args()
    names = list(BENCHMARKS) if given.name == "all" else [given.name]
    kept = [BENCHMARKS[name](given.scale) for name in names]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
