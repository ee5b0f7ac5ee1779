"""The operations on tables: create, describe, list, delete, and their time to live."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from footfall.embedded.exceptions import (
    ResourceInUseException,
    ResourceNotFoundException,
    SerializationException,
    ValidationException,
)
from footfall.embedded.items import Answer
from footfall.embedded.schema import Table
from footfall.embedded.storage import Session
from footfall.embedded.validation import Form, Parameter, check_form

REGION = "us-east-1"
ACCOUNT = "000000000000"
NAMES_MAX = 100  # of one page of ListTables

Request = Mapping[str, Any]

_INVALID = "One or more parameter values were invalid: "
_DEFINITION = Form(
    {
        "AttributeName": Parameter(str, required=True, low=1, high=255),
        "AttributeType": Parameter(str, required=True, choices=("B", "N", "S")),
    }
)
_KEY_ELEMENT = Form(
    {
        "AttributeName": Parameter(str, required=True, low=1, high=255),
        "KeyType": Parameter(str, required=True, choices=("HASH", "RANGE")),
    }
)
_THROUGHPUT = Form(
    {
        "ReadCapacityUnits": Parameter(int, required=True, low=1),
        "WriteCapacityUnits": Parameter(int, required=True, low=1),
    }
)
_SPECIFICATION = Form(
    {
        "Enabled": Parameter(bool, required=True),
        "AttributeName": Parameter(str, required=True, low=1, high=255),
    }
)


def create_table(session: Session, request: Request, now: float) -> Answer:
    """CreateTable: Amazon DynamoDB API Reference; the table is active at once."""
    for indexes in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if request.get(indexes):
            raise ValidationException(
                f"{indexes}: the embedded engine has no secondary indexes yet"
            )
    keys = _keys(request)
    billing_mode = request.get("BillingMode") or "PROVISIONED"
    throughput = _throughput(request, billing_mode)
    if session.table(request["TableName"]) is not None:
        raise ResourceInUseException(f"Table already exists: {request['TableName']}")
    table = session.create_table(
        Table(
            request["TableName"],
            keys,
            created=now,
            unique_id=str(uuid.uuid4()),
            billing_mode=billing_mode,
            read_units=throughput[0],
            write_units=throughput[1],
            deletion_protected=bool(request.get("DeletionProtectionEnabled")),
        )
    )
    return {"TableDescription": _description(table)}


def describe_table(session: Session, request: Request) -> Answer:
    """DescribeTable; counts are exact, where AWS's are some hours old."""
    table = _existing(session, request["TableName"])
    count, size = session.measure(table)
    return {
        "Table": {**_description(table), "ItemCount": count, "TableSizeBytes": size}
    }


def list_tables(session: Session, request: Request) -> Answer:
    """ListTables: names in order, in pages."""
    limit = request.get("Limit") or NAMES_MAX
    after = request.get("ExclusiveStartTableName") or ""
    names = [name for name in session.table_names() if name > after]
    answer: Answer = {"TableNames": names[:limit]}
    if len(names) > limit:
        answer["LastEvaluatedTableName"] = names[limit - 1]
    return answer


def delete_table(session: Session, request: Request) -> Answer:
    """DeleteTable; the table is gone at once."""
    table = _existing(session, request["TableName"])
    if table.deletion_protected:
        raise ValidationException(
            "Resource cannot be deleted as it is currently protected against deletion."
            " Disable deletion protection first."
        )
    session.delete_table(table)
    return {"TableDescription": {**_description(table), "TableStatus": "DELETING"}}


def update_time_to_live(session: Session, request: Request) -> Answer:
    """UpdateTimeToLive; the change holds at once."""
    specification = request["TimeToLiveSpecification"]
    check_form(specification, _SPECIFICATION, "timeToLiveSpecification.")
    table = _existing(session, request["TableName"])
    attribute = specification["AttributeName"]
    if specification["Enabled"]:
        if table.ttl_attribute is not None:
            raise ValidationException("TimeToLive is already enabled")
        changed = msgspec.structs.replace(table, ttl_attribute=attribute)
    else:
        if table.ttl_attribute is None:
            raise ValidationException("TimeToLive is already disabled")
        if table.ttl_attribute != attribute:
            raise ValidationException(
                "TimeToLive is active on a different AttributeName: current"
                f" AttributeName is {table.ttl_attribute}"
            )
        changed = msgspec.structs.replace(table, ttl_attribute=None)
    session.update_table(changed)
    session.set_expiry(changed, changed.ttl_attribute)
    return {"TimeToLiveSpecification": dict(specification)}


