"""The parameters from before expressions, on every client."""

from typing import Any

import pytest

from tests.contract.requests import assert_refused, invalid

KEY: Any = {"id": {"S": "x"}}
ITEM: Any = {
    **KEY,
    "title": {"S": "hello"},
    "count": {"N": "5"},
    "tags": {"SS": ["a", "b"]},
    "list": {"L": [{"N": "1"}]},
    "blob": {"B": b"\x01\x02"},
}
INVALID = "One or more parameter values were invalid: "


@pytest.fixture
def stored(client: Any, table: str) -> str:
    """A table with one item."""
    client.put_item(TableName=table, Item=ITEM)
    return table


def condition(operator: str, *values: Any) -> dict[str, Any]:
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


def read(client: Any, table: str) -> Any:
    return client.get_item(TableName=table, Key=KEY)["Item"]


@pytest.mark.parametrize(
    ("updates", "changes"),
    [
        ({"title": {"Value": {"S": "new"}}}, {"title": {"S": "new"}}),
        ({"title": {"Action": "PUT", "Value": {"N": "1"}}}, {"title": {"N": "1"}}),
        ({"title": {"Action": "DELETE"}}, {"title": None}),
        ({"absent": {"Action": "DELETE"}}, {}),
        ({"count": {"Action": "ADD", "Value": {"N": "-7"}}}, {"count": {"N": "-2"}}),
        ({"fresh": {"Action": "ADD", "Value": {"N": "3"}}}, {"fresh": {"N": "3"}}),
        (
            {"tags": {"Action": "ADD", "Value": {"SS": ["c"]}}},
            {"tags": {"SS": ["a", "b", "c"]}},
        ),
        (
            {"list": {"Action": "ADD", "Value": {"L": [{"S": "x"}]}}},
            {"list": {"L": [{"N": "1"}, {"S": "x"}]}},
        ),
        (
            {"tags": {"Action": "DELETE", "Value": {"SS": ["a"]}}},
            {"tags": {"SS": ["b"]}},
        ),
        (
            {"tags": {"Action": "DELETE", "Value": {"SS": ["a", "b"]}}},
            {"tags": None},
        ),
        ({}, {}),
    ],
    ids=str,
)
def test_attribute_updates_change_an_item(
    client: Any, stored: str, updates: Any, changes: Any
) -> None:
    """PUT, ADD and DELETE, each with a value and without."""
    client.update_item(TableName=stored, Key=KEY, AttributeUpdates=updates)

    expected = {**ITEM, **changes}
    assert read(client, stored) == {
        name: value for name, value in expected.items() if value is not None
    }


def test_more_attributes_than_an_expression_could_name(client: Any, table: str) -> None:
    """There is no text, so no 4 KB and no 300 operators."""
    updates = {f"attribute-{number}": {"Value": {"N": "1"}} for number in range(500)}
    client.update_item(TableName=table, Key=KEY, AttributeUpdates=updates)

    assert len(read(client, table)) == 501


@pytest.mark.parametrize(
    ("name", "expected", "holds"),
    [
        ("title", {"Value": {"S": "hello"}}, True),
        ("title", {"Value": {"S": "other"}}, False),
        ("title", {"Exists": True, "Value": {"S": "hello"}}, True),
        ("title", {"Exists": False}, False),
        ("absent", {"Exists": False}, True),
        ("title", condition("EQ", {"S": "hello"}), True),
        ("tags", condition("EQ", {"SS": ["b", "a"]}), True),
        ("title", condition("NE", {"S": "hello"}), False),
        ("absent", condition("NE", {"S": "hello"}), True),
        ("count", condition("LT", {"N": "6"}), True),
        ("count", condition("LE", {"N": "5.0"}), True),
        ("count", condition("GT", {"N": "5"}), False),
        ("count", condition("GE", {"S": "5"}), False),
        ("count", condition("BETWEEN", {"N": "4"}, {"N": "5"}), True),
        ("count", condition("IN", {"N": "4"}, {"N": "5"}), True),
        ("count", condition("IN", {"N": "4"}), False),
        ("title", condition("NULL"), False),
        ("absent", condition("NULL"), True),
        ("title", condition("NOT_NULL"), True),
        ("title", condition("CONTAINS", {"S": "ell"}), True),
        ("tags", condition("CONTAINS", {"S": "a"}), True),
        ("list", condition("CONTAINS", {"N": "1"}), True),
        ("title", condition("NOT_CONTAINS", {"S": "dog"}), True),
        ("tags", condition("NOT_CONTAINS", {"S": "a"}), False),
        ("absent", condition("NOT_CONTAINS", {"S": "a"}), False),
        ("title", condition("BEGINS_WITH", {"S": "he"}), True),
        ("blob", condition("BEGINS_WITH", {"B": b"\x01"}), True),
        ("blob", condition("BEGINS_WITH", {"B": b"\x02"}), False),
    ],
    ids=str,
)
def test_expected_is_a_condition(
    client: Any, stored: str, name: str, expected: Any, holds: bool
) -> None:
    """Every operator; what does not exist differs from everything, and has nothing."""
    if holds:
        client.delete_item(TableName=stored, Key=KEY, Expected={name: expected})
        assert client.scan(TableName=stored)["Count"] == 0
        return
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.delete_item(TableName=stored, Key=KEY, Expected={name: expected})
    assert read(client, stored) == ITEM


