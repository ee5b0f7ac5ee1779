"""DynamoDB's operations over HTTP, 32 connections, against other DynamoDBs.

Ours fsyncs each answer of a write, on disk and in the fsync it shares; DynamoDB Local on
disk does too, in memory neither it nor dynalite stores anything. What is written is
checked: as much as was answered must be there. dynalite has no transactions.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.load import run_wrk
from benchmarks.servers import (
    TABLE,
    URL,
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
WARM_SECONDS = 1
OURS = "footfall dynamodb, on disk"
DYNALITE = "dynalite, in memory"

_PAGES = "pages"  # the table of what is put and read; partition and sort key
_QUERIED = 100  # items of the partition that is read
_TEXT = {"S": "x" * 100}
_COUNT_UP = {
    "TableName": TABLE,
    "Key": {"siteUrl": {"S": URL}},
    "UpdateExpression": "SET visits = visits + :inc",
    "ExpressionAttributeValues": {":inc": {"N": "1"}},
}

_runs = count()  # in one run a KEY comes once, and no key comes in two


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked for.

    Attributes:
        name: DynamoDB's.
        request: Its parameters; KEY is another in each request.
        written: How many of its writes a server has; None where it writes nothing.
    """

    name: str
    request: dict[str, Any]
    written: Callable[[Any], int] | None = None


def _put_items(client: Any) -> int:
    pages = client.get_paginator("scan").paginate(TableName=_PAGES, Select="COUNT")
    return sum(page["Count"] for page in pages)


OPERATIONS = (
    Operation("UpdateItem", {**_COUNT_UP, "ReturnValues": "UPDATED_NEW"}, hot_value),
    Operation(
        "PutItem",
        {
            "TableName": _PAGES,
            "Item": {"site": {"S": "KEY"}, "number": {"N": "0"}, "text": _TEXT},
        },
        _put_items,
    ),
    Operation(
        "GetItem",
        {"TableName": _PAGES, "Key": {"site": {"S": "read"}, "number": {"N": "50"}}},
    ),
    Operation(
        "Query",
        {
            "TableName": _PAGES,
            "KeyConditionExpression": "site = :site",
            "ExpressionAttributeValues": {":site": {"S": "read"}},
        },
    ),
    Operation(
        "TransactWriteItems",
        {
            "TransactItems": [
                {
                    "Put": {
                        "TableName": _PAGES,
                        "Item": {"site": {"S": "KEY"}, "number": {"N": "1"}},
                        "ConditionExpression": "attribute_not_exists(site)",
                    }
                },
                {"Update": _COUNT_UP},
            ]
        },
        hot_value,
    ),
)


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
    """A table for each operation: requests a second, p99, and the ratio to ours."""
    figures: dict[str, Figures] = {operation.name: {} for operation in OPERATIONS}
    for _ in range(runs):
        for name, load in _candidates():
            with tempfile.TemporaryDirectory() as folder, load(folder) as server:
                client = client_of(server.url)
                _fill(client)
                for operation in OPERATIONS:
                    if name == DYNALITE and operation.name == "TransactWriteItems":
                        continue
                    run = _measure(server, client, operation, seconds)
                    figures[operation.name].setdefault(name, []).append(run)
    return "\n\n".join(
        f"{operation} a second\n\n"
        + median_rows(each, ratio_of="requests/s", reference=OURS, inverse=True)
        for operation, each in figures.items()
    )


def _fill(client: Any) -> None:
    make_hot_item(client)
    client.create_table(
        TableName=_PAGES,
        KeySchema=[
            {"AttributeName": "site", "KeyType": "HASH"},
            {"AttributeName": "number", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "site", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(
        TableName=_PAGES, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    for number in range(_QUERIED):
        item = {"site": {"S": "read"}, "number": {"N": str(number)}, "text": _TEXT}
        client.put_item(TableName=_PAGES, Item=item)


def _measure(
    server: Server, client: Any, operation: Operation, seconds: int
) -> dict[str, float]:
    """One run's figures.

    Raises:
        RuntimeError: An answer was an error, or what it says is not there.
    """
    body = json.dumps(operation.request)

    def load(seconds: int) -> Any:
        return run_wrk(
            server.url,
            "operation.lua",
            *(operation.name, body, str(next(_runs))),
            connections=CONNECTIONS,
            seconds=seconds,
        )

    load(WARM_SECONDS)
    before = operation.written(client) if operation.written else 0
    result = load(seconds)
    written = operation.written(client) - before if operation.written else None
    if result.errors or (written is not None and written < result.requests):
        raise RuntimeError(
            f"{operation.name}: {result.requests} answers, {written} written,"
            f" {result.errors} errors"
        )
    return {"requests/s": result.per_second, "p99 ms": result.p99_ms}


def _candidates() -> list[tuple[str, Callable[[str], AbstractContextManager[Server]]]]:
    """Each server's name, and how it is started with its data in a folder."""
    return [
        (OURS, lambda folder: _ours(str(Path(folder) / "bench.db"))),
        ("DynamoDB Local, on disk", lambda folder: _local(folder)),
        ("DynamoDB Local, in memory", lambda folder: _local(None)),
        (DYNALITE, lambda folder: _dynalite()),
    ]
