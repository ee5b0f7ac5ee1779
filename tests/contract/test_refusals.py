"""The exact words of further refusals, a table an operation, on every client."""

from typing import Any

import pytest

from tests.contract.requests import NO_TABLE, assert_refused, invalid

KEY: Any = {"id": {"S": "x"}, "at": {"N": "1"}}
NO_KEY = "The provided key element does not match the schema"
ONE: Any = {":id": {"S": "x"}}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            {},
            "Either the KeyConditions or KeyConditionExpression parameter must be"
            " specified in the request.",
        ),
        (
            {"ExclusiveStartKey": {"id": {"S": "x"}}, "condition": "id = :id"},
            f"The provided starting key is invalid: {NO_KEY}",
        ),
        (
            {"ExclusiveStartKey": {**KEY, "id": {"S": "y"}}, "condition": "id = :id"},
            "The provided starting key is outside query boundaries based on provided"
            " conditions",
        ),
        (
            {"ExclusiveStartKey": KEY, "condition": "id = :id AND #at > :at"},
            "The provided starting key does not match the range key predicate",
        ),
        (
            {"Select": "ALL_PROJECTED_ATTRIBUTES", "condition": "id = :id"},
            "One or more parameter values were invalid: ALL_PROJECTED_ATTRIBUTES can be"
            " used only when Querying using an IndexName",
        ),
        (
            {"Select": "SPECIFIC_ATTRIBUTES", "condition": "id = :id"},
            "One or more parameter values were invalid: Must specify the AttributesToGet"
            " or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        ),
        (
            {
                "Select": "ALL_ATTRIBUTES",
                "ProjectionExpression": "id",
                "condition": "id = :id",
            },
            "One or more parameter values were invalid: Cannot specify the"
            " ProjectionExpression when choosing to get ALL_ATTRIBUTES",
        ),
        (
            {
                "Select": "COUNT",
                "ProjectionExpression": "id",
                "condition": "id = :id",
            },
            "One or more parameter values were invalid: Cannot specify the"
            " ProjectionExpression when choosing to get only the Count",
        ),
    ],
    ids=str,
)
def test_a_query(client: Any, sorted_table: str, request_: Any, words: str) -> None:
    request = dict(request_)
    condition = request.pop("condition", None)
    if condition is not None:
        request["KeyConditionExpression"] = condition
        request["ExpressionAttributeValues"] = dict(ONE)
    if ":at" in (condition or ""):
        request["ExpressionAttributeNames"] = {"#at": "at"}
        request["ExpressionAttributeValues"][":at"] = {"N": "1"}
    assert_refused(client, invalid(words), "query", TableName=sorted_table, **request)


def test_a_segments_starting_key(client: Any, table: str, on_local: bool) -> None:
    """It must be of the segment. DynamoDB Local has other hashes and other words."""
    client.put_item(TableName=table, Item={"id": {"S": "x"}})
    segments = {"TableName": table, "TotalSegments": 2}
    (own,) = (
        segment
        for segment in (0, 1)
        if client.scan(**segments, Segment=segment)["Count"] == 1
    )
    start = {"ExclusiveStartKey": {"id": {"S": "x"}}}
    assert client.scan(**segments, Segment=own, **start)["Count"] == 0
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.scan(**segments, Segment=1 - own, **start)

    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    if not on_local:
        assert error["Message"] == (
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use"
            " ExclusiveStartKey with correct Segment. TotalSegments: 2 Segment:"
            f" {1 - own}"
        )


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (
            {"Segment": 0},
            "The TotalSegments parameter is required but was not present in the request"
            " when Segment parameter is present",
        ),
        (
            {"TotalSegments": 1},
            "The Segment parameter is required but was not present in the request when"
            " parameter TotalSegments is present",
        ),
        (
            {"Segment": 1, "TotalSegments": 1},
            "The Segment parameter is zero-based and must be less than parameter"
            " TotalSegments: Segment: 1 is not less than TotalSegments: 1",
        ),
    ],
    ids=str,
)
def test_a_scan(client: Any, table: str, segment: Any, words: str) -> None:
    assert_refused(client, invalid(words), "scan", TableName=table, **segment)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (
            {},
            "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy"
            " constraint: Member must have length greater than or equal to 1",
        ),
        ([{"DeleteRequest": {"Key": {"other": {"S": "x"}}}}], NO_KEY),
        (
            [{"PutRequest": {"Item": {"other": {"S": "x"}}}}],
            "One or more parameter values were invalid: Missing the key id in the item",
        ),
        (
            [
                {
                    "PutRequest": {"Item": {"id": {"S": "x"}}},
                    "DeleteRequest": {"Key": {"id": {"S": "y"}}},
                }
            ],
            "Supplied AttributeValue has more than one datatypes set, must contain"
            " exactly one of the supported datatypes",
        ),
    ],
    ids=["nothing", "key", "item", "both"],
)
def test_a_batch_of_writes(client: Any, table: str, items: Any, words: str) -> None:
    assert_refused(
        client,
        invalid(words),
        "batch_write_item",
        RequestItems={table: items} if items else {},
    )


@pytest.mark.parametrize("method", ["scan", "query", "batch_write_item"])
def test_a_table_that_does_not_exist(client: Any, prefix: str, method: str) -> None:
    table = f"{prefix}none"
    requests: dict[str, Any] = {
        "scan": {"TableName": table},
        "query": {
            "TableName": table,
            "KeyConditionExpression": "id = :id",
            "ExpressionAttributeValues": ONE,
        },
        "batch_write_item": {
            "RequestItems": {table: [{"DeleteRequest": {"Key": {"id": {"S": "x"}}}}]}
        },
    }
    assert_refused(client, NO_TABLE, method, **requests[method])


DEFINED: Any = {"AttributeName": "id", "AttributeType": "S"}
HASH: Any = {"AttributeName": "id", "KeyType": "HASH"}


@pytest.mark.parametrize(
    ("schema", "definitions", "words"),
    [
        (
            [{**HASH, "KeyType": "RANGE"}],
            [DEFINED],
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            [HASH, {**HASH, "AttributeName": "at"}],
            [DEFINED, {**DEFINED, "AttributeName": "at"}],
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ),
        (
            [HASH, {**HASH, "KeyType": "RANGE"}],
            [DEFINED],
            "Both the Hash Key and the Range Key element in the KeySchema have the same"
            " name",
        ),
        (
            [HASH],
            [{**DEFINED, "AttributeName": "other"}],
            "One or more parameter values were invalid: Some index key attributes are not"
            " defined in AttributeDefinitions. Keys: [id], AttributeDefinitions: [other]",
        ),
        (
            [HASH],
            [DEFINED, {**DEFINED, "AttributeName": "other"}],
            "One or more parameter values were invalid: Number of attributes in KeySchema"
            " does not exactly match number of attributes defined in"
            " AttributeDefinitions",
        ),
        (
            [HASH],
            [DEFINED, {**DEFINED, "AttributeType": "N"}],
            "One or more parameter values were invalid: Duplicate AttributeName in"
            " AttributeDefinitions. AttributeName: id",
        ),
    ],
    ids=["first", "second", "same", "undefined", "unused", "duplicate"],
)
def test_a_table(
    client: Any, prefix: str, schema: Any, definitions: Any, words: str
) -> None:
    assert_refused(
        client,
        invalid(words),
        "create_table",
        TableName=f"{prefix}x",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=schema,
        AttributeDefinitions=definitions,
    )
