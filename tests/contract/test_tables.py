"""The operations on tables, and time to live, on every client."""

from datetime import datetime
from typing import Any

import pytest

HASH: Any = {
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
}
ON_DEMAND: Any = {"BillingMode": "PAY_PER_REQUEST"}
UNITS: Any = {
    "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
}


def test_a_table_is_described(client: Any, prefix: str) -> None:
    """Active, with what it was created with."""
    name = f"{prefix}x"
    client.create_table(TableName=name, **HASH, **UNITS)
    client.put_item(TableName=name, Item={"k": {"S": "a"}})
    table = client.describe_table(TableName=name)["Table"]
    client.delete_table(TableName=name)

    assert table["TableStatus"] == "ACTIVE"
    assert table["KeySchema"] == HASH["KeySchema"]
    assert table["AttributeDefinitions"] == HASH["AttributeDefinitions"]
    assert table["ItemCount"] == 1
    assert table["ProvisionedThroughput"]["WriteCapacityUnits"] == 4
    assert table["TableArn"].endswith(f":table/{name}")
    assert isinstance(table["CreationDateTime"], datetime)


def test_a_table_is_created_once_and_deleted(
    client: Any, prefix: str, refused: Any
) -> None:
    """With everything in it."""
    name = f"{prefix}x"
    client.create_table(TableName=name, **HASH, **ON_DEMAND)
    client.put_item(TableName=name, Item={"k": {"S": "a"}})
    with refused() as again:
        client.create_table(TableName=name, **HASH, **ON_DEMAND)
    client.delete_table(TableName=name)

    assert again.code == "ResourceInUseException"
    for call in (client.describe_table, client.delete_table):
        with refused() as answer:
            call(TableName=name)
        assert answer.code == "ResourceNotFoundException"
    client.create_table(TableName=name, **HASH, **ON_DEMAND)
    assert client.scan(TableName=name)["Count"] == 0
    client.delete_table(TableName=name)


def test_tables_are_listed_in_pages(client: Any, prefix: str) -> None:
    """In the order of their names."""
    names = [f"{prefix}{letter}" for letter in "abc"]
    for name in names:
        client.create_table(TableName=name, **HASH, **ON_DEMAND)
    # Just before the first of ours: the tables of others may be there.
    first = client.list_tables(ExclusiveStartTableName=f"{prefix}Z", Limit=2)
    rest = client.list_tables(
        ExclusiveStartTableName=first["LastEvaluatedTableName"], Limit=1
    )
    for name in names:
        client.delete_table(TableName=name)

    assert first["TableNames"] + rest["TableNames"] == names


@pytest.mark.parametrize(
    "arguments",
    [
        {**HASH},
        {**HASH, **ON_DEMAND, "KeySchema": []},
        {**HASH, **ON_DEMAND, "AttributeDefinitions": []},
        {
            **ON_DEMAND,
            "KeySchema": [{"AttributeName": "k", "KeyType": "RANGE"}],
            "AttributeDefinitions": HASH["AttributeDefinitions"],
        },
        {
            **ON_DEMAND,
            "KeySchema": HASH["KeySchema"],
            "AttributeDefinitions": [
                *HASH["AttributeDefinitions"],
                {"AttributeName": "other", "AttributeType": "S"},
            ],
        },
        {
            **ON_DEMAND,
            "KeySchema": [*HASH["KeySchema"], *HASH["KeySchema"]],
            "AttributeDefinitions": HASH["AttributeDefinitions"],
        },
        {
            **ON_DEMAND,
            "KeySchema": HASH["KeySchema"],
            "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "SS"}],
        },
    ],
    ids=["no units", "no key", "no types", "range", "more", "twice", "set"],
)
def test_a_table_that_is_not_valid_is_not_made(
    client: Any, prefix: str, refused: Any, arguments: Any
) -> None:
    """A ValidationException."""
    with refused() as answer:
        client.create_table(TableName=f"{prefix}x", **arguments)

    assert answer.code == "ValidationException"


def test_a_table_on_demand_has_no_units(
    client: Any, prefix: str, refused: Any, on_local: bool
) -> None:
    """AWS refuses both at once; DynamoDB Local overlooks the units."""
    request = {"TableName": f"{prefix}x", **HASH, **ON_DEMAND, **UNITS}
    if on_local:
        client.create_table(**request)
        client.delete_table(TableName=f"{prefix}x")
        return
    with refused() as answer:
        client.create_table(**request)

    assert answer.says("when BillingMode is PAY_PER_REQUEST")


def test_a_protected_table_stays(client: Any, prefix: str, refused: Any) -> None:
    """Until somebody takes the protection away."""
    name = f"{prefix}x"
    client.create_table(
        TableName=name, DeletionProtectionEnabled=True, **HASH, **ON_DEMAND
    )
    with refused() as answer:
        client.delete_table(TableName=name)

    assert "protected against deletion" in answer.message
    client.update_table(TableName=name, DeletionProtectionEnabled=False)
    client.delete_table(TableName=name)


def test_time_to_live_is_switched(client: Any, prefix: str, refused: Any) -> None:
    """On and off, each once."""
    name = f"{prefix}x"
    client.create_table(TableName=name, **HASH, **ON_DEMAND)

    def switch(enabled: bool) -> Any:
        return client.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={"Enabled": enabled, "AttributeName": "until"},
        )

    def status() -> str:
        answer = client.describe_time_to_live(TableName=name)
        return str(answer["TimeToLiveDescription"]["TimeToLiveStatus"])

    assert status() == "DISABLED"
    assert switch(True)["TimeToLiveSpecification"]["Enabled"] is True
    assert status() == "ENABLED"
    with refused() as again:
        switch(True)
    assert again.code == "ValidationException"
    assert switch(False)["TimeToLiveSpecification"]["Enabled"] is False
    with refused() as never:
        switch(False)
    assert never.code == "ValidationException"
    client.delete_table(TableName=name)
