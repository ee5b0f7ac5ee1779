"""GetItem on every client."""

from typing import Any

import pytest

from tests.contract.requests import NO_TABLE, assert_refused, create_table, invalid

ITEM = {
    "id": {"S": "x"},
    "n": {"N": "7"},
    "map": {"M": {"a": {"N": "1"}, "b": {"N": "2"}}},
    "list": {"L": [{"S": "zero"}, {"S": "one"}, {"S": "two"}]},
}


def test_an_item_that_does_not_exist_is_left_out(client: Any, table: str) -> None:
    """The answer has no `Item`, which is no error."""
    answer = client.get_item(TableName=table, Key={"id": {"S": "none"}})

    assert set(answer) == {"ResponseMetadata"}


@pytest.mark.parametrize("consistent", [True, False])
def test_an_item_is_read_by_its_key(client: Any, table: str, consistent: bool) -> None:
    client.put_item(TableName=table, Item=ITEM)
    answer = client.get_item(
        TableName=table, Key={"id": {"S": "x"}}, ConsistentRead=consistent
    )

    assert answer["Item"] == ITEM


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("S", {"S": "a"}, {"S": "á"}),
        ("N", {"N": "1"}, {"N": "1.1"}),
        ("B", {"B": b"\x00"}, {"B": b"\x00\x00"}),
    ],
)
def test_keys_of_each_type_are_told_apart(
    client: Any, prefix: str, kind: str, first: Any, second: Any
) -> None:
    table = f"{prefix}typed"
    create_table(client, table, key=kind)
    client.put_item(TableName=table, Item={"key": first, "which": {"S": "first"}})
    client.put_item(TableName=table, Item={"key": second, "which": {"S": "second"}})
    found = client.get_item(TableName=table, Key={"key": second})["Item"]
    client.delete_table(TableName=table)

    assert found == {"key": second, "which": {"S": "second"}}


def test_a_number_finds_its_item_in_any_notation(
    client: Any, sorted_table: str
) -> None:
    item = {"id": {"S": "x"}, "at": {"N": "100"}}
    client.put_item(TableName=sorted_table, Item=item)
    key = {"id": {"S": "x"}, "at": {"N": "1.0e2"}}

    assert client.get_item(TableName=sorted_table, Key=key)["Item"] == item


@pytest.mark.parametrize(
    ("projection", "names", "expected"),
    [
        ("n", None, {"n": {"N": "7"}}),
        ("#m.a", {"#m": "map"}, {"map": {"M": {"a": {"N": "1"}}}}),
        (
            "#l[2], #l[0]",
            {"#l": "list"},
            {"list": {"L": [{"S": "zero"}, {"S": "two"}]}},
        ),
        ("absent", None, {}),
    ],
)
def test_a_projection_picks_parts(
    client: Any, table: str, projection: str, names: Any, expected: Any
) -> None:
    client.put_item(TableName=table, Item=ITEM)
    request = {"ExpressionAttributeNames": names} if names else {}
    answer = client.get_item(
        TableName=table,
        Key={"id": {"S": "x"}},
        ProjectionExpression=projection,
        **request,
    )

    assert answer["Item"] == expected


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ({"other": {"S": "x"}}, "The provided key element does not match the schema"),
        ({"id": {"N": "1"}}, "The provided key element does not match the schema"),
        ({}, "The provided key element does not match the schema"),
        (
            {"id": {"S": "x"}, "at": {"N": "1"}},
            "The provided key element does not match the schema",
        ),
        (
            {"id": {"S": ""}},
            "One or more parameter values are not valid. The AttributeValue for a key"
            " attribute cannot contain an empty string value. Key: id",
        ),
    ],
)
def test_a_key_that_is_not_the_tables_is_refused(
    client: Any, table: str, key: Any, words: str
) -> None:
    assert_refused(client, invalid(words), "get_item", TableName=table, Key=key)


def test_a_sort_key_must_be_given(client: Any, sorted_table: str) -> None:
    assert_refused(
        client,
        invalid("The provided key element does not match the schema"),
        "get_item",
        TableName=sorted_table,
        Key={"id": {"S": "x"}},
    )


def test_a_reserved_word_needs_a_placeholder(client: Any, table: str) -> None:
    assert_refused(
        client,
        invalid(
            "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved"
            " keyword: name"
        ),
        "get_item",
        TableName=table,
        Key={"id": {"S": "x"}},
        ProjectionExpression="name",
    )


def test_a_table_that_does_not_exist_is_refused(client: Any, prefix: str) -> None:
    assert_refused(
        client, NO_TABLE, "get_item", TableName=f"{prefix}none", Key={"id": {"S": "x"}}
    )


def test_the_capacity_is_told_when_it_is_asked_for(client: Any, table: str) -> None:
    """Half a unit for each 4 KB, a whole one when the read is consistent."""
    client.put_item(
        TableName=table, Item={"id": {"S": "x"}, "text": {"S": "x" * 5_000}}
    )
    request = {
        "TableName": table,
        "Key": {"id": {"S": "x"}},
        "ReturnConsumedCapacity": "TOTAL",
    }
    eventual = client.get_item(**request)["ConsumedCapacity"]
    consistent = client.get_item(ConsistentRead=True, **request)["ConsumedCapacity"]

    assert eventual == {"TableName": table, "CapacityUnits": 1.0}
    assert consistent == {"TableName": table, "CapacityUnits": 2.0}
