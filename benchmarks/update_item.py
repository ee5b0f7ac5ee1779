"""UpdateItem on one hot item over HTTP, 32 connections, against other DynamoDBs.

Ours fsyncs each answer, on disk and in the fsync it shares; DynamoDB Local on disk does
too, in memory neither it nor dynalite stores anything. Each number is checked: as many
as were answered must have been counted.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks.load import run_wrk
from benchmarks.servers import (
    Server,
    client_of,
    dynalite,
    footfall_dynamodb,
    free_port,
    hot_value,
    make_hot_item,
    started,
)
from benchmarks.tables import Figures, median_rows
from tests.dynamodb_local import command as dynamodb_local

CONNECTIONS = 32
OURS = "footfall dynamodb, on disk"


@contextmanager
def _ours(data: str) -> Iterator[Server]:
    port = free_port()
    with started(footfall_dynamodb(port, data), port) as server:
        yield server


@contextmanager
def _local(data: str | None) -> Iterator[Server]:
    port = free_port()
    folder = None if data is None else Path(data)
    with started(dynamodb_local(port, folder), port) as server:
        yield server


@contextmanager
def _dynalite() -> Iterator[Server]:
    port = free_port()
    with started(dynalite(port), port) as server:
        yield server


def measure(runs: int, seconds: int) -> str:
    """The table: updates a second, p99, start, memory, and the ratio to ours."""
    figures: Figures = {}
    for _ in range(runs):
        for name, load in _candidates():
            with tempfile.TemporaryDirectory() as folder, load(folder) as server:
                client = client_of(server.url)
                make_hot_item(client)
                memory_mb = server.memory_mb()
                run_wrk(
                    server.url, "update_item.lua", connections=CONNECTIONS, seconds=1
                )
                before = hot_value(client)
                result = run_wrk(
                    server.url,
                    "update_item.lua",
                    connections=CONNECTIONS,
                    seconds=seconds,
                )
                counted = hot_value(client) - before
                if result.errors or counted < result.requests:
                    raise RuntimeError(
                        f"{name}: {result.requests} answers, {counted} counted,"
                        f" {result.errors} errors"
                    )
                figures.setdefault(name, []).append(
                    {
                        "UpdateItem/s": result.per_second,
                        "p99 ms": result.p99_ms,
                        "start s": server.start_seconds,
                        "idle MB": memory_mb,
                    }
                )
    return median_rows(figures, ratio_of="UpdateItem/s", reference=OURS, inverse=True)


def _candidates() -> list[tuple[str, Callable[[str], AbstractContextManager[Server]]]]:
    """Each server's name, and how it is started with its data in a folder."""
    return [
        (OURS, lambda folder: _ours(str(Path(folder) / "bench.db"))),
        ("DynamoDB Local, on disk", lambda folder: _local(folder)),
        ("DynamoDB Local, in memory", lambda folder: _local(None)),
        ("dynalite, in memory", lambda folder: _dynalite()),
    ]
