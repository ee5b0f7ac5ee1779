"""Where a visit's CPU time goes: the same load on ever more of the path behind it.

    empty       uvicorn reads a request and answers: nothing of ours
    parsed      the body is decoded, the reader and the site found, the answer made
    grouped     and visits go through the group commit to a store that does nothing
    memory      and the embedded engine stores them, in memory
    disk        and on disk, with an fsync a group: what `footfall serve` does

The figures are microseconds on the CPU for each answer, of the event loop's thread and
of all others: other programs on the machine make them no larger, as they do a rate.
What a layer adds is its row less the one before. The ratio is to the empty route.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Load, run_wrk
from benchmarks.served import EMPTY_PATH, PAGE_SITE, PARSED_PATH
from benchmarks.servers import Server, free_port, started
from benchmarks.tables import Figures, median_rows

CONNECTIONS = 64
_VISITS = "/v1/visits"


@dataclass(frozen=True, slots=True)
class Layer:
    """A row: how the server is started, and what it is asked.

    Attributes:
        name: The row's name.
        store: The store; "" is a file of its own.
        path: The route that is loaded.
        script: What wrk sends.
    """

    name: str
    store: str
    path: str
    script: str


LAYERS = (
    Layer("empty", ":memory:", EMPTY_PATH, "empty.lua"),
    Layer("parsed", ":memory:", PARSED_PATH, "visit.lua"),
    Layer("grouped", "nothing", _VISITS, "visit.lua"),
    Layer("memory", ":memory:", _VISITS, "visit.lua"),
    Layer("disk", "", _VISITS, "visit.lua"),
)


def measure(runs: int, seconds: int) -> str:
    """The table, as Markdown."""
    figures: Figures = {}
    for _ in range(runs):
        for layer in LAYERS:
            with tempfile.TemporaryDirectory() as folder:
                store = layer.store or str(Path(folder, "bench.db"))
                port = free_port()
                command = [sys.executable, "-m", "benchmarks.served", store, str(port)]
                with started(command, port) as server:
                    figures.setdefault(layer.name, []).append(
                        _measure(server, layer, seconds)
                    )
    reference = LAYERS[0].name
    return median_rows(figures, ratio_of="CPU us", reference=reference)


def _measure(server: Server, layer: Layer, seconds: int) -> dict[str, float]:
    _load(server, layer, "warm-up", 1)
    loop_before, others_before = server.cpu_seconds()
    load = _load(server, layer, "measured", seconds)
    loop, others = server.cpu_seconds()
    loop_us = (loop - loop_before) * 1e6 / load.requests
    others_us = (others - others_before) * 1e6 / load.requests
    return {
        "CPU us": loop_us + others_us,
        "event loop us": loop_us,
        "other threads us": others_us,
        "answers/s": load.per_second,
    }


def _load(server: Server, layer: Layer, run: str, seconds: int) -> Load:
    load = run_wrk(
        server.url + layer.path,
        layer.script,
        PAGE_SITE,
        run,
        connections=CONNECTIONS,
        seconds=seconds,
    )
    if load.errors or not load.requests:
        raise RuntimeError(f"{layer.name}: {load.errors} errors")
    return load
