"""UpdateItem on every client."""

from typing import Any

import pytest

from tests.contract.conftest import key, read


@pytest.fixture
def table(ranged: str) -> str:
    return ranged


def update(client: Any, table: str, expression: str, **more: Any) -> Any:
    return client.update_item(
        TableName=table, Key=key("a", 1), UpdateExpression=expression, **more
    )


ONE: Any = {":one": {"N": "1"}}


def test_an_atomic_counter_counts(client: Any, table: str) -> None:
    """The recipe's own update."""
    client.put_item(TableName=table, Item={**key("a", 1), "visits": {"N": "0"}})
    values = [
        update(
            client,
            table,
            "SET visits = visits + :one",
            ExpressionAttributeValues=ONE,
            ReturnValues="UPDATED_NEW",
        )["Attributes"]
        for _ in range(2)
    ]

    assert values == [{"visits": {"N": "1"}}, {"visits": {"N": "2"}}]


@pytest.mark.parametrize(
    ("returned", "attributes"),
    [
        ("NONE", None),
        ("ALL_OLD", {**key("a", 1), "x": {"N": "1"}, "y": {"N": "5"}}),
        ("ALL_NEW", {**key("a", 1), "x": {"N": "2"}, "y": {"N": "5"}}),
        ("UPDATED_OLD", {"x": {"N": "1"}}),
        ("UPDATED_NEW", {"x": {"N": "2"}}),
    ],
)
def test_what_is_returned(
    client: Any, table: str, returned: str, attributes: Any
) -> None:
    """Before or after, all or what was updated."""
    client.put_item(
        TableName=table, Item={**key("a", 1), "x": {"N": "1"}, "y": {"N": "5"}}
    )
    answer = update(
        client,
        table,
        "ADD x :one",
        ExpressionAttributeValues=ONE,
        ReturnValues=returned,
    )

    assert answer.get("Attributes") == attributes


def test_the_right_hand_side_reads_the_item_as_it_was(client: Any, table: str) -> None:
    """So a claim can record the number before it."""
    client.put_item(
        TableName=table,
        Item={**key("a", 1), "left": {"N": "5"}, "claims": {"M": {}}},
    )
    update(
        client,
        table,
        "SET #left = #left - :one, claims.#id = #left",
        ExpressionAttributeNames={"#left": "left", "#id": "me.you"},
        ExpressionAttributeValues=ONE,
    )

    item = read(client, table)
    assert item["left"] == {"N": "4"}
    assert item["claims"] == {"M": {"me.you": {"N": "5"}}}


def test_every_clause_works_at_once(client: Any, table: str) -> None:
    """SET, REMOVE, ADD and DELETE."""
    client.put_item(
        TableName=table,
        Item={
            **key("a", 1),
            "gone": {"S": "x"},
            "tags": {"SS": ["a", "b"]},
            "more": {"SS": ["c"]},
            "list": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]},
        },
    )
    update(
        client,
        table,
        "SET n = if_not_exists(n, :one), #list[9] = :one, l2 = list_append(:l, #list)"
        " REMOVE gone, #list[0] ADD more :set, fresh :one DELETE tags :a",
        ExpressionAttributeNames={"#list": "list"},
        ExpressionAttributeValues={
            **ONE,
            ":set": {"SS": ["d"]},
            ":a": {"SS": ["a"]},
            ":l": {"L": [{"S": "z"}]},
        },
    )

    item = read(client, table)
    assert sorted(item.pop("more")["SS"]) == ["c", "d"]
    assert item == {
        **key("a", 1),
        "n": {"N": "1"},
        "fresh": {"N": "1"},
        "tags": {"SS": ["b"]},
        "list": {"L": [{"N": "1"}, {"N": "2"}, {"N": "1"}]},
        "l2": {"L": [{"S": "z"}, {"N": "0"}, {"N": "1"}, {"N": "2"}]},
    }


def test_an_item_is_made_by_what_sets(client: Any, table: str, on_local: bool) -> None:
    """And not by what only removes; DynamoDB Local makes one, AWS does not."""
    update(client, table, "REMOVE x")
    assert (read(client, table) is None) != on_local
    update(client, table, "ADD x :one", ExpressionAttributeValues=ONE)

    assert read(client, table) == {**key("a", 1), "x": {"N": "1"}}


