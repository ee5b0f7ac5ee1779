"""The form of requests: which parameters an operation takes, and of what type.

DynamoDB checks the form before anything else and names every fault at once:

    2 validation errors detected: Value null at 'tableName' failed to satisfy
    constraint: Member must not be null; Value '0' at 'limit' failed to ...

A parameter that is not in these tables is refused, never ignored: whoever sends one
expects it to do something. That goes for the legacy parameters (`Expected`,
`AttributeUpdates`, `KeyConditions`, …) and for secondary indexes too.

Source: Amazon DynamoDB API Reference.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from footfall.embedded.exceptions import SerializationException, ValidationException

TABLE_NAME_LENGTH = (3, 255)
_TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]+")

Request = Mapping[str, Any]


class Parameter(NamedTuple):
    """What a parameter may be.

    Attributes:
        kind: Its Python type.
        required: Whether it may be missing.
        choices: The only values of a string.
        low: The least value of a number, or the least length of a string or a list.
        high: The greatest.
    """

    kind: type
    required: bool = False
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None


_TABLE = Parameter(str, required=True)
_TEXT = Parameter(str)
_MAP = Parameter(dict)
_KEY = Parameter(dict, required=True)
_FLAG = Parameter(bool)
_CAPACITY = Parameter(str, choices=("INDEXES", "TOTAL", "NONE"))
_METRICS = Parameter(str, choices=("SIZE", "NONE"))
_OLD_ON_FAILURE = Parameter(str, choices=("ALL_OLD", "NONE"))
_RETURN_VALUES = Parameter(
    str, choices=("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
)
_LIMIT = Parameter(int, low=1)
_EXPRESSION = {"ExpressionAttributeNames": _MAP, "ExpressionAttributeValues": _MAP}
_CONDITION = {"ConditionExpression": _TEXT, **_EXPRESSION}
_WRITE = {
    "TableName": _TABLE,
    **_CONDITION,
    "ReturnValues": _RETURN_VALUES,
    "ReturnConsumedCapacity": _CAPACITY,
    "ReturnItemCollectionMetrics": _METRICS,
    "ReturnValuesOnConditionCheckFailure": _OLD_ON_FAILURE,
}
_GET = {
    "TableName": _TABLE,
    "Key": _KEY,
    "ProjectionExpression": _TEXT,
    "ExpressionAttributeNames": _MAP,
}
_READ = {
    "TableName": _TABLE,
    "FilterExpression": _TEXT,
    "ProjectionExpression": _TEXT,
    **_EXPRESSION,
    "ExclusiveStartKey": _MAP,
    "Limit": _LIMIT,
    "Select": Parameter(
        str,
        choices=(
            "SPECIFIC_ATTRIBUTES",
            "COUNT",
            "ALL_ATTRIBUTES",
            "ALL_PROJECTED_ATTRIBUTES",
        ),
    ),
    "ConsistentRead": _FLAG,
    "ReturnConsumedCapacity": _CAPACITY,
}
_ACTION = {
    "TableName": _TABLE,
    **_CONDITION,
    "ReturnValuesOnConditionCheckFailure": _OLD_ON_FAILURE,
}

OPERATIONS: dict[str, dict[str, Parameter]] = {
    "CreateTable": {
        "TableName": _TABLE,
        "AttributeDefinitions": Parameter(list, required=True),
        "KeySchema": Parameter(list, required=True, low=1, high=2),
        "BillingMode": Parameter(str, choices=("PROVISIONED", "PAY_PER_REQUEST")),
        "ProvisionedThroughput": _MAP,
        "DeletionProtectionEnabled": _FLAG,
        "GlobalSecondaryIndexes": Parameter(list),
        "LocalSecondaryIndexes": Parameter(list),
        "TableClass": Parameter(
            str, choices=("STANDARD", "STANDARD_INFREQUENT_ACCESS")
        ),
    },
    "DescribeTable": {"TableName": _TABLE},
    "DeleteTable": {"TableName": _TABLE},
    "ListTables": {
        "ExclusiveStartTableName": _TEXT,
        "Limit": Parameter(int, low=1, high=100),
    },
    "DescribeTimeToLive": {"TableName": _TABLE},
    "UpdateTimeToLive": {"TableName": _TABLE, "TimeToLiveSpecification": _KEY},
    "GetItem": {**_GET, "ConsistentRead": _FLAG, "ReturnConsumedCapacity": _CAPACITY},
    "PutItem": {"Item": _KEY, **_WRITE},
    "UpdateItem": {"Key": _KEY, "UpdateExpression": _TEXT, **_WRITE},
    "DeleteItem": {"Key": _KEY, **_WRITE},
    "Query": {"KeyConditionExpression": _TEXT, "ScanIndexForward": _FLAG, **_READ},
    "Scan": {
        "Segment": Parameter(int, low=0, high=999_999),
        "TotalSegments": Parameter(int, low=1, high=1_000_000),
        **_READ,
    },
    "BatchGetItem": {"RequestItems": _KEY, "ReturnConsumedCapacity": _CAPACITY},
    "BatchWriteItem": {
        "RequestItems": _KEY,
        "ReturnConsumedCapacity": _CAPACITY,
        "ReturnItemCollectionMetrics": _METRICS,
    },
    "TransactGetItems": {
        "TransactItems": Parameter(list, required=True, low=1, high=100),
        "ReturnConsumedCapacity": _CAPACITY,
    },
    "TransactWriteItems": {
        "TransactItems": Parameter(list, required=True, low=1, high=100),
        "ClientRequestToken": Parameter(str, low=1, high=36),
        "ReturnConsumedCapacity": _CAPACITY,
        "ReturnItemCollectionMetrics": _METRICS,
    },
}
READS = frozenset(
    {
        "BatchGetItem",
        "DescribeTable",
        "DescribeTimeToLive",
        "GetItem",
        "ListTables",
        "Query",
        "Scan",
        "TransactGetItems",
    }
)

# What stands inside a batch or a transaction.
KEYS_AND_ATTRIBUTES: dict[str, Parameter] = {
    "Keys": Parameter(list, required=True, low=1, high=100),
    "ProjectionExpression": _TEXT,
    "ExpressionAttributeNames": _MAP,
    "ConsistentRead": _FLAG,
}
ACTIONS: dict[str, dict[str, Parameter]] = {
    "ConditionCheck": {
        **_ACTION,
        "Key": _KEY,
        "ConditionExpression": Parameter(str, required=True),
    },
    "Put": {**_ACTION, "Item": _KEY},
    "Update": {
        **_ACTION,
        "Key": _KEY,
        "UpdateExpression": Parameter(str, required=True),
    },
    "Delete": {**_ACTION, "Key": _KEY},
}
GETS: dict[str, dict[str, Parameter]] = {"Get": _GET}


def check_form(
    request: Request, parameters: Mapping[str, Parameter], place: str = ""
) -> None:
    """Check a request, or a part of one, against its parameters.

    Args:
        request: The request.
        parameters: What it may have.
        place: Where the part stands, as DynamoDB names it: "transactItems.1.member.put.".

    Raises:
        ValidationException: Something is missing, unknown or out of bounds.
        SerializationException: Something is of the wrong JSON type.
    """
    faults: list[str] = []
    for name, value in request.items():
        parameter = parameters.get(name)
        if parameter is None:
            raise ValidationException(
                f"{name} is not supported here; supported are:"
                f" {', '.join(sorted(parameters))}"
            )
        if value is not None:
            if type(value) is not parameter.kind:
                _require_kind(value, parameter.kind)
            if parameter.low is not None or parameter.choices or name == "TableName":
                faults += _faults(place, name, value, parameter)
    for name, parameter in parameters.items():
        if parameter.required and request.get(name) is None:
            faults.append(
                f"Value null at '{place}{_camel(name)}' failed to satisfy constraint:"
                " Member must not be null"
            )
    if faults:
        plural = "s" if len(faults) > 1 else ""
        raise ValidationException(
            f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}"
        )


def one_of(
    action: object, kinds: Mapping[str, Mapping[str, Parameter]]
) -> tuple[str, dict[str, Any]]:
    """The one kind of action that stands in a transaction's member, and its content.

    Raises:
        ValidationException: There is none, or more than one.
        SerializationException: It is no map.
    """
    if not isinstance(action, dict):
        raise SerializationException("Unexpected field type")
    given = [(kind, content) for kind, content in action.items() if content is not None]
    if len(given) == 1 and given[0][0] in kinds:
        kind, content = given[0]
        _require_kind(content, dict)
        return kind, content
    for kind, _ in given:
        if kind not in kinds:
            raise ValidationException(
                f"{kind} is not supported here; supported are: {', '.join(kinds)}"
            )
    raise ValidationException(
        "Invalid Request: TransactWriteRequest should contain Delete or Put or Update"
        " request"
        if not given
        else "TransactItems can only contain one of Check, Put, Update or Delete"
    )


def _require_kind(value: object, kind: type) -> None:
    if kind is int and isinstance(value, bool):
        raise SerializationException("TRUE_VALUE cannot be converted to Integer")
    if kind is list and isinstance(value, tuple):
        return
    if not isinstance(value, kind):
        raise SerializationException("Unexpected field type")


def _faults(place: str, name: str, value: Any, parameter: Parameter) -> Iterator[str]:
    fault = f"Value '{value}' at '{place}{_camel(name)}' failed to satisfy constraint: "
    if parameter.choices and value not in parameter.choices:
        yield (
            f"{fault}Member must satisfy enum value set: [{', '.join(parameter.choices)}]"
        )
    if name == "TableName":
        low, high = TABLE_NAME_LENGTH
        if not _TABLE_NAME.fullmatch(value):
            yield (
                f"{fault}Member must satisfy regular expression pattern:"
                f" {_TABLE_NAME.pattern}"
            )
        if len(value) < low:
            yield f"{fault}Member must have length greater than or equal to {low}"
        if len(value) > high:
            yield f"{fault}Member must have length less than or equal to {high}"
        return
    what = "value" if parameter.kind is int else "length"
    measure = value if parameter.kind is int else len(value)
    if parameter.low is not None and measure < parameter.low:
        yield f"{fault}Member must have {what} greater than or equal to {parameter.low}"
    if parameter.high is not None and measure > parameter.high:
        yield f"{fault}Member must have {what} less than or equal to {parameter.high}"


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]
