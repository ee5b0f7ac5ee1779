"""Many items at once: the pages of a read, and what a batch left undone.

DynamoDB answers a Query or Scan in pages of 1 MB, and a batch may come back with a
part of it unprocessed. Whoever forgets either loses items in silence, so it is
written once, here.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from footfall.counters.backoff import pause
from footfall.counters.port import (
    BATCH_GET_KEYS_MAX,
    BATCH_WRITE_ITEMS_MAX,
    DynamoDBClient,
    Item,
    store_errors,
    translate,
    translate_read,
)
from footfall.counters.tables import Request
from footfall.errors import ThrottledError, UnavailableError

UNPROCESSED_TRIES_MAX = 8
UNPROCESSED_PAUSE_SECONDS = 0.1
UNPROCESSED_PAUSE_SECONDS_MAX = 6.4


def query(client: DynamoDBClient, request: Request) -> Iterator[Item]:
    """Every item that a Query finds, page by page.

    Raises:
        TableNotFoundError: The table is missing.
        UnavailableError: The store is away or throttles.
        StoreError: The store refused the request.
    """
    return _pages(client, "Query", client.query, request)


def scan(client: DynamoDBClient, request: Request) -> Iterator[Item]:
    """Every item that a Scan finds, page by page; errors as `query`."""
    return _pages(client, "Scan", client.scan, request)


def get_items(
    client: DynamoDBClient,
    table: str,
    keys: Sequence[Item],
    projection: Request | None = None,
) -> list[Item]:
    """The items that exist of `keys`, read consistently, in no order.

    Args:
        client: Where they are.
        table: The table's name.
        keys: Each once, as many as there are.
        projection: What of each item: a ProjectionExpression and its names.

    Raises:
        As `query`; UnavailableError also when keys stay unprocessed.
    """
    found: list[Item] = []
    for start in range(0, len(keys), BATCH_GET_KEYS_MAX):
        wanted: Request = {
            table: {
                "Keys": list(keys[start : start + BATCH_GET_KEYS_MAX]),
                "ConsistentRead": True,
                **(projection or {}),
            }
        }
        for attempt in range(UNPROCESSED_TRIES_MAX):
            _pause(attempt)
            try:
                answer = client.batch_get_item(RequestItems=wanted)
            except store_errors(client) as error:
                raise translate_read(error, "BatchGetItem", table) from error
            found += answer["Responses"].get(table, ())
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                break
        else:
            raise UnavailableError("BatchGetItem", "it left keys unprocessed")
    return found


def put_items(client: DynamoDBClient, table: str, items: Sequence[Item]) -> None:
    """Put items in place of what is at their keys; each key once.

    Raises:
        As `delete_items`; put again what may not be there.
    """
    _write(client, table, [{"PutRequest": {"Item": item}} for item in items])


def delete_items(client: DynamoDBClient, table: str, keys: Sequence[Item]) -> None:
    """Delete the items of `keys`; those that do not exist are fine.

    Raises:
        ThrottledError: Some may be left. Delete again after a pause.
        IndeterminateError: No answer came. Delete again.
        TableNotFoundError: The table is missing.
    """
    _write(client, table, [{"DeleteRequest": {"Key": key}} for key in keys])


def _write(client: DynamoDBClient, table: str, requests: Sequence[Request]) -> None:
    for start in range(0, len(requests), BATCH_WRITE_ITEMS_MAX):
        wanted: Request = {table: list(requests[start : start + BATCH_WRITE_ITEMS_MAX])}
        for attempt in range(UNPROCESSED_TRIES_MAX):
            _pause(attempt)
            try:
                answer = client.batch_write_item(RequestItems=wanted)
            except store_errors(client) as error:
                raise translate(error, "BatchWriteItem", table) from error
            wanted = answer.get("UnprocessedItems") or {}
            if not wanted:
                break
        else:
            raise ThrottledError("BatchWriteItem")


def _pages(
    client: DynamoDBClient, operation: str, call: Any, request: Request
) -> Iterator[Item]:
    request = dict(request)
    while True:
        try:
            page = call(**request)
        except store_errors(client) as error:
            raise translate_read(error, operation, request["TableName"]) from error
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _pause(attempt: int) -> None:
    # What is unprocessed was throttled: more at once would be, too.
    if attempt:
        pause(
            attempt,
            first_seconds=UNPROCESSED_PAUSE_SECONDS,
            seconds_max=UNPROCESSED_PAUSE_SECONDS_MAX,
        )
