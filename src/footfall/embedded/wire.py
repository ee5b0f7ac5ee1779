"""DynamoDB's HTTP protocol, JSON 1.0: requests in, responses out, no I/O.

    POST /
    X-Amz-Target: DynamoDB_20120810.UpdateItem
    Content-Type: application/x-amz-json-1.0

    {"TableName": "siteVisits", "Key": {"siteUrl": {"S": "..."}}, ...}

Binary values are base64 in JSON and `bytes` everywhere else; times are seconds
since the epoch in JSON and `datetime` elsewhere. Every response has a request id
and the CRC32 of its body, as botocore checks it. Whose a request is stands in
`signature`.
"""

import base64
import binascii
import itertools
import os
import re
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from footfall.embedded.attribute import NESTING_MAX
from footfall.embedded.exceptions import (
    AccessDeniedException,
    ClientError,
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
    SerializationException,
    TransactionCanceledException,
    UnknownOperationException,
    UnrecognizedClientException,
    ValidationException,
)

BODY_BYTES_MAX = 16 * 1024 * 1024

_TARGET = "DynamoDB_20120810"
_JSON_TYPE = "application/x-amz-json-1.0"
_JSON_TYPES = (_JSON_TYPE, "application/json")
_METADATA = "ResponseMetadata"
_DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
_VALIDATION = "com.amazon.coral.validate#"
_SERVICE = "com.amazon.coral.service#"
_SERVICE_ERRORS = (
    AccessDeniedException,
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
    UnrecognizedClientException,
    SerializationException,
    UnknownOperationException,
)

# Where attribute values are in a request: these hold a map of them,
_ITEMS = frozenset(("Item", "Key", "ExpressionAttributeValues", "ExclusiveStartKey"))
# and these hold structures in which such maps are
_STRUCTURES = frozenset(
    (
        "TransactItems",
        "Put",
        "Update",
        "Delete",
        "ConditionCheck",
        "Get",
        "PutRequest",
        "DeleteRequest",
    )
)
# and these, from before expressions, hold a map of structures with such values
_CONDITIONS = frozenset(
    ("Expected", "AttributeUpdates", "KeyConditions", "QueryFilter", "ScanFilter")
)
_STRUCTURE_LEVELS_MAX = 3  # the request, an action of its list, what the action does
# What a body has if there is a binary value in it: the key, or an escape in a key
_BINARY_MARKS = (b'"B"', b'"BS"', b"\\u")

Request = dict[str, Any]
Headers = list[tuple[bytes, bytes]]

_PLACE = re.compile(r"\(byte (\d+)\)")  # in an error of the JSON decoder
_WITHOUT_BODY = frozenset(("TagResource", "UntagResource"))

_ids = itertools.count(int.from_bytes(os.urandom(14), "big"))
_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


class Response(NamedTuple):
    """A whole HTTP response."""

    status: int
    headers: Headers
    body: bytes


def decode_request(headers: Mapping[str, str], body: bytes) -> tuple[str, Request]:
    """Return the operation that is asked for, and its parameters.

    Args:
        headers: The request's headers, their names in lower case.
        body: The request's body.

    Raises:
        UnknownOperationException: The target is none of DynamoDB's.
        SerializationException: The body is not the JSON of a request.
    """
    # DynamoDB reads a body, if there is one, before it looks at the target
    request = _decode_json(body) if body else None
    prefix, _, operation = headers.get("x-amz-target", "").rpartition(".")
    if prefix != _TARGET or not operation:
        raise UnknownOperationException(
            f"The X-Amz-Target header must name an operation, as in {_TARGET}.GetItem"
        )
    if not isinstance(request, dict):
        raise SerializationException("Start of structure expected")
    if any(mark in body for mark in _BINARY_MARKS):
        decode_binaries(request)
    return operation, request


def decode_binaries(request: Request) -> None:
    """Turn base64 into bytes in all attribute values of a request, in place.

    Raises:
        SerializationException: A binary value is no base64.
    """
    _decode_structure(request, 1)


def _decode_json(body: bytes) -> object:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        place = _PLACE.search(str(error))
        at = f", at {place[1]}" if place else ""
        raise SerializationException(f"The body is not valid JSON{at}") from None


def is_json(headers: Mapping[str, str]) -> bool:
    """Say whether the body is of a type that DynamoDB reads."""
    return headers.get("content-type", "").partition(";")[0].strip() in _JSON_TYPES


def _decode_structure(structure: Request, level: int) -> None:
    """Turn base64 into bytes in all attribute values of a structure, in place."""
    for name, content in structure.items():
        if name in _ITEMS:
            _decode_item(content, 1)
        elif name in _CONDITIONS:
            _decode_conditions(content)
        elif name == "Keys":
            for key in _each(content):
                _decode_item(key, 1)
        elif level < _STRUCTURE_LEVELS_MAX:
            for inner in _structures(name, content):
                _decode_structure(inner, level + 1)


def _decode_conditions(conditions: object) -> None:
    for condition in _each(conditions):
        for content in condition.values():
            if isinstance(content, dict):
                _decode_value(content.get("Value"), 2)
                for value in _each(content.get("AttributeValueList")):
                    _decode_value(value, 2)


