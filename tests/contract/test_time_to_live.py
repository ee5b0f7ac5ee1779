"""UpdateTimeToLive and DescribeTimeToLive on every client.

When items expire is of the engine alone: tests/unit/embedded/test_client.py.
"""

from typing import Any

import pytest

from tests.contract.requests import assert_refused, invalid


def switch(client: Any, table: str, *, enabled: bool, attribute: str = "until") -> Any:
    return client.update_time_to_live(
        TableName=table,
        TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute},
    )


def test_the_attribute_is_told_while_it_is_enabled(client: Any, table: str) -> None:
    switch(client, table, enabled=True)
    enabled = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    switch(client, table, enabled=False)
    disabled = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]

    assert enabled == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
    assert disabled == {"TimeToLiveStatus": "DISABLED"}


def test_it_is_enabled_once(client: Any, table: str) -> None:
    switch(client, table, enabled=True)
    assert_refused(
        client,
        invalid("TimeToLive is already enabled"),
        "update_time_to_live",
        TableName=table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"},
    )


def test_it_is_disabled_once(client: Any, table: str) -> None:
    assert_refused(
        client,
        invalid("TimeToLive is already disabled"),
        "update_time_to_live",
        TableName=table,
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "until"},
    )


@pytest.mark.parametrize("method", ["describe_time_to_live", "describe_table"])
def test_a_table_that_does_not_exist_is_named(
    client: Any, prefix: str, method: str
) -> None:
    table = f"{prefix}none"
    assert_refused(
        client,
        (
            "ResourceNotFoundException",
            f"Requested resource not found: Table: {table} not found",
        ),
        method,
        TableName=table,
    )


def test_an_item_with_a_time_of_any_type_is_stored(client: Any, table: str) -> None:
    """Only a number is a time to live; the rest is left alone."""
    switch(client, table, enabled=True)
    items: list[Any] = [
        {"id": {"S": "text"}, "until": {"S": "1"}},
        {"id": {"S": "far"}, "until": {"N": "1" + "0" * 30}},
        {"id": {"S": "part"}, "until": {"N": "4102444800.5"}},
    ]
    for item in items:
        client.put_item(TableName=table, Item=item)

    found = client.scan(TableName=table)["Items"]
    assert sorted(found, key=str) == sorted(items, key=str)
