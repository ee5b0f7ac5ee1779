"""PutItem on every client."""

from typing import Any

import pytest

from tests.contract.conftest import key, read


@pytest.fixture
def table(ranged: str) -> str:
    return ranged


EVERYTHING: Any = {
    "text": {"S": "grüße 日本 🦶"},
    "empty": {"S": ""},
    "number": {"N": "-12.5"},
    "bytes": {"B": b"\x00\xff"},
    "no bytes": {"B": b""},
    "yes": {"BOOL": True},
    "null": {"NULL": True},
    "list": {"L": [{"S": "a"}, {"L": []}, {"M": {}}]},
    "map": {"M": {"a b": {"S": "b"}, "deep": {"M": {"x": {"N": "1"}}}}},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "blobs": {"BS": [b"a", b"b"]},
}


def test_every_type_comes_back(client: Any, table: str) -> None:
    """As it was put; sets in any order."""
    client.put_item(TableName=table, Item={**key("a", 1), **EVERYTHING})

    item = read(client, table)
    for name in ("texts", "numbers", "blobs"):
        ((kind, members),) = item[name].items()
        item[name] = {kind: sorted(members)}
    assert item == {**key("a", 1), **EVERYTHING}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("1.50", "1.5"),
        ("-0", "0"),
        ("1e20", "100000000000000000000"),
        ("007", "7"),
        ("1E-3", "0.001"),
        ("9" * 38, "9" * 38),
        ("0." + "0" * 129 + "1", "0." + "0" * 129 + "1"),
    ],
)
def test_numbers_are_canonical(
    client: Any, table: str, given: str, stored: str
) -> None:
    """Plain, without needless zeros, exact to 38 digits."""
    client.put_item(TableName=table, Item={**key("a", 1), "n": {"N": given}})

    assert read(client, table)["n"] == {"N": stored}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("1" * 39, "Attempting to store more than 38 significant digits"),
        ("1e126", "Number overflow"),
        ("1e-131", "Number underflow"),
        ("one", "cannot be converted to a numeric value"),
        ("", "cannot be converted to a numeric value"),
        ("NaN", "cannot be converted to a numeric value"),
    ],
)
def test_what_is_no_number_is_refused(
    client: Any, table: str, refused: Any, number: str, words: str
) -> None:
    """In DynamoDB's words, and nothing is stored."""
    with refused() as answer:
        client.put_item(TableName=table, Item={**key("a", 1), "n": {"N": number}})

    assert answer.code == "ValidationException"
    assert answer.says(words)
    assert read(client, table) is None


def test_the_old_item_is_replaced_and_returned(client: Any, table: str) -> None:
    """Whole: nothing of it stays."""
    client.put_item(TableName=table, Item={**key("a", 1), "x": {"N": "1"}})
    answer = client.put_item(
        TableName=table, Item={**key("a", 1), "y": {"N": "2"}}, ReturnValues="ALL_OLD"
    )

    assert answer["Attributes"] == {**key("a", 1), "x": {"N": "1"}}
    assert read(client, table) == {**key("a", 1), "y": {"N": "2"}}


def test_a_condition_that_fails_stores_nothing(
    client: Any, table: str, refused: Any
) -> None:
    """And shows the item, if that was asked for."""
    item = {**key("a", 1), "x": {"N": "1"}}
    client.put_item(TableName=table, Item=item)
    with refused() as answer:
        client.put_item(
            TableName=table,
            Item=key("a", 1),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    assert answer.code == "ConditionalCheckFailedException"
    assert answer.message == "The conditional request failed"
    assert answer.response["Item"] == item
    assert read(client, table) == item


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"pk": {"S": "a"}}, "Missing the key sk in the item"),
        (
            {"pk": {"N": "1"}, "sk": {"N": "1"}},
            "Type mismatch for key pk expected: S actual: N",
        ),
        ({**key("", 1)}, "cannot contain an empty string value. Key: pk"),
        (
            {**key("x" * 2049, 1)},
            "Size of hashkey has exceeded the maximum size limit of",
        ),
        ({**key("a", 1), "x": {"SS": []}}, "An string set  may not be empty"),
        ({**key("a", 1), "x": {"SS": ["a", "a"]}}, "contains duplicates"),
        (
            {**key("a", 1), "x": {"S": "x" * 410_000}},
            "Item size has exceeded the maximum allowed size",
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "item",
)
def test_an_item_has_its_key_and_its_bounds(
    client: Any, table: str, refused: Any, item: Any, words: str
) -> None:
    """In DynamoDB's words."""
    with refused() as answer:
        client.put_item(TableName=table, Item=item)

    assert answer.code == "ValidationException"
    assert answer.says(words)


def test_an_item_may_have_400_kb(client: Any, table: str) -> None:
    """Names and values, to the byte."""
    fixed = len("pk") + 1 + len("sk") + 2 + len("x")
    item = {**key("a", 1), "x": {"S": "x" * (400 * 1024 - fixed)}}

    client.put_item(TableName=table, Item=item)

    assert read(client, table) == item


def test_nesting_is_bounded(client: Any, table: str, refused: Any) -> None:
    """32 levels."""

    def nested(levels: int) -> Any:
        value: Any = {"S": "deep"}
        for _ in range(levels):
            value = {"L": [value]}
        return {**key("a", 1), "x": value}

    client.put_item(TableName=table, Item=nested(31))
    with refused() as answer:
        client.put_item(TableName=table, Item=nested(32))
    assert "Nesting Levels have exceeded supported limits" in answer.message


def test_a_missing_table_is_told(client: Any, prefix: str, refused: Any) -> None:
    """With DynamoDB's code."""
    with refused() as answer:
        client.put_item(TableName=f"{prefix}nowhere", Item={"pk": {"S": "a"}})

    assert answer.code == "ResourceNotFoundException"


def test_only_the_old_item_can_be_returned(
    client: Any, table: str, refused: Any
) -> None:
    """The new one is what was sent."""
    with refused() as answer:
        client.put_item(TableName=table, Item=key("a", 1), ReturnValues="ALL_NEW")

    assert answer.code == "ValidationException"


def test_capacity_is_a_unit_for_each_kb(client: Any, table: str) -> None:
    """Of the larger of the old and the new item."""
    put = {"TableName": table, "ReturnConsumedCapacity": "TOTAL"}
    big = client.put_item(Item={**key("a", 1), "x": {"S": "x" * 2000}}, **put)
    small = client.put_item(Item=key("a", 1), **put)

    assert big["ConsumedCapacity"]["CapacityUnits"] == 2
    assert small["ConsumedCapacity"]["CapacityUnits"] == 2
