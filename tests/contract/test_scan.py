"""Scan on every client."""

from typing import Any

import pytest

from tests.contract.conftest import key


@pytest.fixture
def table(ranged: str) -> str:
    return ranged


@pytest.fixture
def filled(client: Any, table: str) -> str:
    """Thirty items in ten partitions."""
    for number in range(30):
        client.put_item(
            TableName=table,
            Item={**key(f"p{number % 10}", number), "x": {"N": str(number)}},
        )
    return table


def collect(client: Any, table: str, **arguments: Any) -> list[int]:
    """The items of every page."""
    found: list[int] = []
    start: Any = {}
    while True:
        page = client.scan(TableName=table, **arguments, **start)
        found += [int(item["x"]["N"]) for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


@pytest.mark.parametrize("limit", [1, 7, 30, 100])
def test_pages_hold_every_item_once(client: Any, filled: str, limit: int) -> None:
    """Whatever their size."""
    assert sorted(collect(client, filled, Limit=limit)) == list(range(30))


def test_segments_hold_every_item_once(client: Any, filled: str) -> None:
    """For workers side by side."""
    found = [
        number
        for segment in range(4)
        for number in collect(client, filled, Segment=segment, TotalSegments=4, Limit=3)
    ]

    assert sorted(found) == list(range(30))


def test_a_filter_and_a_projection(client: Any, filled: str) -> None:
    """On what was looked at."""
    answer = client.scan(
        TableName=filled,
        FilterExpression="x IN (:a, :b) AND NOT x = :b",
        ProjectionExpression="x",
        ExpressionAttributeValues={":a": {"N": "3"}, ":b": {"N": "4"}},
        ReturnConsumedCapacity="TOTAL",
    )

    assert answer["Items"] == [{"x": {"N": "3"}}]
    assert answer["ScannedCount"] == 30
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 0.5


@pytest.mark.parametrize(
    "arguments",
    [
        {"Segment": 1},
        {"TotalSegments": 2},
        {"Segment": 2, "TotalSegments": 2},
    ],
    ids=str,
)
def test_segments_come_in_pairs(
    client: Any, filled: str, refused: Any, arguments: Any
) -> None:
    """A segment below their number."""
    with refused() as answer:
        client.scan(TableName=filled, **arguments)

    assert answer.code == "ValidationException"
