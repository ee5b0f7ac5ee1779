"""Pages of tables without a sort key, on every client."""

from typing import Any

import pytest


@pytest.fixture
def filled(client: Any, table: str) -> str:
    """Five items, each a partition of its own."""
    for id in "abcde":
        client.put_item(TableName=table, Item={"id": {"S": id}, "n": {"N": "1"}})
    return table


def query(client: Any, table: str, **more: Any) -> Any:
    return client.query(
        TableName=table,
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": "c"}},
        **more,
    )


def test_a_partition_is_one_item(client: Any, filled: str) -> None:
    assert query(client, filled)["Items"] == [{"id": {"S": "c"}, "n": {"N": "1"}}]


def test_a_whole_key_is_one_page(
    client: Any, filled: str, on_local: bool, refused: Any
) -> None:
    """Nothing follows it; DynamoDB Local answers a page behind it with nothing."""
    page = query(client, filled, Limit=1)

    assert page["Count"] == 1
    assert "LastEvaluatedKey" not in page
    if on_local:
        assert query(client, filled, ExclusiveStartKey={"id": {"S": "c"}})["Count"] == 0
        return
    with refused() as answer:
        query(client, filled, ExclusiveStartKey={"id": {"S": "c"}})
    assert answer.message == (
        "The provided exclusive start key is invalid: ExclusiveStartKey:"
        " {id=AttributeValue: {S:c}}"
    )


def test_a_scan_ends_behind_its_last_item(client: Any, filled: str) -> None:
    found: list[str] = []
    start: dict[str, Any] = {}
    while True:
        page = client.scan(TableName=filled, Limit=2, **start)
        found += [item["id"]["S"] for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    assert sorted(found) == list("abcde")


def test_a_count_shows_no_items(client: Any, filled: str) -> None:
    """What the filter leaves, and what it looked at."""
    answer = client.scan(
        TableName=filled,
        Select="COUNT",
        FilterExpression="id > :id",
        ExpressionAttributeValues={":id": {"S": "b"}},
    )

    assert (answer["Count"], answer["ScannedCount"]) == (3, 5)
    assert "Items" not in answer