def _structures(name: str, content: object) -> Iterable[Request]:
    """Return the structures that a parameter holds, none if it holds none."""
    if name in _STRUCTURES:
        return _each(content)
    if name == "RequestItems" and isinstance(content, dict):
        return (part for table in content.values() for part in _each(table))
    return ()


def _each(content: object) -> Iterable[dict[str, Any]]:
    """Return the structures that a list holds, or the one that is not in a list."""
    members = content if isinstance(content, list) else [content]
    return (member for member in members if isinstance(member, dict))


def _decode_item(item: object, level: int) -> None:
    if isinstance(item, dict):
        for value in item.values():
            _decode_value(value, level + 1)


def _decode_value(value: object, level: int) -> None:
    # What is too deep or of a wrong type is left as it is, for validation to refuse
    if not isinstance(value, dict) or level > NESTING_MAX + 1:
        return
    for kind, content in value.items():
        if kind == "B":
            value[kind] = _decode_binary(content)
        elif kind == "BS" and isinstance(content, list):
            value[kind] = [_decode_binary(member) for member in content]
        elif kind == "L" and isinstance(content, list):
            for member in content:
                _decode_value(member, level + 1)
        elif kind == "M":
            _decode_item(content, level)


def _decode_binary(text: object) -> bytes | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise SerializationException(
            "only base-64-encoded strings are convertible to bytes"
        )
    if len(text) % 4:
        raise SerializationException(
            "Base64 encoded length is expected a multiple of 4 bytes but found:"
            f" {len(text)}"
        )
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SerializationException("Invalid Base64 character") from None
    if base64.b64encode(content).decode() != text:
        raise SerializationException("Invalid last non-pad Base64 character dectected")
    return content


def encode_answer(operation: str, answer: Mapping[str, Any]) -> Response:
    """Return the response that carries an operation's answer."""
    content = dict(answer)
    metadata = content.pop(_METADATA, {})
    if operation.endswith("Table"):
        content = _with_numeric_times(content)
    body = b"" if operation in _WITHOUT_BODY else _encoder.encode(content)
    return _response(200, body, metadata.get("RequestId", ""))


def _with_numeric_times(content: Any) -> Any:
    if isinstance(content, datetime):
        return content.timestamp()
    if isinstance(content, dict):
        return {name: _with_numeric_times(part) for name, part in content.items()}
    if isinstance(content, list):
        return [_with_numeric_times(part) for part in content]
    return content


def encode_error(error: ClientError) -> Response:
    """Return the response that carries an error."""
    namespace, message = _DYNAMODB, "message"
    if isinstance(error, ValidationException):
        namespace = _VALIDATION
    elif isinstance(error, _SERVICE_ERRORS):
        namespace, message = _SERVICE, "Message"
    elif isinstance(error, TransactionCanceledException):
        message = "Message"
    content = {"__type": namespace + error.code, message: error.message, **error.extra}
    status = 403 if isinstance(error, AccessDeniedException) else error.status
    request_id = error.response[_METADATA]["RequestId"]
    return _response(status, _encoder.encode(content), request_id)


def error_code(response: Response) -> str:
    """Return DynamoDB's code of the error that a response carries, "" if none."""
    if response.status == 200:
        return ""
    try:
        content = _decoder.decode(response.body)
    except msgspec.DecodeError:
        return ""
    kind = content.get("__type", "") if isinstance(content, dict) else ""
    return str(kind).rpartition("#")[2]


def endpoint(host: str) -> Response:
    """Return the answer to DescribeEndpoints: where the request came to."""
    minutes = 1_440  # a day, as AWS says
    endpoints = [{"Address": host, "CachePeriodInMinutes": minutes}]
    return _response(200, _encoder.encode({"Endpoints": endpoints}), "")


def healthy(host: str) -> Response:
    """Return DynamoDB's answer to a GET of its root: that it lives, and where."""
    body = f"healthy: {host}\n".encode()
    return Response(200, _headers(b"text/plain", body, ""), body)


def no_operation() -> Response:
    """Return DynamoDB's answer to what is no request of its protocol."""
    body = b"<UnknownOperationException/>\n"
    return Response(404, _headers(b"text/plain", body, ""), body)


def bad_request() -> Response:
    """Return the answer to headers, or to a path, beyond what DynamoDB reads."""
    body = b"The request line or the headers are longer than 16 KB\n"
    headers = _headers(b"text/plain", body, "")
    return Response(400, [*headers, (b"connection", b"close")], body)


def too_large() -> Response:
    """Return the answer to a body beyond 16 MB, after which the connection ends."""
    body = _encoder.encode(
        {
            "__type": _SERVICE + "RequestEntityTooLargeException",
            "Message": f"The request is larger than {BODY_BYTES_MAX} bytes",
        }
    )
    headers = _headers(_JSON_TYPE.encode(), body, "")
    return Response(413, [*headers, (b"connection", b"close")], body)


def _response(status: int, body: bytes, request_id: str) -> Response:
    return Response(status, _headers(_JSON_TYPE.encode(), body, request_id), body)


def _headers(content_type: bytes, body: bytes, request_id: str) -> Headers:
    return [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"x-amzn-requestid", (request_id or new_request_id()).encode()),
        (b"x-amz-crc32", b"%d" % zlib.crc32(body)),
    ]


def new_request_id() -> str:
    """Return an id that no other response has: 52 capitals and digits, as AWS's."""
    return f"{next(_ids):052X}"
