"""What a test pays for a DynamoDB of its own: pytest's fixtures of `footfall.testing`.

A run of tests that do nothing, with a fixture and without: the difference is what it
costs. pytest's own start is shared among the tests.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.tables import Figures, median_rows

TESTS = 1_000
NONE = "no fixture"

_FILE = """
import pytest

@pytest.mark.parametrize("number", range({tests}))
def test_nothing(number{fixture}):
    pass
"""


def measure(runs: int) -> str:
    """The table: milliseconds that pytest takes for a test, by the fixture it has."""
    figures: Figures = {}
    for _ in range(runs):
        for fixture in (NONE, "dynamodb", "dynamodb_endpoint"):
            argument = "" if fixture == NONE else f", {fixture}"
            milliseconds = _seconds(argument) / TESTS * 1_000
            figures.setdefault(fixture, []).append({"ms a test": milliseconds})
    return median_rows(figures, ratio_of="ms a test", reference=NONE)


def _seconds(fixture: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test_nothing.py"
        path.write_text(_FILE.format(tests=TESTS, fixture=fixture))
        begun = time.perf_counter()
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "footfall.testing"),
                *("-p", "no:cacheprovider", str(path)),
            ],
            cwd=folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            check=True,
        )
        return time.perf_counter() - begun
