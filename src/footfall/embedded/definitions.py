"""Tables and indexes as requests define them and as descriptions show them.

Pure: requests in, `schema.Table` and `schema.Index` out, and back. What CreateTable and
UpdateTable refuse is refused here, in DynamoDB's words.

Source: Amazon DynamoDB API Reference, CreateTable, UpdateTable and TableDescription;
Developer Guide, "Quotas".
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from footfall.embedded.exceptions import (
    SerializationException,
    ValidationException,
)
from footfall.embedded.schema import Index, Table
from footfall.embedded.validation import Form, Parameter, check_form

REGION = "us-east-1"
ACCOUNT = "000000000000"
GLOBAL_INDEXES_MAX = 20
LOCAL_INDEXES_MAX = 5
INCLUDED_MAX = 100  # attributes that all indexes of a table include, together

Request = Mapping[str, Any]
Types = Mapping[str, str]
Keys = tuple[tuple[str, str], ...]

_INVALID = "One or more parameter values were invalid: "
_NAME = Parameter(str, required=True, low=1, high=255)
_DEFINITION = Form(
    {
        "AttributeName": _NAME,
        "AttributeType": Parameter(str, required=True, choices=("B", "N", "S")),
    }
)
_KEY_ELEMENT = Form(
    {
        "AttributeName": _NAME,
        "KeyType": Parameter(str, required=True, choices=("HASH", "RANGE")),
    }
)
_THROUGHPUT = Form(
    {
        "ReadCapacityUnits": Parameter(int, required=True, low=1),
        "WriteCapacityUnits": Parameter(int, required=True, low=1),
    }
)
_PROJECTION = Form(
    {
        "ProjectionType": Parameter(str, choices=("ALL", "INCLUDE", "KEYS_ONLY")),
        "NonKeyAttributes": Parameter(list, low=1, high=20),
    }
)
_LOCAL_INDEX = {
    "IndexName": Parameter(str, required=True),
    "KeySchema": Parameter(list, required=True, low=1, high=2),
    "Projection": Parameter(dict, required=True),
}
INDEX_FORMS = {
    "LocalSecondaryIndexes": Form(_LOCAL_INDEX),
    "GlobalSecondaryIndexes": Form(
        {**_LOCAL_INDEX, "ProvisionedThroughput": Parameter(dict)}
    ),
}
_SWITCHES = {
    "StreamSpecification": "StreamEnabled",
    "SSESpecification": "Enabled",
}


def refuse_what_is_not_here(request: Request) -> None:
    """Refuse streams and keys of one's own; that they are off may be said.

    Raises:
        ValidationException: The request switches one on.
    """
    for parameter, switch in _SWITCHES.items():
        if (request.get(parameter) or {}).get(switch):
            raise ValidationException(
                f"{parameter} is not supported here, unless its {switch} is false"
            )


def attribute_types(request: Request) -> dict[str, str]:
    """The types that a request's AttributeDefinitions give to attributes."""
    definitions = parts(request, "AttributeDefinitions", _DEFINITION)
    types = {each["AttributeName"]: each["AttributeType"] for each in definitions}
    if len(types) < len(definitions):
        names = [each["AttributeName"] for each in definitions]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValidationException(
            f"{_INVALID}Duplicate AttributeName in AttributeDefinitions. AttributeName:"
            f" {twice}"
        )
    return types


def table_keys(request: Request, types: Types) -> Keys:
    """The key of a table that is to be created."""
    return _keys(request, types, "")


def indexes_of(request: Request, table: Table, types: Types) -> tuple[Index, ...]:
    """The indexes of a table that is to be created with them."""
    local = _index_requests(request, "LocalSecondaryIndexes")
    global_ = _index_requests(request, "GlobalSecondaryIndexes")
    indexes = [_local_index(part, place, table, types) for part, place in local]
    indexes += [global_index(part, place, table, types) for part, place in global_]
    names: set[str] = set()
    for index in indexes:
        if index.name in names:
            raise ValidationException(f"{_INVALID}Duplicate index name: {index.name}")
        names.add(index.name)
    require_few(indexes)
    return tuple(indexes)


def require_few(indexes: Sequence[Index]) -> None:
    """Check a table's indexes against the limits of their number.

    Raises:
        ValidationException: There are too many, or they include too much.
    """
    kinds = [index.is_global for index in indexes]
    if kinds.count(False) > LOCAL_INDEXES_MAX:
        raise ValidationException(
            f"{_INVALID}LocalSecondaryIndex count exceeds the per-table limit of"
            f" {LOCAL_INDEXES_MAX}"
        )
    if kinds.count(True) > GLOBAL_INDEXES_MAX:
        raise ValidationException(
            f"{_INVALID}GlobalSecondaryIndex count exceeds the per-table limit of"
            f" {GLOBAL_INDEXES_MAX}"
        )
    included = sum(len(index.included) for index in indexes)
    if included > INCLUDED_MAX:
        raise ValidationException(
            f"{_INVALID}Number of NonKeyAttributes of all indexes exceeds the per-table"
            f" limit of {INCLUDED_MAX}: {included}"
        )


