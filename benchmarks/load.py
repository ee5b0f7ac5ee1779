"""Load from a second process on loopback: wrk, from Debian's package of that name."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

LUA = Path(__file__).parent / "lua"

_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of wrk saw.

    Attributes:
        requests: Answers in the run.
        per_second: Answers a second.
        p99_ms: The latency that 99 of 100 answers kept.
        errors: Answers other than 2xx, and connections that failed.
    """

    requests: int
    per_second: float
    p99_ms: float
    errors: int


def run_wrk(
    url: str, script: str, *arguments: str, connections: int, seconds: int
) -> Load:
    """Load `url` from the machine's last core.

    Raises:
        RuntimeError: wrk is not installed, or failed.
    """
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is not installed; run `apt-get install wrk`")
    command = [
        "wrk",
        "--threads=1",
        f"--connections={connections}",
        f"--duration={seconds}s",
        "--latency",
        f"--script={LUA / script}",
        url,
        "--",
        *arguments,
    ]
    done = subprocess.run(
        on_core(command, -1), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"wrk failed: {done.stderr or done.stdout}")
    return parse(done.stdout)


def parse(output: str) -> Load:
    """The figures in what wrk printed."""

    def number(pattern: str) -> float:
        found = re.search(pattern, output)
        return float(found.group(1)) if found else 0.0

    latency = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", output)
    errors = number(r"Non-2xx or 3xx responses: (\d+)") + sum(
        map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", output))
    )
    return Load(
        requests=int(number(r"(\d+) requests in")),
        per_second=number(r"Requests/sec:\s+([\d.]+)"),
        p99_ms=(
            float(latency.group(1)) * _UNITS_MS[latency.group(2)] if latency else 0.0
        ),
        errors=int(errors),
    )


def on_core(command: list[str], core: int) -> list[str]:
    """The command, bound to one core (-1 is the last), where there is a choice."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("taskset") is None:
        return command
    return ["taskset", "--cpu-list", str(cores[core]), *command]
