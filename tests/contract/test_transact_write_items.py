"""TransactWriteItems and TransactGetItems on every client."""

import uuid
from typing import Any

import pytest

from tests.contract.conftest import key, read


@pytest.fixture
def table(ranged: str) -> str:
    return ranged


ONE: Any = {":one": {"N": "1"}}


def put(table: str, sk: int, **more: Any) -> Any:
    return {"Put": {"TableName": table, "Item": {**key("a", sk), **more}}}


def add(table: str, sk: int, **more: Any) -> Any:
    return {
        "Update": {
            "TableName": table,
            "Key": key("a", sk),
            "UpdateExpression": "ADD x :one",
            "ExpressionAttributeValues": ONE,
            **more,
        }
    }


def absent(table: str, sk: int, **more: Any) -> Any:
    return {
        "Put": {
            "TableName": table,
            "Item": key("a", sk),
            "ConditionExpression": "attribute_not_exists(pk)",
            **more,
        }
    }


def reasons(answer: Any) -> list[str]:
    return [reason["Code"] for reason in answer.response["CancellationReasons"]]


def test_all_actions_happen(client: Any, table: str) -> None:
    """Put, Update, Delete and ConditionCheck."""
    client.put_item(TableName=table, Item=key("a", 3))
    client.put_item(TableName=table, Item=key("a", 4))
    client.transact_write_items(
        TransactItems=[
            put(table, 1),
            add(table, 2),
            {"Delete": {"TableName": table, "Key": key("a", 3)}},
            {
                "ConditionCheck": {
                    "TableName": table,
                    "Key": key("a", 4),
                    "ConditionExpression": "attribute_exists(pk)",
                }
            },
        ]
    )

    assert read(client, table, sk=1) == key("a", 1)
    assert read(client, table, sk=2)["x"] == {"N": "1"}
    assert read(client, table, sk=3) is None
    assert read(client, table, sk=4) == key("a", 4)


def test_one_failure_cancels_all(client: Any, table: str, refused: Any) -> None:
    """With a reason for each action, in order, and the item where it is asked for."""
    item = {**key("a", 2), "x": {"N": "7"}}
    client.put_item(TableName=table, Item=item)
    with refused() as answer:
        client.transact_write_items(
            TransactItems=[
                add(table, 1),
                absent(table, 2, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
                absent(table, 3),
            ]
        )

    assert answer.code == "TransactionCanceledException"
    assert reasons(answer) == ["None", "ConditionalCheckFailed", "None"]
    assert answer.response["CancellationReasons"][1]["Item"] == item
    assert "[None, ConditionalCheckFailed, None]" in answer.message
    assert read(client, table, sk=1) is None
    assert read(client, table, sk=3) is None


def test_a_token_makes_a_repeat_harmless(client: Any, table: str, refused: Any) -> None:
    """The same request again answers as the first did; another is refused."""
    token = str(uuid.uuid4())
    request = {"TransactItems": [add(table, 1)], "ClientRequestToken": token}
    client.transact_write_items(**request)
    client.transact_write_items(**request)
    assert read(client, table)["x"] == {"N": "1"}
    with refused() as answer:
        client.transact_write_items(
            TransactItems=[add(table, 2)], ClientRequestToken=token
        )

    assert answer.code == "IdempotentParameterMismatchException"
    assert read(client, table, sk=2) is None


def test_a_cancelled_transaction_leaves_its_token_free(
    client: Any, table: str, refused: Any
) -> None:
    """It may succeed later under the same one."""
    request = {
        "TransactItems": [absent(table, 1)],
        "ClientRequestToken": str(uuid.uuid4()),
    }
    client.put_item(TableName=table, Item=key("a", 1))
    with refused() as answer:
        client.transact_write_items(**request)
    assert answer.code == "TransactionCanceledException"
    client.delete_item(TableName=table, Key=key("a", 1))
    client.transact_write_items(**request)

    assert read(client, table) == key("a", 1)


@pytest.mark.parametrize(
    ("sks", "words"),
    [
        ([1, 1], "multiple operations on one item"),
        (list(range(101)), "100"),
    ],
    ids=["twice", "many"],
)
def test_a_transaction_is_bounded(
    client: Any, table: str, refused: Any, sks: list[int], words: str
) -> None:
    """100 actions, each of another item."""
    with refused() as answer:
        client.transact_write_items(TransactItems=[add(table, sk) for sk in sks])

    assert answer.code == "ValidationException"
    assert answer.says(words)


def test_a_string_is_not_added_to(client: Any, table: str, refused: Any) -> None:
    """AWS cancels with a ValidationError; DynamoDB Local refuses the request."""
    client.put_item(TableName=table, Item={**key("a", 1), "x": {"S": "0"}})
    with refused() as answer:
        client.transact_write_items(
            TransactItems=[
                put(table, 2),
                add(table, 1, UpdateExpression="SET x = x + :one"),
            ]
        )

    if answer.code == "TransactionCanceledException":
        assert reasons(answer) == ["None", "ValidationError"]
        words = answer.response["CancellationReasons"][1]["Message"]
    else:
        words = answer.message
    assert "An operand in the update expression has an incorrect data type" in words
    assert read(client, table, sk=2) is None


def test_capacity_is_doubled(client: Any, table: str) -> None:
    """Once to prepare, once to commit."""
    answer = client.transact_write_items(
        TransactItems=[put(table, 1), put(table, 2)], ReturnConsumedCapacity="TOTAL"
    )

    (entry,) = answer["ConsumedCapacity"]
    assert (entry["TableName"], entry["CapacityUnits"]) == (table, 4)


def test_items_are_read_at_one_moment(client: Any, table: str, refused: Any) -> None:
    """TransactGetItems: in order, {} for one that is not there."""
    client.put_item(TableName=table, Item={**key("a", 1), "x": {"N": "7"}})

    def get(sk: int, **more: Any) -> Any:
        return {"Get": {"TableName": table, "Key": key("a", sk), **more}}

    answer = client.transact_get_items(
        TransactItems=[get(2), get(1, ProjectionExpression="x")],
        ReturnConsumedCapacity="TOTAL",
    )

    assert answer["Responses"] == [{}, {"Item": {"x": {"N": "7"}}}]
    assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 4
    with refused() as twice:
        client.transact_get_items(TransactItems=[get(1), get(1)])
    assert twice.code == "ValidationException"


def test_a_token_is_of_a_request_however_its_fields_are_ordered(
    client: Any, table: str
) -> None:
    """A client may build the same request in another order, and JSON has none."""
    update = add(table, 1)["Update"]
    reordered = dict(reversed(update.items()))
    for each in (update, reordered):
        client.transact_write_items(
            TransactItems=[{"Update": each}], ClientRequestToken="in-any-order"
        )

    item = read(client, table)
    assert item["x"] == {"N": "1"}
