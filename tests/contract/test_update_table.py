"""UpdateTable, and what an account may do, on every client."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.requests import NO_TABLE, assert_refused, create_table, invalid

UNITS: Any = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
BY_CITY: Any = {
    "IndexName": "by-city",
    "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
CITY: Any = [{"AttributeName": "city", "AttributeType": "S"}]


def add_index(client: Any, table: str, definition: Any = BY_CITY) -> None:
    client.update_table(
        TableName=table,
        AttributeDefinitions=CITY,
        GlobalSecondaryIndexUpdates=[{"Create": definition}],
    )
    settle(client, table)


def settle(client: Any, table: str) -> None:
    """Wait until nothing of the table is being made or deleted any more."""
    for _ in range(400):
        try:
            told = described(client, table)
        except client.exceptions.ClientError:
            continue  # DynamoDB Local may fail at what it is just deleting
        states = [
            each["IndexStatus"] for each in told.get("GlobalSecondaryIndexes", [])
        ]
        if {told["TableStatus"], *states} == {"ACTIVE"}:
            return
        time.sleep(0.025)
    raise AssertionError(f"{table} does not come to rest")


def described(client: Any, table: str) -> Any:
    return client.describe_table(TableName=table)["Table"]


@pytest.fixture
def provisioned(client: Any, prefix: str) -> Iterator[str]:
    """A table that is not on demand."""
    name = f"{prefix}provisioned"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput=UNITS,
    )
    yield name
    client.delete_table(TableName=name)


def test_deletion_protection_comes_and_goes(client: Any, prefix: str) -> None:
    """A protected table is not deleted until its protection is taken away."""
    name = f"{prefix}protected"
    create_table(client, name, id="S")
    client.update_table(TableName=name, DeletionProtectionEnabled=True)
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.delete_table(TableName=name)

    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert described(client, name)["DeletionProtectionEnabled"] is True
    client.update_table(TableName=name, DeletionProtectionEnabled=False)
    client.delete_table(TableName=name)
    assert name not in client.list_tables(ExclusiveStartTableName=prefix)["TableNames"]


def test_a_table_goes_on_demand_and_back(client: Any, provisioned: str) -> None:
    """With its throughput, which on demand is none."""
    client.update_table(TableName=provisioned, BillingMode="PAY_PER_REQUEST")
    on_demand = described(client, provisioned)
    client.update_table(
        TableName=provisioned, BillingMode="PROVISIONED", ProvisionedThroughput=UNITS
    )
    back = described(client, provisioned)

    assert on_demand["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert on_demand["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert back["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert back["ProvisionedThroughput"]["WriteCapacityUnits"] == 4


def test_the_throughput_changes(client: Any, provisioned: str) -> None:
    more = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    client.update_table(TableName=provisioned, ProvisionedThroughput=more)

    now = described(client, provisioned)["ProvisionedThroughput"]
    assert (now["ReadCapacityUnits"], now["WriteCapacityUnits"]) == (5, 6)


def test_a_new_index_holds_what_the_table_had(
    client: Any, table: str, on_local: bool
) -> None:
    """Except for what cannot be a key: of another type, empty or too long.

    DynamoDB Local takes those of another type, and those that are too long.
    """
    cities: Any = {
        "a": {"S": "x"},
        "b": {"N": "1"},
        "c": {"S": ""},
        "d": {"S": "x" * 2_049},
        "e": {"S": "y"},
    }
    for name, city in cities.items():
        client.put_item(TableName=table, Item={"id": {"S": name}, "city": city})
    client.put_item(TableName=table, Item={"id": {"S": "f"}})
    add_index(client, table)
    client.put_item(TableName=table, Item={"id": {"S": "g"}, "city": {"S": "z"}})

    items = client.scan(TableName=table, IndexName="by-city")["Items"]
    wrong = {"b", "d"} if on_local else set()
    assert {item["id"]["S"] for item in items} == {"a", "e", "g"} | wrong
    assert client.scan(TableName=table)["Count"] == 7


def test_a_deleted_index_is_gone_and_may_come_again(
    client: Any, table: str, refused: Any, on_local: bool
) -> None:
    """Its key may then be of any type."""
    add_index(client, table)
    gone = [{"Delete": {"IndexName": "by-city"}}]
    client.update_table(TableName=table, GlobalSecondaryIndexUpdates=gone)
    settle(client, table)
    with refused() as answer:
        client.scan(TableName=table, IndexName="by-city")

    assert answer.says("The table does not have the specified index: by-city")
    assert "GlobalSecondaryIndexes" not in described(client, table)
    client.put_item(TableName=table, Item={"id": {"S": "n"}, "city": {"N": "1"}})
    client.put_item(TableName=table, Item={"id": {"S": "s"}, "city": {"S": "x"}})
    add_index(client, table)
    count = client.scan(TableName=table, IndexName="by-city")["Count"]
    assert count == (2 if on_local else 1)  # it takes the number


INVALID = "One or more parameter values were invalid: "


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (
            {},
            invalid(
                "At least one of ProvisionedThroughput, BillingMode,"
                " UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification"
                " or ReplicaUpdates is required for UpdateTable"
            ),
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{}]},
            invalid(
                f"{INVALID}One of GlobalSecondaryIndexUpdate.Update,"
                " GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete"
                " must not be null"
            ),
        ),
        (
            {
                "AttributeDefinitions": CITY,
                "GlobalSecondaryIndexUpdates": [
                    {"Create": BY_CITY},
                    {"Create": {**BY_CITY, "IndexName": "another"}},
                ],
            },
            (
                "LimitExceededException",
                "Subscriber limit exceeded: Only 1 online index can be created or"
                " deleted simultaneously per table",
            ),
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Create": BY_CITY}]},
            invalid(
                f"{INVALID}Some index key attributes are not defined in"
                " AttributeDefinitions. Keys: [city], AttributeDefinitions: []"
            ),
        ),
        (
            {"BillingMode": "PROVISIONED"},
            invalid(
                f"{INVALID}ReadCapacityUnits and WriteCapacityUnits must both be"
                " specified when BillingMode is PROVISIONED"
            ),
        ),
    ],
    ids=["nothing", "empty", "two", "undefined", "no-units"],
)
def test_a_change_that_cannot_be_is_refused(
    client: Any, table: str, request_: Any, refusal: Any
) -> None:
    assert_refused(client, refusal, "update_table", TableName=table, **request_)


def test_a_table_that_is_not_there_is_not_changed(client: Any, prefix: str) -> None:
    name = f"{prefix}none"
    words = f"Requested resource not found: Table: {name} not found"
    assert_refused(
        client,
        (NO_TABLE[0], words),
        "update_table",
        TableName=name,
        DeletionProtectionEnabled=True,
    )


def test_limits_are_told(client: Any) -> None:
    limits = client.describe_limits()

    assert limits["TableMaxReadCapacityUnits"] == 40_000
    assert limits["AccountMaxWriteCapacityUnits"] == 80_000
