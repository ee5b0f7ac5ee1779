"""What cancels a transaction, and what refuses it whole, on every client.

A fault that DynamoDB sees in the request alone is a ValidationException; one that the
table's key or the stored item shows cancels the transaction, with a reason for each
action. (Checked on AWS by `test/alternator/test_transact.py` of scylladb/scylladb.)
"""

from typing import Any

import pytest

from tests.contract.requests import NO_TABLE, assert_refused, invalid


def put(table: str, id: Any, **more: Any) -> Any:
    return {"Put": {"TableName": table, "Item": {"id": id}, **more}}


def cancelled(client: Any, actions: list[Any]) -> list[Any]:
    """The reasons with which a transaction is cancelled."""
    canceled = client.exceptions.TransactionCanceledException
    with pytest.raises(canceled) as caught:
        client.transact_write_items(TransactItems=actions)
    codes = ", ".join(
        reason["Code"] for reason in caught.value.response["CancellationReasons"]
    )
    assert caught.value.response["Error"]["Message"] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons"
        f" [{codes}]"
    )
    reasons: list[Any] = caught.value.response["CancellationReasons"]
    return reasons


def assert_nothing_written(client: Any, table: str, actions: list[Any]) -> None:
    """Assert that a transaction is refused in one way or the other."""
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.transact_write_items(TransactItems=actions)

    assert caught.value.response["Error"]["Code"] in (
        "TransactionCanceledException",
        "ValidationException",
    )
    assert client.scan(TableName=table)["Count"] == 0


def test_every_false_condition_is_told(client: Any, table: str) -> None:
    exists = {"ConditionExpression": "attribute_exists(id)"}
    reasons = cancelled(
        client,
        [put(table, {"S": "a"}), *(put(table, {"S": id}, **exists) for id in "bc")],
    )

    failed = {
        "Code": "ConditionalCheckFailed",
        "Message": "The conditional request failed",
    }
    assert reasons == [{"Code": "None"}, failed, failed]
    assert client.scan(TableName=table)["Count"] == 0


@pytest.mark.parametrize(
    ("id", "words"),
    [
        (
            {"N": "7"},
            "One or more parameter values were invalid: Type mismatch for key id"
            " expected: S actual: N",
        ),
        (
            {"S": ""},
            "One or more parameter values are not valid. The AttributeValue for a key"
            " attribute cannot contain an empty string value. Key: id",
        ),
    ],
)
def test_the_first_item_without_the_tables_key_cancels(
    client: Any, table: str, on_local: bool, id: Any, words: str
) -> None:
    """Later faults and conditions are not looked at; DynamoDB Local looks at all."""
    actions = [
        put(table, {"S": "x"}, ConditionExpression="attribute_exists(id)"),
        put(table, id),
        put(table, {"N": "8"}),
    ]
    if on_local:
        assert_nothing_written(client, table, actions)
        return

    assert cancelled(client, actions) == [
        {"Code": "None"},
        {"Code": "ValidationError", "Message": words},
        {"Code": "None"},
    ]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (
            {"Delete": {"Key": {"id": {"S": "x"}, "at": {"N": "1"}}}},
            "The provided key element does not match the schema",
        ),
        (
            {
                "Update": {
                    "Key": {"id": {"S": "x"}},
                    "UpdateExpression": "SET id = :v",
                    "ExpressionAttributeValues": {":v": {"S": "y"}},
                }
            },
            "One or more parameter values were invalid: Cannot update attribute id. This"
            " attribute is part of the key",
        ),
        (
            {"Put": {"Item": {"id": {"S": "x"}, "text": {"S": "x" * 409_600}}}},
            "Item size has exceeded the maximum allowed size",
        ),
    ],
    ids=["key", "update of the key", "size"],
)
def test_what_the_table_does_not_take_cancels(
    client: Any, table: str, on_local: bool, action: Any, words: str
) -> None:
    """DynamoDB Local refuses some of these with a ValidationException."""
    ((kind, content),) = action.items()
    actions = [{kind: {"TableName": table, **content}}]
    if on_local:
        assert_nothing_written(client, table, actions)
        return

    (reason,) = cancelled(client, actions)
    assert reason == {"Code": "ValidationError", "Message": words}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"ConditionExpression": "attribute_exists(#x)"},
            "Invalid ConditionExpression: An expression attribute name used in the"
            " document path is not defined; attribute name: #x",
        ),
        (
            {
                "ConditionExpression": "attribute_exists(id)",
                "ExpressionAttributeNames": {"#x": "x"},
            },
            "Value provided in ExpressionAttributeNames unused in expressions: keys:"
            " {#x}",
        ),
        (
            {
                "ConditionExpression": "id = :x",
                "ExpressionAttributeValues": {":x": {"N": "x"}},
            },
            "ExpressionAttributeValues contains invalid value: The parameter cannot be"
            " converted to a numeric value: x for key :x",
        ),
    ],
    ids=["undefined", "unused", "value"],
)
def test_a_wrong_expression_refuses_the_whole(
    client: Any, table: str, more: Any, words: str
) -> None:
    assert_refused(
        client,
        invalid(words),
        "transact_write_items",
        TransactItems=[put(table, {"S": "x"}), put(table, {"S": "y"}, **more)],
    )
    assert client.scan(TableName=table)["Count"] == 0


def test_a_table_that_does_not_exist_refuses_the_whole(
    client: Any, table: str, prefix: str
) -> None:
    assert_refused(
        client,
        NO_TABLE,
        "transact_write_items",
        TransactItems=[put(table, {"S": "x"}), put(f"{prefix}none", {"S": "y"})],
    )
    assert client.scan(TableName=table)["Count"] == 0


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        (
            [],
            "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy"
            " constraint: Member must have length greater than or equal to 1",
        ),
        (
            None,
            "1 validation error detected: Value null at 'transactItems' failed to"
            " satisfy constraint: Member must not be null",
        ),
    ],
)
def test_a_transaction_has_actions(client: Any, actions: Any, words: str) -> None:
    request = {} if actions is None else {"TransactItems": actions}
    assert_refused(client, invalid(words), "transact_write_items", **request)


@pytest.mark.parametrize("kinds", [(), ("Put", "Delete")])
def test_an_action_is_of_one_kind(
    client: Any, table: str, kinds: tuple[str, ...]
) -> None:
    content = {
        "Put": {"TableName": table, "Item": {"id": {"S": "x"}}},
        "Delete": {"TableName": table, "Key": {"id": {"S": "x"}}},
    }
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.transact_write_items(
            TransactItems=[{kind: content[kind] for kind in kinds}]
        )

    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_condition_check_has_a_condition(client: Any, table: str) -> None:
    assert_refused(
        client,
        invalid(
            "1 validation error detected: Value null at"
            " 'transactItems.1.member.conditionCheck.conditionExpression' failed to"
            " satisfy constraint: Member must not be null"
        ),
        "transact_write_items",
        TransactItems=[
            {"ConditionCheck": {"TableName": table, "Key": {"id": {"S": "x"}}}}
        ],
    )


def test_a_token_has_36_characters(client: Any, table: str) -> None:
    request = {"TransactItems": [put(table, {"S": "x"})]}
    client.transact_write_items(**request, ClientRequestToken=f"{table}-".ljust(36))
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.transact_write_items(**request, ClientRequestToken="t" * 37)

    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert "clientRequestToken" in caught.value.response["Error"]["Message"]