def require_used(types: Types, table: Table) -> None:
    """Check that every defined attribute is in some key.

    Raises:
        ValidationException: One is not.
    """
    used = _types(table)
    if len(used) == len(types):
        return
    if not table.indexes:
        raise ValidationException(
            f"{_INVALID}Number of attributes in KeySchema does not exactly match number"
            " of attributes defined in AttributeDefinitions"
        )
    raise ValidationException(
        f"{_INVALID}Some AttributeDefinitions are not used. AttributeDefinitions:"
        f" [{', '.join(types)}], keys used: [{', '.join(used)}]"
    )


def _index_requests(
    request: Request, parameter: str
) -> list[tuple[dict[str, Any], str]]:
    """The indexes of one kind that a request defines, and where each stands."""
    if request.get(parameter) is None:
        return []
    if not request[parameter]:
        raise ValidationException(f"{_INVALID}List of {parameter} is empty")
    found = parts(request, parameter, INDEX_FORMS[parameter])
    return [
        (part, f"{_camel(parameter)}.{number}.member.")
        for number, part in enumerate(found, 1)
    ]


def _local_index(
    request: dict[str, Any], place: str, table: Table, types: Types
) -> Index:
    if len(table.keys) < 2:
        raise ValidationException(
            f"{_INVALID}Table KeySchema does not have a range key, which is required"
            " when specifying a LocalSecondaryIndex"
        )
    name = request["IndexName"]
    keys = _keys(request, types, place)
    if len(keys) < 2:
        raise ValidationException(
            f"{_INVALID}Index KeySchema does not have a range key for index: {name}"
        )
    if keys[0] != table.keys[0]:
        raise ValidationException(
            f"{_INVALID}Index KeySchema does not have the same leading hash key as table"
            f" KeySchema for index: {name}. index hash key: {keys[0][0]}, table hash key:"
            f" {table.keys[0][0]}"
        )
    projection, included = _projection(request, place)
    return Index(name, keys, False, projection, included)


def global_index(
    request: dict[str, Any], place: str, table: Table, types: Types
) -> Index:
    """The global index that CreateTable or UpdateTable defines.

    Args:
        request: Its definition; its form was checked.
        place: Where it stands in the request, for the messages.
        table: The table, its billing mode being the one that will be.
        types: The types of the attributes that the request defines.

    Raises:
        ValidationException: It is not valid.
    """
    name = request["IndexName"]
    keys = _keys(request, types, place)
    projection, included = _projection(request, place)
    throughput = request.get("ProvisionedThroughput")
    reads, writes = throughput_of(throughput, table.billing_mode, place, name)
    return Index(name, keys, True, projection, included, reads, writes)


def _keys(request: Request, types: Types, place: str) -> Keys:
    elements = parts(request, "KeySchema", _KEY_ELEMENT, place)
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
    return tuple((name, types[name]) for name in names)


def _projection(request: dict[str, Any], place: str) -> tuple[str, tuple[str, ...]]:
    projection = checked(request["Projection"], _PROJECTION, f"{place}projection.")
    kind, included = (
        projection.get("ProjectionType"),
        projection.get("NonKeyAttributes"),
    )
    if kind is None:
        raise ValidationException(f"{_INVALID}Unknown ProjectionType: null")
    if included is not None and kind != "INCLUDE":
        raise ValidationException(
            f"{_INVALID}ProjectionType is {kind}, but NonKeyAttributes is specified"
        )
    if included is None:
        if kind == "INCLUDE":
            raise ValidationException(
                f"{_INVALID}ProjectionType is {kind}, but NonKeyAttributes is not"
                " specified"
            )
        return kind, ()
    for number, name in enumerate(included, 1):
        if not isinstance(name, str):
            raise SerializationException(
                "NUMBER_VALUE cannot be converted to String"
                if isinstance(name, int)
                else "Unexpected field type"
            )
        if not 1 <= len(name) <= 255:
            side = (
                "greater than or equal to 1"
                if not name
                else "less than or equal to 255"
            )
            raise ValidationException(
                f"1 validation error detected: Value '{name}' at"
                f" '{place}projection.nonKeyAttributes.{number}.member' failed to satisfy"
                f" constraint: Member must have length {side}"
            )
    if len(set(included)) < len(included):
        raise ValidationException(
            f"{_INVALID}Duplicate attribute name in NonKeyAttributes of index:"
            f" {request['IndexName']}"
        )
    return kind, tuple(included)


