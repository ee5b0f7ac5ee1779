"""The operations on tables: create, describe, list, update, delete, and time to live."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from footfall.embedded import definitions
from footfall.embedded.definitions import attribute_types, description, throughput_of
from footfall.embedded.exceptions import (
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    SerializationException,
    TableNotFoundException,
    ValidationException,
)
from footfall.embedded.items import Answer
from footfall.embedded.schema import Index, Table
from footfall.embedded.storage import Session
from footfall.embedded.tags import tags_of
from footfall.embedded.validation import Form, Parameter, check_form

NAMES_MAX = 100  # of one page of ListTables

Request = Mapping[str, Any]

_INVALID = "One or more parameter values were invalid: "
_SPECIFICATION = Form(
    {
        "Enabled": Parameter(bool, required=True),
        "AttributeName": Parameter(str, required=True, low=1, high=255),
    }
)
_INDEX_UPDATES = {
    "Create": definitions.INDEX_FORMS["GlobalSecondaryIndexes"],
    "Update": Form(
        {
            "IndexName": Parameter(str, required=True),
            "ProvisionedThroughput": Parameter(dict, required=True),
        }
    ),
    "Delete": Form({"IndexName": Parameter(str, required=True)}),
}
# The account's and a table's units in most regions: Developer Guide, "Quotas"
_LIMITS = {
    "AccountMaxReadCapacityUnits": 80_000,
    "AccountMaxWriteCapacityUnits": 80_000,
    "TableMaxReadCapacityUnits": 40_000,
    "TableMaxWriteCapacityUnits": 40_000,
}
_CHANGES = (
    "ProvisionedThroughput",
    "BillingMode",
    "GlobalSecondaryIndexUpdates",
    "DeletionProtectionEnabled",
    "TableClass",
    "StreamSpecification",
    "SSESpecification",
)


def create_table(session: Session, request: Request, now: float) -> Answer:
    """CreateTable: Amazon DynamoDB API Reference; the table is active at once."""
    definitions.refuse_what_is_not_here(request)
    types = attribute_types(request)
    keys = definitions.table_keys(request, types)
    billing_mode = request.get("BillingMode") or "PROVISIONED"
    throughput = throughput_of(request.get("ProvisionedThroughput"), billing_mode)
    table = Table(
        request["TableName"],
        keys,
        created=now,
        unique_id=str(uuid.uuid4()),
        billing_mode=billing_mode,
        read_units=throughput[0],
        write_units=throughput[1],
        deletion_protected=bool(request.get("DeletionProtectionEnabled")),
        tags=tags_of(request.get("Tags") or []),
        table_class=request.get("TableClass") or "",
    )
    indexes = definitions.indexes_of(request, table, types)
    table = msgspec.structs.replace(table, indexes=indexes)
    definitions.require_used(types, table)
    if session.table(table.name) is not None:
        raise ResourceInUseException(f"Table already exists: {table.name}")
    return {"TableDescription": description(session.create_table(table))}


def describe_table(session: Session, request: Request) -> Answer:
    """DescribeTable; counts are at most seconds old, where AWS's are some hours."""
    table = existing_table(session, request["TableName"])
    count, size = session.measure(table)
    told = {**description(table), "ItemCount": count, "TableSizeBytes": size}
    for indexes in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for each in told.get(indexes, ()):
            index = table.index(each["IndexName"])
            assert index is not None, "it was described"
            each["ItemCount"], each["IndexSizeBytes"] = session.measure(table, index)
    return {"Table": told}


def list_tables(session: Session, request: Request) -> Answer:
    """ListTables: names in order, in pages."""
    limit = request.get("Limit") or NAMES_MAX
    after = request.get("ExclusiveStartTableName") or ""
    names = [name for name in session.table_names() if name > after]
    answer: Answer = {"TableNames": names[:limit]}
    if len(names) > limit:
        answer["LastEvaluatedTableName"] = names[limit - 1]
    return answer


def update_table(session: Session, request: Request, now: float) -> Answer:
    """UpdateTable; every change holds at once, an index of old items too."""
    if not any(request.get(each) not in (None, []) for each in _CHANGES):
        raise ValidationException(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled,"
            " GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is"
            " required for UpdateTable"
        )
    definitions.refuse_what_is_not_here(request)
    updates = _index_updates(request)
    table = existing_table(session, request["TableName"])
    changed = _with_flags(_with_capacity(table, request, now), request)
    changed = _with_index_units(changed, updates)
    made = _made_index(changed, request, updates)
    gone = _gone_index(changed, updates)
    if gone is not None:
        changed = session.delete_index(changed, gone)
    if made is not None:
        changed = session.create_index(changed, made)
    session.update_table(changed)
    return {"TableDescription": description(changed)}


def delete_table(session: Session, request: Request) -> Answer:
    """DeleteTable; the table is gone at once."""
    table = existing_table(session, request["TableName"])
    if table.deletion_protected:
        raise ValidationException(
            "Resource cannot be deleted as it is currently protected against deletion."
            " Disable deletion protection first."
        )
    session.delete_table(table)
    told = definitions.brief_description(table)
    return {"TableDescription": {**told, "TableStatus": "DELETING"}}


def update_time_to_live(session: Session, request: Request) -> Answer:
    """UpdateTimeToLive; the change holds at once."""
    specification = request["TimeToLiveSpecification"]
    check_form(specification, _SPECIFICATION, "timeToLiveSpecification.")
    table = existing_table(session, request["TableName"])
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
    attribute = existing_table(session, request["TableName"]).ttl_attribute
    if attribute is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    told = {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}
    return {"TimeToLiveDescription": told}