@pytest.mark.parametrize(("operator", "holds"), [("AND", False), ("OR", True)])
def test_conditions_are_joined(
    client: Any, stored: str, operator: str, holds: bool
) -> None:
    expected = {
        "title": condition("EQ", {"S": "hello"}),
        "count": condition("EQ", {"N": "6"}),
    }
    found = client.scan(
        TableName=stored, ScanFilter=expected, ConditionalOperator=operator
    )
    request: Any = {
        "TableName": stored,
        "Item": KEY,
        "Expected": expected,
        "ConditionalOperator": operator,
    }

    assert found["Count"] == holds
    if holds:
        client.put_item(**request)
        return
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(**request)


@pytest.mark.parametrize(
    ("range_", "found"),
    [
        (None, [1, 2, 3, 10]),
        (condition("EQ", {"N": "2"}), [2]),
        (condition("LT", {"N": "3"}), [1, 2]),
        (condition("LE", {"N": "3"}), [1, 2, 3]),
        (condition("GT", {"N": "3"}), [10]),
        (condition("GE", {"N": "3"}), [3, 10]),
        (condition("BETWEEN", {"N": "2"}, {"N": "9"}), [2, 3]),
    ],
    ids=str,
)
def test_key_conditions_pick_a_range(
    client: Any, sorted_table: str, range_: Any, found: list[int]
) -> None:
    for number in (1, 2, 3, 10):
        client.put_item(TableName=sorted_table, Item={**KEY, "at": {"N": str(number)}})
    conditions = {"id": condition("EQ", {"S": "x"})}
    if range_ is not None:
        conditions["at"] = range_
    items = client.query(TableName=sorted_table, KeyConditions=conditions)["Items"]

    assert [int(item["at"]["N"]) for item in items] == found


def test_key_conditions_go_with_filters_of_both_kinds(
    client: Any, sorted_table: str
) -> None:
    """Also with an expression's filter and projection, but not its key condition."""
    for number in (1, 2):
        item = {**KEY, "at": {"N": str(number)}, "even": {"BOOL": number % 2 == 0}}
        client.put_item(TableName=sorted_table, Item=item)
    request: Any = {
        "TableName": sorted_table,
        "KeyConditions": {"id": condition("EQ", {"S": "x"})},
    }
    legacy = client.query(
        **request,
        QueryFilter={"even": condition("EQ", {"BOOL": True})},
        AttributesToGet=["at"],
    )
    modern = client.query(
        **request,
        FilterExpression="#e = :e",
        ProjectionExpression="#a",
        ExpressionAttributeNames={"#e": "even", "#a": "at"},
        ExpressionAttributeValues={":e": {"BOOL": True}},
    )

    assert legacy["Items"] == modern["Items"] == [{"at": {"N": "2"}}]
    assert legacy["ScannedCount"] == 2


def test_attributes_to_get_are_a_projection(client: Any, stored: str) -> None:
    """Of a read of one item, of a batch, and of a scan."""
    wanted = {"title": ITEM["title"], "count": ITEM["count"]}
    names = ["count", "title", "absent"]
    one = client.get_item(TableName=stored, Key=KEY, AttributesToGet=names)
    batch = client.batch_get_item(
        RequestItems={stored: {"Keys": [KEY], "AttributesToGet": names}}
    )
    scanned = client.scan(TableName=stored, AttributesToGet=names)

    assert one["Item"] == wanted
    assert batch["Responses"][stored] == [wanted]
    assert scanned["Items"] == [wanted]