def test_a_key_alone_makes_an_item(client: Any, table: str) -> None:
    """Without an expression there is nothing to do to it."""
    client.update_item(TableName=table, Key=key("a", 1))

    assert read(client, table) == key("a", 1)


@pytest.mark.parametrize(
    ("expression", "values", "words"),
    [
        (
            "SET word = word + :one",
            ONE,
            "An operand in the update expression has an incorrect data type",
        ),
        (
            "SET n = nothing + :one",
            ONE,
            "The provided expression refers to an attribute that does not exist in the"
            " item",
        ),
        (
            "SET nothing.deep = :one",
            ONE,
            "The document path provided in the update expression is invalid for update",
        ),
        ("SET pk = :one", ONE, "This attribute is part of the key"),
        ("SET n = :one, n = :one", ONE, "Two document paths overlap with each other"),
        ("SET n :one", ONE, "Syntax error"),
        ("SET count = :one", ONE, "Attribute name is a reserved keyword"),
        ("SET n = :other", ONE, "attribute value: :other"),
        (
            "REMOVE n",
            ONE,
            "Value provided in ExpressionAttributeValues unused in expressions",
        ),
        ("SET #n = :one", ONE, "attribute name: #n"),
        ("", ONE, "The expression can not be empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "values",
)
def test_what_cannot_be_updated_is_refused(
    client: Any, table: str, refused: Any, expression: str, values: Any, words: str
) -> None:
    """In DynamoDB's words, and the item stays as it is."""
    item = {**key("a", 1), "word": {"S": "0"}, "n": {"N": "1"}}
    client.put_item(TableName=table, Item=item)
    with refused() as answer:
        update(client, table, expression, ExpressionAttributeValues=values)

    assert answer.code == "ValidationException"
    assert answer.says(words)
    assert read(client, table) == item


@pytest.mark.parametrize(
    "wrong",
    [
        {"pk": {"S": "a"}},
        {"pk": {"S": "a"}, "sk": {"S": "1"}},
        {"pk": {"S": "a"}, "other": {"N": "1"}},
        {**key("a", 1), "more": {"N": "1"}},
    ],
)
def test_a_key_is_the_whole_key(
    client: Any, table: str, refused: Any, wrong: Any
) -> None:
    """Nothing less, nothing else."""
    with refused() as answer:
        client.update_item(
            TableName=table,
            Key=wrong,
            UpdateExpression="ADD x :one",
            ExpressionAttributeValues=ONE,
        )

    assert answer.code == "ValidationException"
    assert answer.says("The provided key element does not match the schema")


def test_a_condition_is_of_the_item_as_it_was(
    client: Any, table: str, refused: Any
) -> None:
    """A missing item is one without attributes."""
    below = {
        "ConditionExpression": "attribute_not_exists(x) OR x < :max",
        "ExpressionAttributeValues": {**ONE, ":max": {"N": "2"}},
    }
    for _ in range(2):
        update(client, table, "ADD x :one", **below)
    with refused() as answer:
        update(client, table, "ADD x :one", **below)

    assert answer.code == "ConditionalCheckFailedException"
    assert "Item" not in answer.response
    assert read(client, table)["x"] == {"N": "2"}


def test_a_sum_beyond_the_range_is_refused(
    client: Any, table: str, refused: Any
) -> None:
    """38 digits are kept exactly, or not at all."""
    client.put_item(TableName=table, Item={**key("a", 1), "x": {"N": "9" * 38}})
    update(
        client,
        table,
        "ADD x :n",
        ExpressionAttributeValues={":n": {"N": "-1"}},
    )
    assert read(client, table)["x"] == {"N": "9" * 37 + "8"}
    with refused() as answer:
        update(
            client,
            table,
            "ADD x :n",
            ExpressionAttributeValues={":n": {"N": "0.5"}},
        )
    assert answer.code == "ValidationException"


def test_an_item_cannot_grow_past_its_bound(
    client: Any, table: str, refused: Any
) -> None:
    """400 KB."""
    half = {":x": {"S": "x" * 300_000}}
    update(client, table, "SET a = :x", ExpressionAttributeValues=half)
    with refused() as answer:
        update(client, table, "SET b = :x", ExpressionAttributeValues=half)

    assert "Item size to update has exceeded the maximum allowed size" in answer.message
