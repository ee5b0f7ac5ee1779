"""DynamoDB's protocol: requests read, answers and errors written."""

import json
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest

from footfall.embedded import wire
from footfall.embedded.attribute import validate_item
from footfall.embedded.exceptions import (
    AccessDeniedException,
    ClientError,
    ConditionalCheckFailedException,
    InternalServerError,
    SerializationException,
    TransactionCanceledException,
    UnknownOperationException,
    ValidationException,
)

PUT = {"x-amz-target": "DynamoDB_20120810.PutItem"}


def _decoded(request: Any) -> Any:
    return wire.decode_request(PUT, json.dumps(request).encode())[1]


def test_request_is_an_operation_and_its_parameters() -> None:
    """The target header names the operation."""
    request = {"TableName": "t", "Item": {"a": {"S": "x"}, "n": {"N": "1"}}}

    assert wire.decode_request(PUT, json.dumps(request).encode()) == (
        "PutItem",
        request,
    )


@pytest.mark.parametrize(
    "target",
    [
        "",
        "PutItem",
        "DynamoDB_20120810",
        "DynamoDB_20120810.",
        "Other_20120810.PutItem",
    ],
)
def test_request_without_a_target_is_refused(target: str) -> None:
    """A browser cannot send the header across origins, so it guards as well."""
    with pytest.raises(UnknownOperationException):
        wire.decode_request({"x-amz-target": target}, b"{}")
    with pytest.raises(UnknownOperationException):
        wire.decode_request({}, b"{}")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"}{",
        b"7",
        b"[]",
        b'"x"',
        b"null",
        b"{7}",
        b'{"a": NaN}',
        b'{"a": "\xff"}',
        b'{"":' * 200_000 + b"{}" + b"}" * 200_000,
    ],
)
def test_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    """However deep it goes."""
    with pytest.raises(SerializationException):
        wire.decode_request(PUT, body)


def test_binaries_are_decoded_wherever_values_are() -> None:
    """In items, keys, values, batches and transactions; and at any depth."""
    b64, raw = {"B": "AQI="}, {"B": b"\x01\x02"}
    assert _decoded(
        {
            "Item": {
                "B": {"S": "AQI="},  # an attribute's name, not a type
                "a": b64,
                "s": {"BS": ["AQI=", "/w=="]},
                "l": {"L": [b64, {"M": {"B": b64, "L": {"L": []}}}]},
            },
            "Key": {"k": b64},
            "ExclusiveStartKey": {"k": b64},
            "ExpressionAttributeValues": {":b": b64},
            "RequestItems": {
                "t": [{"PutRequest": {"Item": {"a": b64}}}],
                "u": {"Keys": [{"a": b64}], "ProjectionExpression": "B"},
            },
            "TransactItems": [
                {"Put": {"Item": {"a": b64}}},
                {"Update": {"Key": {"a": b64}}},
            ],
            "TableName": "B",
        }
    ) == {
        "Item": {
            "B": {"S": "AQI="},
            "a": raw,
            "s": {"BS": [b"\x01\x02", b"\xff"]},
            "l": {"L": [raw, {"M": {"B": raw, "L": {"L": []}}}]},
        },
        "Key": {"k": raw},
        "ExclusiveStartKey": {"k": raw},
        "ExpressionAttributeValues": {":b": raw},
        "RequestItems": {
            "t": [{"PutRequest": {"Item": {"a": raw}}}],
            "u": {"Keys": [{"a": raw}], "ProjectionExpression": "B"},
        },
        "TransactItems": [
            {"Put": {"Item": {"a": raw}}},
            {"Update": {"Key": {"a": raw}}},
        ],
        "TableName": "B",
    }


def test_binaries_are_decoded_as_deep_as_items_go() -> None:
    """What validation allows, and no further: recursion ends before the stack does."""
    deepest: Any = {"B": "AQI="}
    too_deep: Any = {"B": "AQI="}
    for _ in range(31):
        deepest = {"L": [deepest]}
    for _ in range(200):
        too_deep = {"M": {"B": too_deep}}
    structure: Any = {"Put": {"Item": {"a": {"B": "AQI="}}}}
    for _ in range(200):
        structure = {"Put": structure}
    request = _decoded({"Item": {"a": deepest}, "Key": {"a": too_deep}, **structure})

    assert validate_item(request["Item"])
    with pytest.raises(ValidationException, match="Nesting Levels have exceeded"):
        validate_item(request["Key"])


def test_escaped_keys_are_decoded_too() -> None:
    """JSON may write "B" as an escape."""
    body = b'{"Item": {"a": {"\\u0042": "AQI="}}}'

    assert wire.decode_request(PUT, body)[1] == {"Item": {"a": {"B": b"\x01\x02"}}}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("AQ", "Base64 encoded length is expected a multiple of 4 bytes but found: 2"),
        ("A===", "Invalid Base64 character"),
        ("!!!!", "Invalid Base64 character"),
        ("\u00e9\u00e9\u00e9\u00e9", "Invalid Base64 character"),
        ("AR==", "Invalid last non-pad Base64 character dectected"),
        (1, "only base-64-encoded strings are convertible to bytes"),
    ],
)
def test_binary_that_is_no_base64_is_refused(content: Any, problem: str) -> None:
    """The words are DynamoDB's, its slip included."""
    with pytest.raises(SerializationException) as caught:
        _decoded({"Item": {"a": {"B": content}}})

    assert caught.value.message.startswith(problem)


