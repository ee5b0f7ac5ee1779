"""Durable visits a second over HTTP, against the same process's empty route.

Each visit has an id of its own and moves its receipt, total, hour, day and page in one
transaction, fsynced before the answer:

    visits            of one page, to a site that is broken down by page alone
    10 % repeated     the same, and each tenth is sent once more
    all breakdowns    of many pages, sources, screens and readers, to a site with all

The store is asked afterwards: as many as were answered must have been counted, and
`verify` must agree. The CPU's microseconds an answer are the whole process's: other
programs on the machine make them no larger, as they do a rate.
"""

import json
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import run_wrk
from benchmarks.served import EMPTY_PATH, FULL_SITE, PAGE_SITE
from benchmarks.servers import Server, free_port, started
from benchmarks.tables import Figures, median_rows

CONNECTIONS = (1, 64, 256)


@dataclass(frozen=True, slots=True)
class Load:
    """A row: what is sent, and to which site.

    Attributes:
        name: The row's name.
        path: Where it is sent.
        script: What wrk runs.
        site: The site whose visits are sent.
        kind: What the script sends.
        counted: How much of what is answered is counted.
    """

    name: str
    path: str = "/v1/visits"
    script: str = "visit.lua"
    site: str = PAGE_SITE
    kind: str = "plain"
    counted: float = 1.0


EMPTY = Load("empty route", EMPTY_PATH, "empty.lua")
LOADS = (
    EMPTY,
    Load("visits"),
    Load("10 % repeated", kind="repeated", counted=0.9),
)
PROXIED_LOADS = (Load("all breakdowns", site=FULL_SITE, kind="full"),)


def measure(runs: int, seconds: int) -> str:
    """The tables, one for each number of connections, as Markdown."""
    return "\n\n".join(_measure(runs, seconds, each) for each in CONNECTIONS)


def _measure(runs: int, seconds: int, connections: int) -> str:
    figures: Figures = {}
    for _ in range(runs):
        for loads, *proxied in ((LOADS,), (PROXIED_LOADS, "proxied")):
            with tempfile.TemporaryDirectory() as folder:
                path, port = str(Path(folder) / "bench.db"), free_port()
                served = [sys.executable, "-m", "benchmarks.served", path, str(port)]
                with started([*served, *proxied], port) as server:
                    for load in loads:
                        row = f"{load.name}, {connections} connections"
                        figures.setdefault(row, []).append(
                            _load(server, load, connections, seconds)
                        )
                _verify(path)
    reference = f"{EMPTY.name}, {connections} connections"
    return median_rows(figures, ratio_of="answers/s", reference=reference)


def _load(
    server: Server, load: Load, connections: int, seconds: int
) -> dict[str, float]:
    def send(run: str, seconds: int) -> Any:
        return run_wrk(
            server.url + load.path,
            load.script,
            load.site,
            f"{load.kind}-{run}",
            load.kind,
            connections=connections,
            seconds=seconds,
        )

    send("warm-up", 1)
    before, cpu_before = _total(server.url, load.site), sum(server.cpu_seconds())
    done = send("measured", seconds)
    cpu = sum(server.cpu_seconds()) - cpu_before
    total = _total(server.url, load.site) - before
    # Of the last tenth's repeats some may be cut off with the load.
    least = done.requests * load.counted - connections if load is not EMPTY else 0
    if done.errors or total < least:
        raise RuntimeError(
            f"{load.name}: {done.requests} visits were answered and {total} counted,"
            f" with {done.errors} errors"
        )
    return {
        "answers/s": done.per_second,
        "p99 ms": done.p99_ms,
        "CPU us": cpu * 1e6 / done.requests,
        "memory MB": server.memory_mb(),
    }


def _total(url: str, site: str) -> int:
    with urllib.request.urlopen(f"{url}/badge.json?site={site}", timeout=30) as badge:
        return int(json.load(badge)["message"])


def _verify(path: str) -> None:
    command = [sys.executable, "-m", "footfall", "verify", "--store", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the store does not agree: {done.stdout}{done.stderr}")