def describe_limits(_session: Session, _request: Request) -> Answer:
    """DescribeLimits: AWS's own defaults; the engine throttles nobody."""
    return dict(_LIMITS)


def describe_continuous_backups(session: Session, request: Request) -> Answer:
    """DescribeContinuousBackups: there are none."""
    name = request["TableName"]
    if session.table(name) is None:
        raise TableNotFoundException(f"Table not found: {name}")
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "DISABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
        }
    }


def existing_table(session: Session, name: str) -> Table:
    """The table of that name.

    Raises:
        ResourceNotFoundException: There is none; the words name it.
    """
    table = session.table(name)
    if table is None:
        raise ResourceNotFoundException(
            f"Requested resource not found: Table: {name} not found"
        )
    return table


def _with_flags(table: Table, request: Request) -> Table:
    protected = request.get("DeletionProtectionEnabled")
    return msgspec.structs.replace(
        table,
        deletion_protected=table.deletion_protected if protected is None else protected,
        table_class=request.get("TableClass") or table.table_class,
    )


def _with_capacity(table: Table, request: Request, now: float) -> Table:
    """The table with the billing mode and the throughput that UpdateTable gives it."""
    mode = request.get("BillingMode") or table.billing_mode
    throughput = request.get("ProvisionedThroughput")
    if throughput is None and mode == table.billing_mode:
        return table
    reads, writes = throughput_of(throughput, mode)
    if mode == "PAY_PER_REQUEST":
        indexes = tuple(
            msgspec.structs.replace(index, read_units=0, write_units=0)
            for index in table.indexes
        )
        return msgspec.structs.replace(
            table,
            billing_mode=mode,
            on_demand_since=now,
            read_units=0,
            write_units=0,
            indexes=indexes,
        )
    if (reads, writes) == (table.read_units, table.write_units):
        raise ValidationException(
            "The provisioned throughput for the table will not change. The requested"
            " value equals the current value. Current ReadCapacityUnits provisioned for"
            f" the table: {reads}. Requested ReadCapacityUnits: {reads}. Current"
            f" WriteCapacityUnits provisioned for the table: {writes}. Requested"
            f" WriteCapacityUnits: {writes}. Refer to the Amazon DynamoDB Developer Guide"
            " for current limits and how to request higher limits."
        )
    return msgspec.structs.replace(
        table, billing_mode=mode, read_units=reads, write_units=writes
    )


def _index_updates(request: Request) -> list[tuple[str, dict[str, Any]]]:
    """What UpdateTable does to indexes: "Create", "Update" or "Delete", and with what."""
    found: list[tuple[str, dict[str, Any]]] = []
    for number, update in enumerate(
        request.get("GlobalSecondaryIndexUpdates") or [], 1
    ):
        if not isinstance(update, dict):
            raise SerializationException("Unexpected field type")
        given = [kind for kind in _INDEX_UPDATES if update.get(kind) is not None]
        if len(given) != 1:
            problem = (
                "Only one of GlobalSecondaryIndexUpdate.Update,"
                " GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete"
                " may be given"
                if given
                else "One of GlobalSecondaryIndexUpdate.Update,"
                " GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete"
                " must not be null"
            )
            raise ValidationException(f"{_INVALID}{problem}")
        (kind,) = given
        place = f"globalSecondaryIndexUpdates.{number}.member.{kind.lower()}."
        found.append(
            (kind, definitions.checked(update[kind], _INDEX_UPDATES[kind], place))
        )
    if sum(kind != "Update" for kind, _ in found) > 1:
        raise LimitExceededException(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted"
            " simultaneously per table"
        )
    return found


def _with_index_units(table: Table, updates: list[tuple[str, dict[str, Any]]]) -> Table:
    """The table with the throughput that UpdateTable gives to its indexes."""
    for kind, update in updates:
        if kind != "Update":
            continue
        index = _global_index(table, update["IndexName"])
        reads, writes = throughput_of(
            update["ProvisionedThroughput"], table.billing_mode, index=index.name
        )
        changed = msgspec.structs.replace(index, read_units=reads, write_units=writes)
        table = msgspec.structs.replace(
            table,
            indexes=tuple(
                changed if each.name == index.name else each for each in table.indexes
            ),
        )
    return table


def _made_index(
    table: Table, request: Request, updates: list[tuple[str, dict[str, Any]]]
) -> Index | None:
    for number, (kind, update) in enumerate(updates, 1):
        if kind != "Create":
            continue
        if table.index(update["IndexName"]) is not None:
            raise ValidationException(
                f"{_INVALID}Attempting to create an index which already exists"
            )
        types = attribute_types(request) if "AttributeDefinitions" in request else {}
        place = f"globalSecondaryIndexUpdates.{number}.member.create."
        index = definitions.global_index(update, place, table, types)
        definitions.require_same_types(table, index)
        definitions.require_few([*table.indexes, index])
        return index
    return None


def _gone_index(
    table: Table, updates: list[tuple[str, dict[str, Any]]]
) -> Index | None:
    for kind, update in updates:
        if kind == "Delete":
            return _global_index(table, update["IndexName"])
    return None


def _global_index(table: Table, name: str) -> Index:
    index = table.index(name)
    if index is None or not index.is_global:
        raise ResourceNotFoundException(
            f"Requested resource not found: Index: {name} of table {table.name} not found"
        )
    return index
