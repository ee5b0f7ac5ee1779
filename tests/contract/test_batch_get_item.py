"""BatchGetItem on every client."""

from typing import Any

import pytest

from tests.contract.requests import NO_TABLE, assert_refused, invalid


def key(id: str) -> Any:
    return {"id": {"S": id}}


def ids(items: list[Any]) -> set[str]:
    return {item["id"]["S"] for item in items}


def test_items_of_several_tables_come_at_once(
    client: Any, table: str, sorted_table: str
) -> None:
    """In any order; one that does not exist is left out."""
    sorted_key = {**key("x"), "at": {"N": "1"}}
    client.put_item(TableName=table, Item={**key("a"), "n": {"N": "1"}})
    client.put_item(TableName=table, Item=key("b"))
    client.put_item(TableName=sorted_table, Item=sorted_key)
    answer = client.batch_get_item(
        RequestItems={
            table: {"Keys": [key("a"), key("b"), key("none")]},
            sorted_table: {"Keys": [sorted_key], "ConsistentRead": True},
        }
    )

    found = sorted(answer["Responses"][table], key=lambda item: str(item["id"]))
    assert found == [{**key("a"), "n": {"N": "1"}}, key("b")]
    assert answer["Responses"][sorted_table] == [sorted_key]
    assert answer["UnprocessedKeys"] == {}


def test_a_projection_is_of_one_table(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item={**key("a"), "n": {"N": "1"}})
    answer = client.batch_get_item(
        RequestItems={
            table: {
                "Keys": [key("a")],
                "ProjectionExpression": "#n",
                "ExpressionAttributeNames": {"#n": "n"},
            }
        }
    )

    assert answer["Responses"][table] == [{"n": {"N": "1"}}]


def test_the_capacity_is_of_each_item(client: Any, table: str, on_local: bool) -> None:
    """Half a unit for an item that is not there too; DynamoDB Local forgets it."""
    client.put_item(TableName=table, Item={**key("a"), "text": {"S": "x" * 5_000}})
    answer = client.batch_get_item(
        RequestItems={table: {"Keys": [key("a"), key("none")]}},
        ReturnConsumedCapacity="TOTAL",
    )

    units = 1.0 if on_local else 1.5
    assert answer["ConsumedCapacity"] == [{"TableName": table, "CapacityUnits": units}]


def test_what_is_beyond_16_mb_is_left_for_the_next_call(
    client: Any, table: str
) -> None:
    """With its projection, so that the rest can be sent as it is."""
    keys = [key(f"{number:02}") for number in range(45)]
    for each in keys:
        client.put_item(TableName=table, Item={**each, "text": {"S": "x" * 409_000}})
    request = {table: {"Keys": keys, "ConsistentRead": True}}
    first = client.batch_get_item(RequestItems=request)
    second = client.batch_get_item(RequestItems=first["UnprocessedKeys"])

    assert first["UnprocessedKeys"][table]["ConsistentRead"] is True
    assert second["UnprocessedKeys"] == {}
    found = [*first["Responses"][table], *second["Responses"][table]]
    assert len(found) == 45
    assert ids(found) == {each["id"]["S"] for each in keys}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ([key("a"), key("a")], "Provided list of item keys contains duplicates"),
        (
            [{"other": {"S": "a"}}],
            "The provided key element does not match the schema",
        ),
    ],
)
def test_wrong_keys_are_refused(
    client: Any, table: str, keys: list[Any], words: str
) -> None:
    assert_refused(
        client, invalid(words), "batch_get_item", RequestItems={table: {"Keys": keys}}
    )


def test_at_most_100_keys_are_read(client: Any, table: str, on_local: bool) -> None:
    """DynamoDB Local has other words for one table's keys."""
    keys = [key(str(number)) for number in range(101)]
    request = {table: {"Keys": keys[:100]}}
    assert client.batch_get_item(RequestItems=request)["Responses"][table] == []
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.batch_get_item(RequestItems={table: {"Keys": keys}})

    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    if not on_local:
        assert error["Message"].endswith("less than or equal to 100")


def test_something_is_read(client: Any) -> None:
    assert_refused(
        client,
        invalid(
            "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy"
            " constraint: Member must have length greater than or equal to 1"
        ),
        "batch_get_item",
        RequestItems={},
    )


def test_a_table_that_does_not_exist_is_refused(
    client: Any, table: str, prefix: str
) -> None:
    assert_refused(
        client,
        NO_TABLE,
        "batch_get_item",
        RequestItems={
            table: {"Keys": [key("a")]},
            f"{prefix}none": {"Keys": [key("a")]},
        },
    )
