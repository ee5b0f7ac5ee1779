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


def test_a_full_page_may_have_nothing_behind_it(
    client: Any, filled: str, on_local: bool
) -> None:
    """A page ends at its limit; DynamoDB Local knows that one item is all there is."""
    page = query(client, filled, Limit=1)
    rest = query(client, filled, ExclusiveStartKey={"id": {"S": "c"}})

    last = None if on_local else {"id": {"S": "c"}}
    assert page.get("LastEvaluatedKey") == last
    assert (rest["Items"], rest["Count"]) == ([], 0)
    assert "LastEvaluatedKey" not in rest


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