BOTH = (
    "Can not use both expression and non-expression parameters in the same request:"
    " Non-expression parameters: {%s} Expression parameters: {%s}"
)


@pytest.mark.parametrize(
    ("method", "request_", "words"),
    [
        (
            "update_item",
            {
                "Key": KEY,
                "AttributeUpdates": {"a": {"Action": "DELETE"}},
                "UpdateExpression": "REMOVE a",
            },
            BOTH % ("AttributeUpdates", "UpdateExpression"),
        ),
        (
            "get_item",
            {"Key": KEY, "AttributesToGet": ["a"], "ProjectionExpression": "a"},
            BOTH % ("AttributesToGet", "ProjectionExpression"),
        ),
        (
            "update_item",
            {"Key": KEY, "AttributeUpdates": {"a": {"Action": "PUT"}}},
            f"{INVALID}Only DELETE action is allowed when no attribute value is"
            " specified",
        ),
        (
            "update_item",
            {
                "Key": KEY,
                "AttributeUpdates": {"a": {"Action": "ADD", "Value": {"S": "x"}}},
            },
            f"{INVALID}ADD action is not supported for the type STRING",
        ),
        (
            "update_item",
            {
                "Key": KEY,
                "AttributeUpdates": {"a": {"Action": "DELETE", "Value": {"N": "1"}}},
            },
            f"{INVALID}DELETE action with value is not supported for the type NUMBER",
        ),
        (
            "update_item",
            {
                "Key": KEY,
                "AttributeUpdates": {"title": {"Action": "ADD", "Value": {"N": "1"}}},
            },
            "Type mismatch for attribute to update",
        ),
        (
            "get_item",
            {"Key": KEY, "AttributesToGet": ["a", "a"]},
            f"{INVALID}Duplicate value in attribute name: a",
        ),
        (
            "put_item",
            {"Item": KEY, "Expected": {"a": {"Exists": True}}},
            f"{INVALID}Value must be provided when Exists is true for Attribute: a",
        ),
        (
            "put_item",
            {"Item": KEY, "Expected": {"a": {"Exists": False, "Value": {"S": "x"}}}},
            f"{INVALID}Value cannot be used when Exists is false for Attribute: a",
        ),
        (
            "put_item",
            {"Item": KEY, "Expected": {"a": {}}},
            f"{INVALID}Value must be provided when Exists is null for Attribute: a",
        ),
        (
            "scan",
            {"ScanFilter": {"a": condition("EQ")}},
            f"{INVALID}Invalid number of argument(s) for the EQ ComparisonOperator",
        ),
        (
            "scan",
            {"ScanFilter": {"a": condition("LT", {"BOOL": True})}},
            f"{INVALID}ComparisonOperator LT is not valid for BOOL AttributeValue type",
        ),
        (
            "scan",
            {"ScanFilter": {"a": condition("BETWEEN", {"N": "2"}, {"N": "1"})}},
            "The BETWEEN condition was provided a range where the lower bound is greater"
            " than the upper bound",
        ),
        (
            "query",
            {"KeyConditions": {"id": condition("NE", {"S": "x"})}},
            "Attempted conditional constraint is not an indexable operation",
        ),
        (
            "query",
            {"KeyConditions": {"id": condition("LT", {"S": "x"})}},
            "Query key condition not supported",
        ),
        (
            "query",
            {"KeyConditions": {}},
            "Conditions can be of length 1 or 2 only",
        ),
        (
            "query",
            {
                "KeyConditions": {"id": condition("EQ", {"S": "x"})},
                "QueryFilter": {"id": condition("EQ", {"S": "x"})},
            },
            "QueryFilter can only contain non-primary key attributes: Primary key"
            " attribute: id",
        ),
    ],
    ids=str,
)
def test_what_the_old_parameters_cannot_say_is_refused(
    client: Any, stored: str, method: str, request_: Any, words: str
) -> None:
    assert_refused(client, invalid(words), method, TableName=stored, **request_)
    assert read(client, stored) == ITEM
