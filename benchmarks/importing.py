"""Lines of an access log imported a second, and the memory that it takes.

The reference is what Python needs to read and split the same lines. The file is of a
busy site: four days, 2,000 pages, 40 programs, a fifth of it assets.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.tables import Figures, median_rows

LINES = 500_000
DAYS = 4
SITE = "https://a.example/"
READING = "read and split"
FIRST = "import"
AGAIN = "import again"

_SPLIT = """
import sys
with open(sys.argv[1]) as file:
    for line in file:
        line.split(" ")
"""


def measure(runs: int) -> str:
    """The table: lines a second, of the clock and of the CPU, and the peak of memory."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "access.log")
        _write(log)
        for run in range(runs):
            store = str(Path(folder, f"{run}.db"))
            footfall = [sys.executable, "-m", "footfall", "--store", store]
            subprocess.run(
                [*footfall, "sites", "add", SITE], check=True, stdout=subprocess.DEVNULL
            )
            import_ = [*footfall, "import", str(log), "--site", SITE]
            for name, command in (
                (READING, [sys.executable, "-c", _SPLIT, str(log)]),
                (FIRST, import_),
                (AGAIN, import_),
            ):
                figures.setdefault(name, []).append(_timed(command))
    return median_rows(figures, ratio_of="lines/CPU s", reference=READING)


def _write(log: Path) -> None:
    draw, start = random.Random(1), datetime(2026, 10, 1, tzinfo=UTC)
    agents = [
        f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{version}.0.0.0"
        for version in range(100, 140)
    ]
    referrers = ["-", "https://www.google.com/", "https://news.ycombinator.com/"]
    with log.open("w") as file:
        for number in range(LINES):
            at = start + timedelta(seconds=number * DAYS * 86_400 / LINES)
            page = f"/post-{int(draw.paretovariate(1.1)) % 2_000}"
            target = "/style.css" if draw.random() < 0.2 else page
            file.write(
                f"192.0.2.{number % 256} - - [{at:%d/%b/%Y:%H:%M:%S +0000}]"
                f' "GET {target} HTTP/1.1" 200 5120 "{draw.choice(referrers)}"'
                f' "{draw.choice(agents)}"\n'
            )


def _timed(command: list[str]) -> dict[str, float]:
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    seconds = time.perf_counter() - begun
    cpu_seconds = usage.ru_utime + usage.ru_stime  # whatever else the machine does
    return {
        "lines/s": LINES / seconds,
        "lines/CPU s": LINES / cpu_seconds,
        "peak MB": usage.ru_maxrss / 1024,
    }
