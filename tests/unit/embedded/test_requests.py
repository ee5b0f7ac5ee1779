"""The form of requests that only the wire, or nobody's client, can send."""

from typing import Any

import pytest

from footfall.embedded import EmbeddedClient
from footfall.embedded.exceptions import SerializationException, ValidationException

KEY: Any = {"id": {"S": "x"}}


@pytest.fixture
def client() -> Any:
    with EmbeddedClient(":memory:") as client:
        client.create_table(
            TableName="items",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def refused(client: EmbeddedClient, method: str, **request: Any) -> str:
    with pytest.raises(ValidationException) as caught:
        getattr(client, method)(**request)
    return caught.value.message


def unreadable(client: EmbeddedClient, method: str, **request: Any) -> str:
    with pytest.raises(SerializationException) as caught:
        getattr(client, method)(**request)
    return caught.value.message


@pytest.mark.parametrize(
    ("method", "request_", "words"),
    [
        ("scan", {"TableName": 7}, "Unexpected field type"),
        ("get_item", {"TableName": "items", "Key": []}, "Unexpected field type"),
        (
            "scan",
            {"TableName": "items", "Limit": True},
            "TRUE_VALUE cannot be converted to Integer",
        ),
        ("transact_write_items", {"TransactItems": ["x"]}, "Unexpected field type"),
        (
            "transact_write_items",
            {"TransactItems": [{"Put": "x"}]},
            "Unexpected field type",
        ),
        ("batch_get_item", {"RequestItems": {"items": []}}, "Unexpected field type"),
        ("batch_write_item", {"RequestItems": {"items": {}}}, "Unexpected field type"),
        (
            "create_table",
            {
                "TableName": "other",
                "KeySchema": ["id"],
                "AttributeDefinitions": [],
            },
            "Unexpected field type",
        ),
    ],
    ids=str,
)
def test_a_parameter_of_another_type_is_not_read(
    client: EmbeddedClient, method: str, request_: Any, words: str
) -> None:
    assert unreadable(client, method, **request_) == words


def test_every_fault_of_the_form_is_told_at_once(client: EmbeddedClient) -> None:
    assert refused(
        client,
        "put_item",
        TableName="x!",
        ReturnConsumedCapacity="some",
    ) == (
        "4 validation errors detected: Value 'x!' at 'tableName' failed to satisfy"
        " constraint: Member must satisfy regular expression pattern:"
        " [a-zA-Z0-9_.-]+; Value 'x!' at 'tableName' failed to satisfy constraint:"
        " Member must have length greater than or equal to 3; Value 'some' at"
        " 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy"
        " enum value set: [INDEXES, TOTAL, NONE]; Value null at 'item' failed to satisfy"
        " constraint: Member must not be null"
    )


def test_a_name_that_is_too_long_is_told_so(client: EmbeddedClient) -> None:
    assert refused(client, "scan", TableName="x" * 256).endswith(
        "Member must have length less than or equal to 255"
    )


def test_a_parameter_that_is_none_is_not_there(client: EmbeddedClient) -> None:
    """As a JSON null is."""
    client.put_item(TableName="items", Item=KEY, ConditionExpression=None)

    assert client.scan(TableName="items", Limit=None)["Items"] == [KEY]


def test_a_tuple_is_as_good_as_a_list(client: EmbeddedClient) -> None:
    client.transact_write_items(
        TransactItems=({"Put": {"TableName": "items", "Item": KEY}},)
    )

    assert client.scan(TableName="items")["Count"] == 1


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (
            {},
            "Invalid Request: TransactWriteRequest should contain Delete or Put or"
            " Update request",
        ),
        (
            {"Put": {}, "Delete": {}},
            "TransactItems can only contain one of Check, Put, Update or Delete",
        ),
        (
            {"Get": {}},
            "Get is not supported here; supported are: ConditionCheck, Put, Update,"
            " Delete",
        ),
    ],
    ids=["nothing", "two", "another"],
)
def test_an_action_is_one_of_four(
    client: EmbeddedClient, action: Any, words: str
) -> None:
    assert refused(client, "transact_write_items", TransactItems=[action]) == words


def test_an_action_beside_a_null_is_one(client: EmbeddedClient) -> None:
    action = {"Put": {"TableName": "items", "Item": KEY}, "Delete": None}
    client.transact_write_items(TransactItems=[action])

    assert client.scan(TableName="items")["Count"] == 1


@pytest.mark.parametrize(
    ("writes", "words"),
    [
        (
            [],
            "1 validation error detected: Value '[]' at 'requestItems.items.member'"
            " failed to satisfy constraint: Member must have length greater than or equal"
            " to 1",
        ),
        (
            [{"PutRequest": {"Key": KEY}}],
            "A write of a batch must be a PutRequest with an Item or a DeleteRequest with"
            " a Key",
        ),
        (
            ["x"],
            "A write of a batch must be a PutRequest with an Item or a DeleteRequest with"
            " a Key",
        ),
    ],
    ids=["none", "other", "text"],
)
def test_a_write_of_a_batch_is_one_of_two(
    client: EmbeddedClient, writes: Any, words: str
) -> None:
    assert refused(client, "batch_write_item", RequestItems={"items": writes}) == words


def test_capacity_is_told_by_table_and_by_part(client: EmbeddedClient) -> None:
    """INDEXES tells the table's own apart, for every operation alike."""
    entry = {
        "TableName": "items",
        "CapacityUnits": 1.0,
        "Table": {"CapacityUnits": 1.0},
    }
    wanted: Any = {"ReturnConsumedCapacity": "INDEXES"}
    put = client.put_item(TableName="items", Item=KEY, **wanted)
    batch = client.batch_write_item(
        RequestItems={"items": [{"PutRequest": {"Item": KEY}}]}, **wanted
    )
    read = client.get_item(TableName="items", Key=KEY, ConsistentRead=True, **wanted)

    assert put["ConsumedCapacity"] == read["ConsumedCapacity"] == entry
    assert batch["ConsumedCapacity"] == [entry]


def test_a_transactions_capacity_is_told_only_when_asked_for(
    client: EmbeddedClient,
) -> None:
    request: Any = {
        "TransactItems": [{"Put": {"TableName": "items", "Item": KEY}}],
        "ClientRequestToken": "token",
    }
    assert "ConsumedCapacity" not in client.transact_write_items(**request)
    assert "ConsumedCapacity" not in client.transact_write_items(**request)


def test_a_token_has_at_least_one_character(client: EmbeddedClient) -> None:
    assert "'clientRequestToken'" in refused(
        client,
        "transact_write_items",
        TransactItems=[{"Put": {"TableName": "items", "Item": KEY}}],
        ClientRequestToken="",
    )


def test_units_must_be_given_or_not(client: EmbeddedClient) -> None:
    request: Any = {
        "TableName": "other",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    assert refused(client, "create_table", **request).endswith(
        "must both be specified when BillingMode is PROVISIONED"
    )
    assert refused(
        client,
        "create_table",
        BillingMode="PAY_PER_REQUEST",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        **request,
    ).endswith("can be specified when BillingMode is PAY_PER_REQUEST")