@pytest.mark.parametrize(
    "request_",
    [
        {"Item": {"a": {"B": None}}},
        {"Item": {"a": {"BS": "x"}}},
        {"Item": {"a": {"B": "AQI=", "M": 1, "L": "x"}}},
        {"Item": [1], "RequestItems": ["B", {"B": 1}]},
        {"Item": {"a": 1, "b": {"BS": None}}},
        {"RequestItems": {"t": ["B", 1]}, "TransactItems": [1, None, {"Put": 1}]},
        {"Keys": "B", "x": {"B": None}},
    ],
)
def test_misshapen_requests_are_left_to_validation(request_: Any) -> None:
    """Decoding fails at nothing but base64; what is wrong is said later."""
    assert _decoded(request_)


def test_answer_is_json_with_a_checksum_and_an_id() -> None:
    """Botocore checks the CRC32 of every answer that carries one."""
    response = wire.encode_answer(
        "GetItem",
        {
            "Item": {"b": {"B": b"\x01\x02"}, "s": {"BS": [b"\xff"]}},
            "ResponseMetadata": {"RequestId": "ID", "HTTPStatusCode": 200},
        },
    )
    headers = dict(response.headers)

    assert response.status == 200
    assert json.loads(response.body) == {
        "Item": {"b": {"B": "AQI="}, "s": {"BS": ["/w=="]}}
    }
    assert headers[b"content-type"] == b"application/x-amz-json-1.0"
    assert headers[b"content-length"] == str(len(response.body)).encode()
    assert headers[b"x-amz-crc32"] == str(zlib.crc32(response.body)).encode()
    assert headers[b"x-amzn-requestid"] == b"ID"


def test_times_are_seconds_since_the_epoch() -> None:
    """JSON has no time; botocore turns the number into a datetime."""
    made = datetime(2026, 11, 24, tzinfo=UTC)
    response = wire.encode_answer(
        "DescribeTable", {"Table": {"CreationDateTime": made, "KeySchema": [{"a": 1}]}}
    )

    assert json.loads(response.body) == {
        "Table": {"CreationDateTime": made.timestamp(), "KeySchema": [{"a": 1}]}
    }


@pytest.mark.parametrize(
    ("error", "status", "content"),
    [
        (
            ValidationException("Wrong"),
            400,
            {
                "__type": "com.amazon.coral.validate#ValidationException",
                "message": "Wrong",
            },
        ),
        (
            SerializationException("No JSON"),
            400,
            {
                "__type": "com.amazon.coral.service#SerializationException",
                "Message": "No JSON",
            },
        ),
        (
            ConditionalCheckFailedException(Item={"a": {"B": b"\x01\x02"}}),
            400,
            {
                "__type": "com.amazonaws.dynamodb.v20120810"
                "#ConditionalCheckFailedException",
                "message": "The conditional request failed",
                "Item": {"a": {"B": "AQI="}},
            },
        ),
        (
            TransactionCanceledException("Cancelled", CancellationReasons=[]),
            400,
            {
                "__type": "com.amazonaws.dynamodb.v20120810"
                "#TransactionCanceledException",
                "Message": "Cancelled",
                "CancellationReasons": [],
            },
        ),
        (
            InternalServerError("Broken"),
            500,
            {
                "__type": "com.amazonaws.dynamodb.v20120810#InternalServerError",
                "message": "Broken",
            },
        ),
        (
            AccessDeniedException("No"),
            403,
            {
                "__type": "com.amazon.coral.service#AccessDeniedException",
                "Message": "No",
            },
        ),
    ],
)
def test_error_has_dynamodbs_type(
    error: ClientError, status: int, content: dict[str, Any]
) -> None:
    """SDKs choose the exception by the end of `__type`."""
    response = wire.encode_error(error)

    assert response.status == status
    assert json.loads(response.body) == content


def test_error_keeps_the_id_that_the_client_gave() -> None:
    """The same id is in the exception and on the wire."""
    response = wire.encode_error(ValidationException("x").at("PutItem", "ID"))

    assert dict(response.headers)[b"x-amzn-requestid"] == b"ID"


def test_request_ids_differ() -> None:
    """They are as long as AWS's."""
    first, second = wire.new_request_id(), wire.new_request_id()

    assert first != second
    assert len(first) == len(second) == 52


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [
        ("application/x-amz-json-1.0", True),
        ("application/json; charset=utf-8", True),
        ("text/plain", False),
        ("", False),
    ],
)
def test_only_json_is_read(content_type: str, is_json: bool) -> None:
    """DynamoDB answers other types with 404."""
    assert wire.is_json({"content-type": content_type}) is is_json


def test_answers_outside_the_protocol() -> None:
    """A health check, a wrong method, a body that is too large."""
    assert wire.healthy("here")[::2] == (200, b"healthy: here\n")
    assert wire.no_operation()[::2] == (404, b"<UnknownOperationException/>\n")
    assert wire.too_large().status == 413
    assert (b"connection", b"close") in wire.too_large().headers


def test_a_change_of_tags_has_an_empty_body() -> None:
    """AWS sends nothing, not even an empty map."""
    assert wire.encode_answer("TagResource", {}).body == b""


def test_what_is_no_json_is_told_its_place() -> None:
    target = {"x-amz-target": "DynamoDB_20120810.PutItem"}
    with pytest.raises(SerializationException, match=r"not valid JSON, at 1$"):
        wire.decode_request(target, b"{broken")


def test_binaries_in_the_old_parameters_are_decoded() -> None:
    body = (
        b'{"Expected": {"a": {"Value": {"B": "AQ=="}}},'
        b' "QueryFilter": {"a": {"AttributeValueList": [{"B": "Ag=="}]}}}'
    )
    target = {"x-amz-target": "DynamoDB_20120810.Query"}
    _, request = wire.decode_request(target, body)

    assert request["Expected"]["a"]["Value"] == {"B": b"\x01"}
    assert request["QueryFilter"]["a"]["AttributeValueList"] == [{"B": b"\x02"}]
