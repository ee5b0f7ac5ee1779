"""The engine against DynamoDB Local: the same requests, the same answers and tables.

Where AWS is known to answer otherwise than DynamoDB Local the engine follows AWS, and
`KNOWN` says so; `docs/reference/fidelity.md` tells users. Everything else must be equal:
answers, codes and words of errors, reasons of cancelled transactions, final tables.
"""

import itertools
import re
from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall.embedded import EmbeddedClient
from tests.contract.requests import as_aws_says
from tests.contract.requests_made_up import TABLES, Call, calls

_numbers = itertools.count()

# DynamoDB Local looks at keys before expressions; AWS knows no table's key by then
KEY_FIRST = (
    "The number of conditions on the keys is invalid"
    "|One of the required keys was not given a value"
    "|Invalid attribute value type"
    "|One or more parameter values were invalid: Type mismatch for (key|Index Key)"
    "|One or more parameter values are not valid. .* empty (string|binary) value. .*"
)
EXPRESSION = r"Invalid (\w+Expression): "
# Where a request has several faults of one sort, which of them is told
SEVERAL = [
    r"Invalid \w+: Two document paths (overlap|conflict) with each other; .*",
    r"Invalid \w+: Incorrect operand type for operator or function; .*",
    r"Invalid \w+: Invalid attribute type name found; type: x, valid types: .*",
    r"ExpressionAttributeValues contains invalid value: .*",
    "The document path provided in the update expression is invalid for update"
    "|The provided expression refers to an attribute that does not exist in the item"
    "|An operand in the update expression has an incorrect data type",
]


def create(client: Any, name: str, table: dict[str, Any]) -> None:
    keys, index = table["keys"], table.get("index")
    types = dict([*keys, *(index or ())])

    def schema(key: Any) -> Any:
        return [
            {"AttributeName": name, "KeyType": key_type}
            for (name, _), key_type in zip(key, ("HASH", "RANGE"), strict=False)
        ]

    indexes = {}
    if index is not None:
        indexes["GlobalSecondaryIndexes"] = [
            {
                "IndexName": "by-city",
                "KeySchema": schema(index),
                "Projection": {"ProjectionType": "ALL"},
            }
        ]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in types.items()
        ],
        KeySchema=schema(keys),
        **indexes,
    )


def with_table(name: str, call: Call) -> Call:
    """The call with the table's name where it belongs."""
    method, request = call
    if method != "transact_write_items":
        return method, {"TableName": name, **request}
    actions = [
        {kind: {"TableName": name, **content} for kind, content in action.items()}
        for action in request["TransactItems"]
    ]
    return method, {"TransactItems": actions}


def comparable(value: Any) -> Any:
    """A value in one form: sets sorted, numbers plain, names in order.

    DynamoDB Local keeps numbers inside lists and maps as they were written.
    """
    match value:
        case {"N": str(number)}:
            return {"N": plain(number)}
        case {"NS": list(members)}:
            return {"NS": sorted(map(plain, members))}
        case {"SS": list(members)} | {"BS": list(members)}:
            return {next(iter(value)): sorted(members)}
        case dict():
            return {name: comparable(value[name]) for name in sorted(value)}
        case list():
            return [comparable(member) for member in value]
    return value


def plain(number: str) -> str:
    """A number without needless zeros."""
    return f"{Decimal(number).normalize(Context(prec=40)) + 0:f}"


def answered(client: Any, method: str, request: dict[str, Any]) -> Any:
    """The answer, or the error's code, words and reasons, in a form to compare."""
    try:
        answer = getattr(client, method)(**request)
    except client.exceptions.ClientError as error:
        response = error.response
        told = response["Error"]
        reasons = response.get("CancellationReasons", [])
        for reason in reasons:  # DynamoDB Local ends some with a full stop
            if "Message" in reason:
                reason["Message"] = reason["Message"].removesuffix(".")
        item = comparable(response.get("Item"))
        return told["Code"], told["Message"], comparable(reasons), item
    answer.pop("ResponseMetadata")
    answer.pop("ConsumedCapacity", None)  # which DynamoDB Local tells unasked
    if is_of_parts(request):
        answer.pop("Attributes", None)
    if method == "scan" and "Items" in answer:
        answer["Items"] = sorted(map(comparable, answer["Items"]), key=repr)
    return comparable(answer)


