"""Measure Footfall beside its peers, in one run: `make bench`.

    python -m benchmarks [--runs N] [--seconds N] [visits] [layers] [update_item]
                         [writers] [start] [import] [scale]

Absolute figures move from machine to machine. What counts is the ratio in the last
column: the median of alternating runs of this commit on this machine.
"""

import argparse
import platform

from benchmarks import importing, layers, scale, start, update_item, visits, writers
from benchmarks.servers import commit, cores

NAMES = ("visits", "layers", "update_item", "writers", "start", "import", "scale")


def main(arguments: list[str] | None = None) -> None:
    """Measure what was named, all of it unless told."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    given = parser.parse_args(arguments)
    unknown = set(given.names) - set(NAMES)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}")
    print(
        f"commit {commit()}, Python {platform.python_version()}, {cores()} cores;"
        f" medians of {given.runs} runs of {given.seconds} s"
    )
    for name in given.names or NAMES:
        match name:
            case "visits":
                title = "Durable visits, exactly once, against the empty ASGI route"
                table = visits.measure(given.runs, given.seconds)
            case "layers":
                title = "Microseconds of CPU an answer, with ever more of the path"
                table = layers.measure(given.runs, given.seconds)
            case "update_item":
                title = "UpdateItem on one hot item, 32 connections; ours to theirs"
                table = update_item.measure(given.runs, given.seconds)
            case "writers":
                title = "500 visits/s to one site, conflicts rejected as on AWS"
                table = writers.measure(given.runs, given.seconds)
            case "import":
                title = (
                    f"{importing.LINES:,} lines of an access log, {importing.DAYS} days"
                )
                table = importing.measure(given.runs)
            case "scale":
                title = "Plans for one site, and the simulation that checks them"
                table = scale.measure(given.seconds)
            case _:
                title = "Start to first answer, and idle memory"
                table = start.measure(given.runs)
        print(f"\n{title}\n\n{table}", flush=True)


if __name__ == "__main__":
    main()
