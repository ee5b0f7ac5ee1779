"""DeleteItem on every client."""

from typing import Any

import pytest

from tests.contract.conftest import key, read


@pytest.fixture
def table(ranged: str) -> str:
    return ranged


def test_an_item_is_deleted_and_returned(client: Any, table: str) -> None:
    """One that is not there is fine."""
    item = {**key("a", 1), "x": {"S": "y"}}
    client.put_item(TableName=table, Item=item)
    delete = {"TableName": table, "Key": key("a", 1), "ReturnValues": "ALL_OLD"}

    assert client.delete_item(**delete)["Attributes"] == item
    assert "Attributes" not in client.delete_item(**delete)
    assert read(client, table) is None


def test_a_condition_keeps_the_item(client: Any, table: str, refused: Any) -> None:
    """Also that of an item that is not there."""
    client.put_item(TableName=table, Item={**key("a", 1), "x": {"S": "y"}})
    for sk in (1, 2):
        with refused() as answer:
            client.delete_item(
                TableName=table,
                Key=key("a", sk),
                ConditionExpression="x = :x",
                ExpressionAttributeValues={":x": {"S": "z"}},
            )
        assert answer.code == "ConditionalCheckFailedException"

    assert read(client, table) is not None