def describe_time_to_live(session: Session, request: Request) -> Answer:
    """DescribeTimeToLive."""
    attribute = _existing(session, request["TableName"]).ttl_attribute
    if attribute is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    description = {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}
    return {"TimeToLiveDescription": description}


def _existing(session: Session, name: str) -> Table:
    table = session.table(name)
    if table is None:
        raise ResourceNotFoundException(
            f"Requested resource not found: Table: {name} not found"
        )
    return table


def _keys(request: Request) -> tuple[tuple[str, str], ...]:
    definitions = _parts(request, "AttributeDefinitions", _DEFINITION)
    elements = _parts(request, "KeySchema", _KEY_ELEMENT)
    types = {each["AttributeName"]: each["AttributeType"] for each in definitions}
    if len(types) < len(definitions):
        raise ValidationException(
            f"{_INVALID}Duplicate AttributeName in AttributeDefinitions"
        )
    if elements[0]["KeyType"] != "HASH":
        raise ValidationException(
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
        )
    if len(elements) == 2 and elements[1]["KeyType"] != "RANGE":
        raise ValidationException(
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"
        )
    names = [element["AttributeName"] for element in elements]
    if len(set(names)) < len(names):
        raise ValidationException(
            "Both the Hash Key and the Range Key element in the KeySchema have the same"
            " name"
        )
    missing = [name for name in names if name not in types]
    if missing:
        raise ValidationException(
            f"{_INVALID}Some index key attributes are not defined in"
            f" AttributeDefinitions. Keys: [{', '.join(missing)}],"
            f" AttributeDefinitions: [{', '.join(types)}]"
        )
    if len(types) > len(names):
        raise ValidationException(
            f"{_INVALID}Number of attributes in KeySchema does not exactly match number"
            " of attributes defined in AttributeDefinitions"
        )
    return tuple((name, types[name]) for name in names)


def _parts(request: Request, name: str, form: Form) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = list(request[name])
    for number, part in enumerate(parts, 1):
        if not isinstance(part, dict):
            raise SerializationException("Unexpected field type")
        place = f"{name[0].lower()}{name[1:]}.{number}.member."
        check_form(part, form, place)
    return parts


def _throughput(request: Request, billing_mode: str) -> tuple[int, int]:
    throughput = request.get("ProvisionedThroughput")
    if billing_mode == "PAY_PER_REQUEST":
        if throughput is not None:
            raise ValidationException(
                f"{_INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be"
                " specified when BillingMode is PAY_PER_REQUEST"
            )
        return 0, 0
    if throughput is None:
        raise ValidationException(
            f"{_INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified"
            " when BillingMode is PROVISIONED"
        )
    check_form(throughput, _THROUGHPUT, "provisionedThroughput.")
    return throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]


def _description(table: Table) -> dict[str, Any]:
    created = datetime.fromtimestamp(table.created, UTC)
    description: dict[str, Any] = {
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in table.keys
        ],
        "TableName": table.name,
        "KeySchema": [
            {"AttributeName": name, "KeyType": key_type}
            for (name, _), key_type in zip(table.keys, ("HASH", "RANGE"), strict=False)
        ],
        "TableStatus": "ACTIVE",
        "CreationDateTime": created,
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": table.read_units,
            "WriteCapacityUnits": table.write_units,
        },
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table.name}",
        "TableId": table.unique_id,
        "DeletionProtectionEnabled": table.deletion_protected,
    }
    if table.billing_mode == "PAY_PER_REQUEST":
        description["BillingModeSummary"] = {
            "BillingMode": table.billing_mode,
            "LastUpdateToPayPerRequestDateTime": created,
        }
    return description
