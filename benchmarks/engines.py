"""Proves that Spark is Spark: the tests of its engine on a real one, on Java 17, not on Sail."""

import os
import re
import subprocess
import sys

from benchmarks.figures import Claim, Claims
from benchmarks.spark_server import is_sail, which_spark

_TESTS = (
    "tests/warehouse/test_engines.py",
    "tests/operations/executing/test_on_each_engine.py",
    "tests/relations",
)


def prove() -> list[Claim]:
    """Run what is tested on Spark; without a real Spark the first claim is broken."""
    claims = Claims("engines")
    claims.true("there is a Spark 4 on Java 17", not is_sail(), which_spark())
    if is_sail():
        return claims.made
    command = [sys.executable, "-m", "pytest", "-q", "-k", "spark", *_TESTS]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    found = re.findall(r"^\d+ .* in .*$", done.stdout, re.M)
    claims.true("its tests hold there", done.returncode == 0, found[-1] if found else "no tests")
    return claims.made
