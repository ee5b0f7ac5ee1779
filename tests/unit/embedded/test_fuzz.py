"""Whatever is sent gets an answer or one of DynamoDB's errors: no 500, no crash.

Expressions are made of their own tokens in any order, requests of valid ones in which
any part is exchanged for any other JSON, and bodies of any bytes.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall.embedded import EmbeddedClient, wire
from footfall.embedded.exceptions import ClientError, SerializationException

KEY: Any = {"id": {"S": "x"}}
VALUES: Any = {":v": {"N": "1"}, ":s": {"SS": ["a"]}}
NAMES: Any = {"#n": "name", "#0": "0"}
CONDITION: Any = {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "1"}]}
INDEX: Any = {
    "IndexName": "by-city",
    "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a"]},
}
DEFINED: Any = [
    {"AttributeName": "id", "AttributeType": "S"},
    {"AttributeName": "city", "AttributeType": "S"},
]
REQUESTS: list[tuple[str, Any]] = [
    ("PutItem", {"TableName": "items", "Item": {**KEY, "m": {"M": {"a": {"BS": []}}}}}),
    (
        "UpdateItem",
        {
            "TableName": "items",
            "Key": KEY,
            "UpdateExpression": "SET #n = if_not_exists(a.b[0], :v) ADD c :s",
            "ConditionExpression": "attribute_exists(a) OR size(b) IN (:v)",
            "ExpressionAttributeNames": {"#n": "name"},
            "ExpressionAttributeValues": VALUES,
            "ReturnValues": "ALL_NEW",
        },
    ),
    (
        "UpdateItem",
        {
            "TableName": "items",
            "Key": KEY,
            "AttributeUpdates": {"a": {"Action": "ADD", "Value": {"L": []}}},
            "Expected": {"a": {"Exists": False}, "b": CONDITION},
            "ConditionalOperator": "OR",
        },
    ),
    ("GetItem", {"TableName": "items", "Key": KEY, "AttributesToGet": ["a"]}),
    ("DeleteItem", {"TableName": "items", "Key": KEY, "ReturnValues": "ALL_OLD"}),
    (
        "Query",
        {
            "TableName": "items",
            "IndexName": "by-city",
            "KeyConditions": {"city": CONDITION},
            "QueryFilter": {"a": CONDITION},
            "ExclusiveStartKey": {**KEY, "city": {"S": "y"}},
            "Limit": 1,
            "ReturnConsumedCapacity": "INDEXES",
        },
    ),
    (
        "Scan",
        {
            "TableName": "items",
            "FilterExpression": "a BETWEEN :v AND b",
            "ExpressionAttributeValues": {":v": {"N": "1"}},
            "Segment": 0,
            "TotalSegments": 2,
            "Select": "COUNT",
        },
    ),
    ("BatchGetItem", {"RequestItems": {"items": {"Keys": [KEY]}}}),
    ("BatchWriteItem", {"RequestItems": {"items": [{"DeleteRequest": {"Key": KEY}}]}}),
    (
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Put": {"TableName": "items", "Item": KEY}},
                {
                    "ConditionCheck": {
                        "TableName": "items",
                        "Key": {"id": {"S": "y"}},
                        "ConditionExpression": "attribute_exists(id)",
                    }
                },
            ],
            "ClientRequestToken": "token",
        },
    ),
    (
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": "items", "Key": KEY}}]},
    ),
    (
        "CreateTable",
        {
            "TableName": "other",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": DEFINED,
            "GlobalSecondaryIndexes": [INDEX],
            "BillingMode": "PAY_PER_REQUEST",
            "Tags": [{"Key": "k", "Value": "v"}],
        },
    ),
    (
        "UpdateTable",
        {
            "TableName": "items",
            "AttributeDefinitions": DEFINED,
            "GlobalSecondaryIndexUpdates": [{"Create": {**INDEX, "IndexName": "more"}}],
        },
    ),
    (
        "UpdateTimeToLive",
        {
            "TableName": "items",
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"},
        },
    ),
    ("DescribeTable", {"TableName": "items"}),
    ("ListTables", {"Limit": 1, "ExclusiveStartTableName": "a"}),
    ("TagResource", {"ResourceArn": "arn:aws:x", "Tags": [{"Key": "k", "Value": "v"}]}),
]

anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["S", "N", "items", "id", "by-city", "arn:", "1", ":v", "#n"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner)
    ),
    max_leaves=6,
)
tokens = st.sampled_from(
    "a b city id #n #0 :v :s ( ) [ ] , . = <> < <= > >= + - 0 1 99999999999 SET REMOVE"
    " ADD DELETE AND OR NOT BETWEEN IN size contains begins_with attribute_exists"
    " attribute_type if_not_exists list_append name % é".split()
)


@pytest.fixture(scope="module")
def client() -> Iterator[EmbeddedClient]:
    with EmbeddedClient(":memory:") as client:
        client.create_table(
            TableName="items",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=DEFINED,
            GlobalSecondaryIndexes=[INDEX],
        )
        yield client


def assert_answered(client: EmbeddedClient, operation: str, request: Any) -> None:
    """An answer, or an error that is the caller's; and it can be sent."""
    (answer,) = client.batch([(operation, request)])

    if isinstance(answer, ClientError):
        assert answer.status == 400, answer
        wire.encode_error(answer)
    else:
        wire.encode_answer(operation, answer)


def decoded_or_refused(operation: str, body: bytes) -> Any:
    """The request that a body is; None if it is refused."""
    try:
        headers = {"x-amz-target": f"DynamoDB_20120810.{operation}"}
        return wire.decode_request(headers, body)[1]
    except SerializationException:
        return None


def places(part: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where anything stands in a request."""
    yield here
    if isinstance(part, dict):
        for name, content in part.items():
            yield from places(content, (*here, name))
    elif isinstance(part, list):
        for number, content in enumerate(part):
            yield from places(content, (*here, number))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    parameter=st.sampled_from(
        ["UpdateExpression", "ConditionExpression", "ProjectionExpression"]
    ),
    made=st.lists(tokens, max_size=25),
    space=st.sampled_from(["", " "]),
)
def test_any_expression_is_answered(
    client: EmbeddedClient, parameter: str, made: list[str], space: str
) -> None:
    text = space.join(made)
    request: Any = {
        "TableName": "items",
        "Key": KEY,
        parameter: text,
        "ExpressionAttributeNames": {
            name: value for name, value in NAMES.items() if name in text
        },
        "ExpressionAttributeValues": {
            name: value for name, value in VALUES.items() if name in text
        },
    }
    request = {name: content for name, content in request.items() if content != {}}
    operation = "GetItem" if parameter == "ProjectionExpression" else "UpdateItem"
    assert_answered(client, operation, request)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_request_is_answered(client: EmbeddedClient, data: Any) -> None:
    """Over the wire's own decoding, as a client would send it."""
    operation, valid = data.draw(st.sampled_from(REQUESTS))
    request = copy.deepcopy(valid)
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(list(places(request))))
        content = data.draw(anything)
        if not place:
            continue
        part = request
        for step in place[:-1]:
            part = part[step]
        part[place[-1]] = content
    body = json.dumps(request).encode()
    decoded = decoded_or_refused(operation, body)
    if decoded is not None:
        assert_answered(client, operation, decoded)


@given(body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    decoded = decoded_or_refused("PutItem", body)

    assert decoded is None or isinstance(decoded, dict)
