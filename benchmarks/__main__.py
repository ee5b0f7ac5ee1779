"""Measure Footfall beside its peers, in one run: `make bench`.

    python -m benchmarks [--runs N] [--seconds N] [visits] [layers] [operations]
                         [in_process] [fixtures] [writers] [start] [import] [scale]
                         [full]

`full` takes minutes, and runs only where it is named. Absolute figures move from machine to machine. What counts is the ratio in the last
column: the median of alternating runs of this commit on this machine.
"""

import argparse
import platform
from collections.abc import Callable

from benchmarks import (
    fixtures,
    importing,
    in_process,
    layers,
    operations,
    scale,
    start,
    visits,
    writers,
)
from benchmarks.servers import commit, cores

# Each one's title, and what measures it: runs and seconds in, a table out.
BENCHMARKS: dict[str, tuple[str, Callable[[int, int], str]]] = {
    "visits": (
        "Durable visits, exactly once, against the empty ASGI route",
        visits.measure,
    ),
    "layers": (
        "Microseconds of CPU an answer, with ever more of the path",
        layers.measure,
    ),
    "operations": (
        "DynamoDB's operations, 32 connections; ours to theirs",
        operations.measure,
    ),
    "in_process": ("UpdateItem on one hot item, in process", in_process.measure),
    "fixtures": (
        "What a test pays for a DynamoDB of its own",
        lambda runs, seconds: fixtures.measure(runs),
    ),
    "writers": (
        "500 visits/s to one site, conflicts rejected as on AWS",
        writers.measure,
    ),
    "start": (
        "Start to first answer, and idle memory",
        lambda runs, seconds: start.measure(runs),
    ),
    "import": (
        f"{importing.LINES:,} lines of an access log, {importing.DAYS} days",
        lambda runs, seconds: importing.measure(runs),
    ),
    "scale": (
        "Plans for one site, and the simulation that checks them",
        lambda runs, seconds: scale.measure(seconds),
    ),
    "full": (
        f"A store of {in_process.FULL_ITEMS:,} items against an empty one",
        in_process.measure_full,
    ),
}
ONLY_IF_NAMED = {"full"}  # it takes minutes, and gigabytes


def main(arguments: list[str] | None = None) -> None:
    """Measure what was named; all but the longest unless told."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    given = parser.parse_args(arguments)
    unknown = set(given.names) - BENCHMARKS.keys()
    if unknown:
        known = ", ".join(BENCHMARKS)
        parser.error(f"{', '.join(sorted(unknown))}: choose from {known}")
    print(
        f"commit {commit()}, Python {platform.python_version()}, {cores()} cores;"
        f" medians of {given.runs} runs of {given.seconds} s"
    )
    usual = [name for name in BENCHMARKS if name not in ONLY_IF_NAMED]
    for name in given.names or usual:
        title, measure = BENCHMARKS[name]
        table = measure(given.runs, given.seconds)
        print(f"\n{title}\n\n{table}", flush=True)


if __name__ == "__main__":
    main()
