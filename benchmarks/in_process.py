"""UpdateItem in process, without HTTP: threads, groups of one caller, and a full store.

Each update is fsynced, in an fsync that a group shares. `full` fills a store with items
first, which takes minutes for ten million; then it and an empty store are updated in
turns: one hot item, and items that come and go as receipts do, in the order of time.
"""

import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.tables import Figures, median_rows
from footfall.embedded import EmbeddedClient

TABLE = "items"
GROUP = 256
THREADS = 32
FULL_ITEMS = 10_000_000
GROUPED = f"client.batch, groups of {GROUP}"

_FILL_GROUP = 20_000
_HOT = "hot"
_EMPTY = "an empty store"


def measure(runs: int, seconds: float) -> str:
    """The table: updates of one hot item a second, by who asks."""
    figures: Figures = {}
    for _ in range(runs):
        for name, load in (
            (GROUPED, _in_groups),
            (f"{THREADS} threads, one call each", _in_threads),
            ("1 thread, one call", _alone),
        ):
            with tempfile.TemporaryDirectory() as folder:
                with EmbeddedClient(str(Path(folder) / "bench.db")) as client:
                    _create(client)
                    per_second = _counted(client, load, seconds)
                    figures.setdefault(name, []).append({"UpdateItem/s": per_second})
    return median_rows(figures, ratio_of="UpdateItem/s", reference=GROUPED)


def measure_full(runs: int, seconds: float, items: int = FULL_ITEMS) -> str:
    """The tables: updates a second of a full store and of an empty one."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores = {
            _EMPTY: stack.enter_context(EmbeddedClient(str(folder / "empty.db"))),
            f"{items:,} items": stack.enter_context(
                EmbeddedClient(str(folder / "full.db"))
            ),
        }
        for client in stores.values():
            _create(client)
        _fill(stores[f"{items:,} items"], items)
        tables = []
        for name, calls in (("one hot item", _hot_calls), ("new items", _new_calls)):
            figures: Figures = {}
            for _ in range(runs):
                for store, client in stores.items():
                    figures.setdefault(store, []).append(
                        {"UpdateItem/s": _rate(client, calls(), seconds)}
                    )
            table = median_rows(figures, ratio_of="UpdateItem/s", reference=_EMPTY)
            tables.append(f"UpdateItem in groups of {GROUP}: {name}\n\n{table}")
    return "\n\n".join(tables)


def _create(client: EmbeddedClient) -> None:
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _fill(client: EmbeddedClient, items: int) -> None:
    """Put items under keys that grow, with some of a receipt's attributes."""
    for start in range(0, items, _FILL_GROUP):
        end = min(start + _FILL_GROUP, items)
        client.do_all(
            (
                "PutItem",
                {
                    "TableName": TABLE,
                    "Item": {
                        "id": {"S": f"{number:012d}"},
                        "page": {"S": "/a/page/of/the/site"},
                        "visits": {"N": "1"},
                    },
                },
            )
            for number in range(start, end)
        )


def _update(id: str) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "Key": {"id": {"S": id}},
        "UpdateExpression": "ADD visits :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def _hot_calls() -> Iterator[Any]:
    return itertools.repeat(("UpdateItem", _update(_HOT)))


_news = itertools.count(10**11)  # behind whatever was filled


def _new_calls() -> Iterator[Any]:
    return (("UpdateItem", _update(f"{number:012d}")) for number in _news)


def _rate(client: EmbeddedClient, calls: Iterator[Any], seconds: float) -> float:
    done, begun = 0, time.perf_counter()
    while (lasted := time.perf_counter() - begun) < seconds:
        answers = client.batch(list(itertools.islice(calls, GROUP)))
        failures = [each for each in answers if isinstance(each, Exception)]
        if failures:
            raise RuntimeError(f"an update failed: {failures[0]}")
        done += len(answers)
    return done / lasted


def _in_groups(client: EmbeddedClient, seconds: float) -> None:
    _rate(client, _hot_calls(), seconds)


def _in_threads(client: EmbeddedClient, seconds: float) -> None:
    threads = [
        threading.Thread(target=_alone, args=(client, seconds)) for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _alone(client: EmbeddedClient, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        client.update_item(**_update(_HOT))


def _counted(
    client: EmbeddedClient,
    load: Callable[[EmbeddedClient, float], None],
    seconds: float,
) -> float:
    """How far the hot item moved, a second."""
    begun = time.perf_counter()
    load(client, seconds)
    lasted = time.perf_counter() - begun
    item = client.get_item(TableName=TABLE, Key={"id": {"S": _HOT}})["Item"]
    return int(item["visits"]["N"]) / lasted
