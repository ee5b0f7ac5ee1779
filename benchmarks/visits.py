"""Durable visits a second over HTTP, against the same process's empty route.

Each visit has an id of its own and moves its receipt, total, hour, day and page in one
transaction, fsynced before the answer. The store is asked afterwards: as many as were
answered must have been counted, and `verify` must agree.
"""

import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from benchmarks.load import run_wrk
from benchmarks.served import EMPTY_PATH, SITE
from benchmarks.servers import free_port, started
from benchmarks.tables import Figures, median_rows

CONNECTIONS = (1, 64, 256)


def measure(runs: int, seconds: int) -> str:
    """The tables, one for each number of connections, as Markdown."""
    return "\n\n".join(_measure(runs, seconds, each) for each in CONNECTIONS)


def _measure(runs: int, seconds: int, connections: int) -> str:
    figures: Figures = {}
    empty, visits = (
        f"empty route, {connections} connections",
        f"visits, {connections} connections",
    )
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            path, port = str(Path(folder) / "bench.db"), free_port()
            command = [sys.executable, "-m", "benchmarks.served", path, str(port)]
            with started(command, port) as server:
                run_wrk(
                    server.url + "/v1/visits",
                    "visit.lua",
                    SITE,
                    "warm-up",
                    connections=connections,
                    seconds=1,
                )
                before = _total(server.url)
                nothing = run_wrk(
                    server.url + EMPTY_PATH,
                    "empty.lua",
                    connections=connections,
                    seconds=seconds,
                )
                counted = run_wrk(
                    server.url + "/v1/visits",
                    "visit.lua",
                    SITE,
                    "measured",
                    connections=connections,
                    seconds=seconds,
                )
                total = _total(server.url) - before
                if counted.errors or total < counted.requests:
                    raise RuntimeError(
                        f"{counted.requests} visits were answered and {total} counted,"
                        f" with {counted.errors} errors"
                    )
                for name, load in ((empty, nothing), (visits, counted)):
                    figures.setdefault(name, []).append(
                        {
                            "answers/s": load.per_second,
                            "p99 ms": load.p99_ms,
                            "memory MB": server.memory_mb(),
                        }
                    )
            _verify(path)
    return median_rows(figures, ratio_of="answers/s", reference=empty)


def _total(url: str) -> int:
    with urllib.request.urlopen(f"{url}/badge.json?site={SITE}", timeout=30) as badge:
        return int(json.load(badge)["message"])


def _verify(path: str) -> None:
    command = [sys.executable, "-m", "footfall", "verify", "--store", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the store does not agree: {done.stdout}{done.stderr}")