def throughput_of(
    throughput: Any, billing_mode: str, place: str = "", index: str = ""
) -> tuple[int, int]:
    """The read and write units that a request provisions; none on demand.

    Raises:
        ValidationException: They do not go with the billing mode.
    """
    of_index = f" for index: {index}" if index else ""
    if billing_mode == "PAY_PER_REQUEST":
        if throughput is not None:
            raise ValidationException(
                f"{_INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be"
                f" specified{of_index} when BillingMode is PAY_PER_REQUEST"
            )
        return 0, 0
    if throughput is None:
        raise ValidationException(
            f"{_INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified"
            f"{of_index} when BillingMode is PROVISIONED"
        )
    checked(throughput, _THROUGHPUT, f"{place}provisionedThroughput.")
    return throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]


def require_same_types(table: Table, index: Index) -> None:
    """Check that a new index takes its attributes for what other keys take them.

    Raises:
        ValidationException: An attribute would have two types.
    """
    types = _types(table)
    for name, kind in index.keys:
        if types.get(name, kind) != kind:
            raise ValidationException(
                f"{_INVALID}Attributes cannot be redefined. Please check that your"
                " attribute has the same type as previously defined. Existing schema:"
                f" Schema:[SchemaElement: key{{{name}:{types[name]}}}] New schema:"
                f" Schema:[SchemaElement: key{{{name}:{kind}}}]"
            )


def parts(
    request: Request, name: str, form: Form, place: str = ""
) -> list[dict[str, Any]]:
    """The structures that stand in a list of a request, their form checked."""
    return [
        checked(part, form, f"{place}{_camel(name)}.{number}.member.")
        for number, part in enumerate(request[name], 1)
    ]


def checked(content: Any, form: Form, place: str) -> dict[str, Any]:
    """A structure inside a request, its form checked."""
    if not isinstance(content, dict):
        raise SerializationException("Unexpected field type")
    check_form(content, form, place)
    return content


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


# Descriptions


def table_arn(name: str) -> str:
    """The table's Amazon Resource Name, in the one account and region that is here."""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def brief_description(table: Table) -> dict[str, Any]:
    """What DeleteTable tells of a table; DescribeTable tells it too."""
    description: dict[str, Any] = {
        "TableName": table.name,
        "TableStatus": "ACTIVE",
        "ProvisionedThroughput": _throughput(table),
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": table_arn(table.name),
        "TableId": table.unique_id,
        "DeletionProtectionEnabled": table.deletion_protected,
    }
    if table.billing_mode == "PAY_PER_REQUEST" or table.on_demand_since:
        since = table.on_demand_since or table.created
        description["BillingModeSummary"] = {
            "BillingMode": table.billing_mode,
            "LastUpdateToPayPerRequestDateTime": datetime.fromtimestamp(since, UTC),
        }
    if table.table_class:
        description["TableClassSummary"] = {"TableClass": table.table_class}
    return description


def description(table: Table) -> dict[str, Any]:
    """What DescribeTable tells of a table, but for its size."""
    told = {
        **brief_description(table),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in _types(table).items()
        ],
        "KeySchema": _key_schema(table.keys),
        "CreationDateTime": datetime.fromtimestamp(table.created, UTC),
    }
    for name, is_global in (
        ("GlobalSecondaryIndexes", True),
        ("LocalSecondaryIndexes", False),
    ):
        told_indexes = [
            _index_description(table, index)
            for index in table.indexes
            if index.is_global is is_global
        ]
        if told_indexes:
            told[name] = told_indexes
    return told


def _types(table: Table) -> dict[str, str]:
    """The types of the attributes that are in a key of the table or of an index."""
    keys = (key for index in table.indexes for key in index.keys)
    return dict([*table.keys, *keys])


def _index_description(table: Table, index: Index) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.included:
        projection["NonKeyAttributes"] = list(index.included)
    told: dict[str, Any] = {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.keys),
        "Projection": projection,
        "IndexSizeBytes": 0,
        "ItemCount": 0,
        "IndexArn": f"{table_arn(table.name)}/index/{index.name}",
    }
    if index.is_global:
        told["IndexStatus"] = "ACTIVE"
        told["ProvisionedThroughput"] = _throughput(index)
    return told


def _key_schema(keys: Keys) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": key_type}
        for (name, _), key_type in zip(keys, ("HASH", "RANGE"), strict=False)
    ]


def _throughput(of: Table | Index) -> dict[str, int]:
    return {
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": of.read_units,
        "WriteCapacityUnits": of.write_units,
    }
