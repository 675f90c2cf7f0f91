import subprocess
import sys

import pytest

import campanile


def test_every_public_name_is_there():
    assert all(getattr(campanile, name) for name in campanile.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'sent'"):
        campanile.sent  # noqa: B018


def test_importing_the_package_brings_nothing_along():
    heavy = "('duckdb', 'pandas', 'dagster')"
    code = f"import sys, campanile; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_the_run_path_never_imports_pandas():
    code = (
        "import sys, campanile.orchestration.definitions, campanile.operations.sending.worker;"
        "print('pandas' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "False"
