"""The form of requests: which parameters an operation takes, and of what type.

DynamoDB checks the form before anything else and names every fault at once:

    2 validation errors detected: Value null at 'tableName' failed to satisfy
    constraint: Member must not be null; Value '0' at 'limit' failed to ...

A parameter that is not in these tables is refused, never ignored: whoever sends one
expects it to do something.

Source: Amazon DynamoDB API Reference.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from footfall.embedded.exceptions import SerializationException, ValidationException

NAME_LENGTH = (3, 255)
ACTIONS_MAX = 100  # of a transaction
BATCH_ACTIONS_MAX = 4_000  # of a transaction in a batch that asks for large ones
_NAMES = ("TableName", "IndexName")
_NAME_PATTERN = re.compile(r"[a-zA-Z0-9_.-]+")

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


class Form:
    """The parameters that a request, or a part of one, may have.

    What each check needs is gathered here once: a transaction checks a hundred forms.
    """

    __slots__ = ("bounded", "kinds", "parameters", "required")

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self.parameters = parameters
        self.kinds = {name: each.kind for name, each in parameters.items()}
        self.required = [name for name, each in parameters.items() if each.required]
        self.bounded = frozenset(
            name
            for name, each in parameters.items()
            if each.choices or each.low is not None or name in _NAMES
        )


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
_OPERATOR = Parameter(str, choices=("AND", "OR"))
_ATTRIBUTES = Parameter(list, low=1)
_WRITE = {
    "TableName": _TABLE,
    **_CONDITION,
    "Expected": _MAP,
    "ConditionalOperator": _OPERATOR,
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
    "IndexName": _TEXT,
    "FilterExpression": _TEXT,
    "ProjectionExpression": _TEXT,
    **_EXPRESSION,
    "AttributesToGet": _ATTRIBUTES,
    "ConditionalOperator": _OPERATOR,
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

_TABLE_SETTINGS = {
    "BillingMode": Parameter(str, choices=("PROVISIONED", "PAY_PER_REQUEST")),
    "ProvisionedThroughput": _MAP,
    "DeletionProtectionEnabled": _FLAG,
    "TableClass": Parameter(str, choices=("STANDARD", "STANDARD_INFREQUENT_ACCESS")),
    "StreamSpecification": _MAP,
    "SSESpecification": _MAP,
}
_ARN = Parameter(str, required=True, low=1, high=1283)

_OPERATIONS: dict[str, dict[str, Parameter]] = {
    "CreateTable": {
        "TableName": _TABLE,
        "AttributeDefinitions": Parameter(list, required=True),
        "KeySchema": Parameter(list, required=True, low=1, high=2),
        "GlobalSecondaryIndexes": Parameter(list),
        "LocalSecondaryIndexes": Parameter(list),
        "Tags": Parameter(list),
        **_TABLE_SETTINGS,
    },
    "UpdateTable": {
        "TableName": _TABLE,
        "AttributeDefinitions": Parameter(list),
        "GlobalSecondaryIndexUpdates": Parameter(list),
        **_TABLE_SETTINGS,
    },
    "TagResource": {"ResourceArn": _ARN, "Tags": Parameter(list, required=True)},
    "UntagResource": {"ResourceArn": _ARN, "TagKeys": Parameter(list, required=True)},
    "ListTagsOfResource": {"ResourceArn": _ARN, "NextToken": _TEXT},
    "DescribeLimits": {},
    "DescribeContinuousBackups": {"TableName": _TABLE},
    "DescribeTable": {"TableName": _TABLE},
    "DeleteTable": {"TableName": _TABLE},
    "ListTables": {
        "ExclusiveStartTableName": _TEXT,
        "Limit": Parameter(int, low=1, high=100),
    },
    "DescribeTimeToLive": {"TableName": _TABLE},
    "UpdateTimeToLive": {"TableName": _TABLE, "TimeToLiveSpecification": _KEY},
    "GetItem": {
        **_GET,
        "AttributesToGet": _ATTRIBUTES,
        "ConsistentRead": _FLAG,
        "ReturnConsumedCapacity": _CAPACITY,
    },
    "PutItem": {"Item": _KEY, **_WRITE},
    "UpdateItem": {
        "Key": _KEY,
        "UpdateExpression": _TEXT,
        "AttributeUpdates": _MAP,
        **_WRITE,
    },
    "DeleteItem": {"Key": _KEY, **_WRITE},
    "Query": {
        "KeyConditionExpression": _TEXT,
        "KeyConditions": _MAP,
        "QueryFilter": _MAP,
        "ScanIndexForward": _FLAG,
        **_READ,
    },
    "Scan": {
        "ScanFilter": _MAP,
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
        "TransactItems": Parameter(list, required=True, low=1, high=ACTIONS_MAX),
        "ClientRequestToken": Parameter(str, low=1, high=36),
        "ReturnConsumedCapacity": _CAPACITY,
        "ReturnItemCollectionMetrics": _METRICS,
    },
}
OPERATIONS = {name: Form(parameters) for name, parameters in _OPERATIONS.items()}
LARGE_TRANSACTION = Form(
    {
        **_OPERATIONS["TransactWriteItems"],
        "TransactItems": Parameter(list, required=True, low=1, high=BATCH_ACTIONS_MAX),
    }
)
READS = frozenset(
    {
        "BatchGetItem",
        "DescribeContinuousBackups",
        "DescribeLimits",
        "DescribeTable",
        "DescribeTimeToLive",
        "GetItem",
        "ListTables",
        "ListTagsOfResource",
        "Query",
        "Scan",
        "TransactGetItems",
    }
)

# What stands inside a batch or a transaction.
KEYS_AND_ATTRIBUTES = Form(
    {
        "Keys": Parameter(list, required=True, low=1, high=100),
        "ProjectionExpression": _TEXT,
        "ExpressionAttributeNames": _MAP,
        "AttributesToGet": _ATTRIBUTES,
        "ConsistentRead": _FLAG,
    }
)
_ACTIONS: dict[str, dict[str, Parameter]] = {
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
ACTIONS = {name: Form(parameters) for name, parameters in _ACTIONS.items()}
GETS = {"Get": Form(_GET)}


def check_form(request: Request, form: Form, place: str = "") -> None:
    """Check a request, or a part of one, against its form.

    Args:
        request: The request.
        form: What it may have.
        place: Where the part stands, as DynamoDB names it: "transactItems.1.member.put.".

    Raises:
        ValidationException: Something is missing, unknown or out of bounds.
        SerializationException: Something is of the wrong JSON type.
    """
    kinds, bounded = form.kinds, form.bounded
    faults: list[str] = []
    for name, value in request.items():
        kind = kinds.get(name)
        if kind is None:
            raise ValidationException(
                f"{name} is not supported here; supported are: {', '.join(sorted(kinds))}"
            )
        if value is None:
            continue
        if type(value) is not kind:
            _require_kind(value, kind)
        if name in bounded and not _is_within(name, value, form.parameters[name]):
            faults += _faults(place, name, value, form.parameters[name])
    for name in form.required:
        if request.get(name) is None:
            faults.append(
                f"Value null at '{place}{_camel(name)}' failed to satisfy constraint:"
                " Member must not be null"
            )
    if faults:
        plural = "s" if len(faults) > 1 else ""
        raise ValidationException(
            f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}"
        )


def one_of(action: object, kinds: Mapping[str, Form]) -> tuple[str, dict[str, Any]]:
    """The one kind of action that stands in a transaction's member, and its content.

    Raises:
        ValidationException: There is none, or more than one.
        SerializationException: It is no map.
    """
    if not isinstance(action, dict):
        raise SerializationException("Unexpected field type")
    if len(action) == 1:  # as it should be
        for kind, content in action.items():
            if type(content) is dict and kind in kinds:
                return kind, content
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


def _is_within(name: str, value: Any, parameter: Parameter) -> bool:
    # Apart from `_faults`, whose words show the value: a transaction's are long.
    if name in _NAMES:
        return _is_name(value)
    if parameter.choices:
        return value in parameter.choices
    measure = value if parameter.kind is int else len(value)
    low, high = parameter.low, parameter.high
    return (low is None or measure >= low) and (high is None or measure <= high)


@lru_cache(maxsize=1024)
def _is_name(name: str) -> bool:
    low, high = NAME_LENGTH
    return low <= len(name) <= high and bool(_NAME_PATTERN.fullmatch(name))


def _faults(place: str, name: str, value: Any, parameter: Parameter) -> Iterator[str]:
    fault = f"Value '{value}' at '{place}{_camel(name)}' failed to satisfy constraint: "
    if parameter.choices and value not in parameter.choices:
        yield (
            f"{fault}Member must satisfy enum value set: [{', '.join(parameter.choices)}]"
        )
    low, high = parameter.low, parameter.high
    if name in _NAMES:
        low, high = NAME_LENGTH
        if not _NAME_PATTERN.fullmatch(value):
            yield (
                f"{fault}Member must satisfy regular expression pattern:"
                f" {_NAME_PATTERN.pattern}"
            )
    what = "value" if parameter.kind is int else "length"
    measure = value if parameter.kind is int else len(value)
    if low is not None and measure < low:
        yield f"{fault}Member must have {what} greater than or equal to {low}"
    if high is not None and measure > high:
        yield f"{fault}Member must have {what} less than or equal to {high}"


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]
