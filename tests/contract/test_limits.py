"""DynamoDB's bounds, at each of them and one beyond, on every client.

Source: Amazon DynamoDB Developer Guide, "Quotas in Amazon DynamoDB".
"""

from typing import Any

import pytest

from tests.contract.requests import assert_refused, create_table, invalid

ITEM_BYTES_MAX = 400 * 1024
TOO_LARGE = "Item size has exceeded the maximum allowed size"
KEY_TOO_LONG = (
    "One or more parameter values were invalid: Size of hashkey has exceeded the maximum"
    " size limit of2048 bytes"
)
SORT_KEY_TOO_LONG = (
    "One or more parameter values were invalid: Aggregated size of all range keys has"
    " exceeded the size limit of 1024 bytes"
)


def of_size(size: int, id: str = "x") -> Any:
    """An item of so many bytes, as DynamoDB counts them."""
    text = "x" * (size - len("id") - len(id) - len("text"))
    return {"id": {"S": id}, "text": {"S": text}}


def test_an_item_of_400_kb_is_stored(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=of_size(ITEM_BYTES_MAX))

    assert client.scan(TableName=table)["Items"] == [of_size(ITEM_BYTES_MAX)]


def test_an_item_of_one_byte_more_is_refused(client: Any, table: str) -> None:
    assert_refused(
        client,
        invalid(TOO_LARGE),
        "put_item",
        TableName=table,
        Item=of_size(ITEM_BYTES_MAX + 1),
    )


def test_an_update_to_one_byte_more_is_refused(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=of_size(ITEM_BYTES_MAX))
    assert_refused(
        client,
        invalid("Item size to update has exceeded the maximum allowed size"),
        "update_item",
        TableName=table,
        Key={"id": {"S": "x"}},
        UpdateExpression="SET b = :b",
        ExpressionAttributeValues={":b": {"S": ""}},
    )


@pytest.mark.parametrize("method", ["put_item", "get_item"])
def test_a_partition_key_has_2048_bytes(client: Any, table: str, method: str) -> None:
    part = "Item" if method == "put_item" else "Key"
    request = getattr(client, method)
    request(TableName=table, **{part: {"id": {"S": "é" * 1024}}})
    assert_refused(
        client,
        invalid(KEY_TOO_LONG),
        method,
        TableName=table,
        **{part: {"id": {"S": "é" * 1024 + "x"}}},
    )


def test_a_sort_key_has_1024_bytes(client: Any, prefix: str) -> None:
    table = f"{prefix}long"
    create_table(client, table, id="S", sort="B")
    key = {"id": {"S": "x"}, "sort": {"B": b"x" * 1024}}
    client.put_item(TableName=table, Item=key)
    assert client.get_item(TableName=table, Key=key)["Item"] == key
    assert_refused(
        client,
        invalid(SORT_KEY_TOO_LONG),
        "put_item",
        TableName=table,
        Item={**key, "sort": {"B": b"x" * 1025}},
    )
    client.delete_table(TableName=table)


def nested(levels: int) -> Any:
    value: Any = {"S": "deep"}
    for _ in range(levels - 1):
        value = {"L": [value]}
    return value


def test_maps_and_lists_nest_to_32_levels(client: Any, table: str) -> None:
    item = {"id": {"S": "x"}, "deep": nested(32)}
    client.put_item(TableName=table, Item=item)

    assert client.scan(TableName=table)["Items"] == [item]


def test_maps_and_lists_nest_no_deeper(client: Any, table: str) -> None:
    assert_refused(
        client,
        invalid(
            "Nesting Levels have exceeded supported limits: Attributes can have maximum"
            " of 32 nested levels"
        ),
        "put_item",
        TableName=table,
        Item={"id": {"S": "x"}, "deep": nested(34)},
    )


@pytest.mark.parametrize("length", [2, 256])
def test_the_name_of_a_table_has_3_to_255_characters(client: Any, length: int) -> None:
    """AWS has other words for the operations on tables; botocore's model has a third.

    DynamoDB Local's differ again, so only the code is compared.
    """
    name = "x" * length
    with pytest.raises(client.exceptions.ClientError) as caught:
        create_table(client, name, id="S")

    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_transaction_has_4_mb(client: Any, table: str, on_local: bool) -> None:
    """It counts what the request carries. DynamoDB Local tells no number."""
    actions = [
        {"Put": {"TableName": table, "Item": of_size(400_000, f"{number:02}")}}
        for number in range(11)
    ]
    client.transact_write_items(TransactItems=actions[:10])
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.transact_write_items(TransactItems=actions)

    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    if not on_local:
        assert error["Message"] == (
            "Transaction payload size cannot exceed 4MB. Payload Size: 4400000"
        )


def test_an_expression_has_4_kb(client: Any, table: str) -> None:
    condition = "a = :v".ljust(4_096)
    request = {
        "TableName": table,
        "FilterExpression": condition,
        "ExpressionAttributeValues": {":v": {"N": "1"}},
    }
    assert client.scan(**request)["Count"] == 0
    assert_refused(
        client,
        invalid(
            "Invalid FilterExpression: Expression size has exceeded the maximum allowed"
            " size; expression size: 4097"
        ),
        "scan",
        **{**request, "FilterExpression": condition + " "},
    )


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_has_at_least_one_item(client: Any, table: str, limit: int) -> None:
    assert_refused(
        client,
        invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy"
            " constraint: Member must have value greater than or equal to 1"
        ),
        "scan",
        TableName=table,
        Limit=limit,
    )


NAME_TOO_LONG = "Attribute name is too large, must be less than 65536 bytes"


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "Empty attribute name"), ("x" * 65_536, NAME_TOO_LONG)],
    ids=["empty", "long"],
)
@pytest.mark.parametrize("inside", [False, True], ids=["item", "map"])
def test_an_attributes_name_has_1_to_65535_bytes(
    client: Any, table: str, name: str, words: str, inside: bool
) -> None:
    attributes: Any = {name: {"N": "1"}}
    if inside:
        attributes = {"map": {"M": attributes}}
    assert_refused(
        client,
        invalid(words),
        "put_item",
        TableName=table,
        Item={"id": {"S": "x"}, **attributes},
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "Empty attribute name"), ("x" * 65_536, NAME_TOO_LONG)],
    ids=["empty", "long"],
)
def test_a_placeholder_stands_for_a_name_that_may_be(
    client: Any, table: str, name: str, words: str
) -> None:
    assert_refused(
        client,
        invalid(
            f"ExpressionAttributeNames contains invalid value: {words} for key #name"
        ),
        "get_item",
        TableName=table,
        Key={"id": {"S": "x"}},
        ProjectionExpression="#name",
        ExpressionAttributeNames={"#name": name},
    )