def is_of_parts(request: dict[str, Any]) -> bool:
    """Whether what is returned of an update is parts of attributes.

    DynamoDB Local returns the attributes whole.
    """
    returned = request.get("ReturnValues", "").startswith("UPDATED_")
    return returned and any(mark in request["UpdateExpression"] for mark in ".[")


def is_taken_wrongly(ours: Any, theirs: Any) -> bool:
    """Whether DynamoDB Local stored a value that cannot be an index's key.

    AWS refuses it, also where an expression computes it.
    """
    return "Type mismatch for Index Key" in repr(ours) and isinstance(theirs, dict)


def is_known(method: str, ours: Any, theirs: Any) -> bool:
    """Whether a difference is one that we know of."""
    if not (isinstance(ours, tuple) and isinstance(theirs, tuple)):
        return False
    if theirs[0] == "ValidationException" and re.fullmatch(KEY_FIRST, theirs[1]):
        return ours[0] in ("ValidationException", "TransactionCanceledException")
    if "cannot include multiple operations on one item" in ours[1]:
        return theirs[0] in (ours[0], "TransactionCanceledException")
    if "Key attributes must be scalars" in ours[1]:
        return theirs[0] in (ours[0], "ConditionalCheckFailedException")
    if ours[0] == "TransactionCanceledException":
        if theirs[0] == "ValidationException":  # not told as a reason
            return any(reason["Code"] == "ValidationError" for reason in ours[2])
        return is_known_cancellation(ours[2], theirs[2])
    if (ours[0], ours[2:]) != (theirs[0], theirs[2:]):
        return False
    if method == "transact_write_items":  # of several actions' faults, which is first
        return True
    return are_known_words(ours[1], theirs[1])


def is_known_cancellation(ours: list[Any], theirs: list[Any]) -> bool:
    """Whether reasons differ in words only, or one is found before the others.

    An action without a valid key cannot be sent anywhere, so it cancels alone.
    """
    alone = [reason for reason in ours if reason["Code"] != "None"]
    if len(alone) == 1 and alone[0]["Code"] == "ValidationError":
        return True
    return len(ours) == len(theirs) and all(
        one["Code"] == other["Code"]
        and one.get("Item") == other.get("Item")
        and are_known_words(one.get("Message", ""), other.get("Message", ""))
        for one, other in zip(ours, theirs, strict=True)
    )


def are_known_words(ours: str, theirs: str) -> bool:
    """Whether two messages are the same, or mean the same fault."""
    one, other = re.match(EXPRESSION, ours), re.match(EXPRESSION, theirs)
    if one and other and one[1] != other[1]:
        return True  # both are wrong; which is looked at first
    return as_aws_says(theirs, ours) == ours or any(
        re.fullmatch(words, ours, re.DOTALL) and re.fullmatch(words, theirs, re.DOTALL)
        for words in SEVERAL
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_engine_answers_as_dynamodb_local(local_client: Any, data: Any) -> None:
    table = data.draw(st.sampled_from(TABLES))
    made = data.draw(st.lists(calls(table), min_size=1, max_size=12))
    name = f"differential-{next(_numbers)}"
    with EmbeddedClient(":memory:") as engine:
        for client in (engine, local_client):
            create(client, name, table)
        for call in made:
            method, request = with_table(name, call)
            ours = answered(engine, method, request)
            theirs = answered(local_client, method, request)
            if is_taken_wrongly(ours, theirs):
                break
            if ours != theirs and not is_known(method, ours, theirs):
                local_client.delete_table(TableName=name)
                pytest.fail(f"{method} {request}\nengine: {ours}\nlocal:  {theirs}")
        tables = [
            answered(client, "scan", {"TableName": name})
            for client in (engine, local_client)
        ]
        local_client.delete_table(TableName=name)
        assert tables[0] == tables[1] or is_taken_wrongly(ours, theirs)
