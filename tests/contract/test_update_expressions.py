"""What UpdateItem's expressions do, and the exact words of what they refuse."""

from typing import Any

import pytest

from tests.contract.requests import NO_TABLE, assert_refused, invalid

KEY = {"id": {"S": "x"}}
ITEM = {
    **KEY,
    "n": {"N": "7"},
    "text": {"S": "a"},
    "map": {"M": {"a": {"N": "1"}, "b": {"N": "2"}}},
    "list": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}]},
    "set": {"SS": ["a", "b"]},
}
GREATEST = "9" + "0" * 125
NAMES = {"#m": "map", "#l": "list", "#s": "set", "#t": "text"}


def update(client: Any, table: str, expression: str, **values: Any) -> Any:
    """Update the item `x`, with those of NAMES that the expression uses."""
    names = {key: name for key, name in NAMES.items() if key in expression}
    request: dict[str, Any] = {}
    if names:
        request["ExpressionAttributeNames"] = names
    if values:
        request["ExpressionAttributeValues"] = {
            f":{name}": value for name, value in values.items()
        }
    return client.update_item(
        TableName=table,
        Key=KEY,
        UpdateExpression=expression,
        ReturnValues="ALL_NEW",
        **request,
    )["Attributes"]


@pytest.mark.parametrize(
    ("expression", "values", "changed"),
    [
        ("SET n = n + :v", {"v": {"N": "1"}}, {"n": {"N": "8"}}),
        ("SET n = :v - n", {"v": {"N": "1"}}, {"n": {"N": "-6"}}),
        ("SET n = if_not_exists(n, :v)", {"v": {"N": "1"}}, {"n": {"N": "7"}}),
        ("SET k = if_not_exists(k, :v)", {"v": {"N": "1"}}, {"k": {"N": "1"}}),
        ("SET k = #t", {}, {"k": {"S": "a"}}),
        ("SET k = n, n = :v", {"v": {"S": "y"}}, {"k": {"N": "7"}, "n": {"S": "y"}}),
        (
            "SET #m.a = :v",
            {"v": {"N": "9"}},
            {"map": {"M": {"a": {"N": "9"}, "b": {"N": "2"}}}},
        ),
        (
            "SET #l = list_append(#l, :v)",
            {"v": {"L": [{"S": "3"}]}},
            {"list": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}, {"S": "3"}]}},
        ),
        (
            "SET #l[7] = :v",
            {"v": {"S": "end"}},
            {"list": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}, {"S": "end"}]}},
        ),
        ("REMOVE #l[0], #l[1]", {}, {"list": {"L": [{"S": "2"}]}}),
        ("REMOVE #m.a", {}, {"map": {"M": {"b": {"N": "2"}}}}),
        ("ADD n :v", {"v": {"N": "-7"}}, {"n": {"N": "0"}}),
        ("ADD k :v", {"v": {"N": "3"}}, {"k": {"N": "3"}}),
        (
            "ADD #m.a :v",
            {"v": {"N": "1"}},
            {"map": {"M": {"a": {"N": "2"}, "b": {"N": "2"}}}},
        ),
        ("ADD #s :v", {"v": {"SS": ["b", "c"]}}, {"set": {"SS": ["a", "b", "c"]}}),
        ("DELETE #s :v", {"v": {"SS": ["b", "z"]}}, {"set": {"SS": ["a"]}}),
    ],
)
def test_an_update_changes_what_it_names(
    client: Any, table: str, expression: str, values: Any, changed: Any
) -> None:
    client.put_item(TableName=table, Item=ITEM)
    found = update(client, table, expression, **values)

    found["set"]["SS"].sort()
    assert found == {**ITEM, **changed}


def test_a_set_without_members_is_gone(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=ITEM)
    found = update(client, table, "DELETE #s :v", v={"SS": ["a", "b"]})

    assert "set" not in found


def test_an_update_of_all_four_kinds_reads_the_item_as_it_was(
    client: Any, table: str
) -> None:
    client.put_item(TableName=table, Item=ITEM)
    found = update(
        client,
        table,
        "SET k = n REMOVE #t ADD n :one DELETE #s :a",
        one={"N": "1"},
        a={"SS": ["a"]},
    )

    assert (found["k"], found["n"], found["set"]) == (
        {"N": "7"},
        {"N": "8"},
        {"SS": ["b"]},
    )
    assert "text" not in found


def test_an_item_that_does_not_exist_is_made(client: Any, table: str) -> None:
    assert update(client, table, "ADD n :v", v={"N": "1"}) == {**KEY, "n": {"N": "1"}}


def test_an_update_without_an_expression_makes_an_item_of_the_key(
    client: Any, table: str
) -> None:
    client.update_item(TableName=table, Key=KEY)

    assert client.get_item(TableName=table, Key=KEY)["Item"] == KEY


@pytest.mark.parametrize("expression", ["REMOVE n", "DELETE n :v"])
def test_taking_away_makes_no_item(
    client: Any, table: str, expression: str, on_local: bool
) -> None:
    """DynamoDB Local makes an item of the key alone; AWS makes none."""
    request: dict[str, Any] = {}
    if ":v" in expression:
        request["ExpressionAttributeValues"] = {":v": {"SS": ["a"]}}
    client.update_item(TableName=table, Key=KEY, UpdateExpression=expression, **request)
    found = client.get_item(TableName=table, Key=KEY).get("Item")

    assert found == (KEY if on_local else None)


def test_the_greatest_number_takes_no_more(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item={**KEY, "n": {"N": GREATEST}})
    assert_refused(
        client,
        invalid(
            "Number overflow. Attempting to store a number with magnitude larger than"
            " supported range"
        ),
        "update_item",
        TableName=table,
        Key=KEY,
        UpdateExpression="SET n = n + :v",
        ExpressionAttributeValues={":v": {"N": GREATEST}},
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("NONE", None),
        ("ALL_OLD", {**KEY, "n": {"N": "1"}, "k": {"S": "kept"}}),
        ("ALL_NEW", {**KEY, "n": {"N": "2"}, "k": {"S": "kept"}, "m": {"N": "5"}}),
        ("UPDATED_OLD", {"n": {"N": "1"}}),
        ("UPDATED_NEW", {"n": {"N": "2"}, "m": {"N": "5"}}),
    ],
)
def test_what_is_returned_of_an_item(
    client: Any, table: str, wanted: str, expected: Any
) -> None:
    client.put_item(TableName=table, Item={**KEY, "n": {"N": "1"}, "k": {"S": "kept"}})
    answer = client.update_item(
        TableName=table,
        Key=KEY,
        UpdateExpression="SET n = n + :one, m = :five",
        ExpressionAttributeValues={":one": {"N": "1"}, ":five": {"N": "5"}},
        ReturnValues=wanted,
    )

    assert answer.get("Attributes") == expected


@pytest.mark.parametrize("wanted", ["ALL_OLD", "UPDATED_OLD"])
def test_nothing_old_is_returned_of_a_new_item(
    client: Any, table: str, wanted: str
) -> None:
    answer = client.update_item(
        TableName=table,
        Key=KEY,
        UpdateExpression="SET n = :v",
        ExpressionAttributeValues={":v": {"N": "1"}},
        ReturnValues=wanted,
    )

    assert "Attributes" not in answer


def test_a_false_condition_changes_nothing(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item={**KEY, "n": {"N": "0"}})
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        client.update_item(
            TableName=table,
            Key=KEY,
            UpdateExpression="SET n = n - :one",
            ConditionExpression="n > :zero",
            ExpressionAttributeValues={":one": {"N": "1"}, ":zero": {"N": "0"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    assert caught.value.response["Item"] == {**KEY, "n": {"N": "0"}}
    assert client.get_item(TableName=table, Key=KEY)["Item"]["n"] == {"N": "0"}


@pytest.mark.parametrize(
    ("expression", "values", "words"),
    [
        (
            "SET n = absent + :v",
            {":v": {"N": "1"}},
            "The provided expression refers to an attribute that does not exist in the"
            " item",
        ),
        (
            "SET n = word + :v",
            {":v": {"N": "1"}},
            "An operand in the update expression has an incorrect data type",
        ),
        (
            "ADD word :v",
            {":v": {"N": "1"}},
            "An operand in the update expression has an incorrect data type",
        ),
        (
            "SET absent.a = :v",
            {":v": {"N": "1"}},
            "The document path provided in the update expression is invalid for update",
        ),
        (
            "SET id = :v",
            {":v": {"S": "y"}},
            "One or more parameter values were invalid: Cannot update attribute id. This"
            " attribute is part of the key",
        ),
        (
            "SET n = :v, n = :v",
            {":v": {"S": "y"}},
            "Invalid UpdateExpression: Two document paths overlap with each other; must"
            " remove or rewrite one of these paths; path one: [n], path two: [n]",
        ),
        (
            "SET n = :v + :w",
            {":v": {"N": "1"}},
            "Invalid UpdateExpression: An expression attribute value used in expression"
            " is not defined; attribute value: :w",
        ),
        (
            "SET n = :v",
            {":v": {"N": "1"}, ":unused": {"N": "1"}},
            "Value provided in ExpressionAttributeValues unused in expressions: keys:"
            " {:unused}",
        ),
        (
            "SET n = :v",
            {":v": {"N": "one"}},
            "ExpressionAttributeValues contains invalid value: The parameter cannot be"
            " converted to a numeric value: one for key :v",
        ),
        (
            "",
            None,
            "Invalid UpdateExpression: The expression can not be empty;",
        ),
    ],
)
def test_an_update_that_cannot_be_is_refused(
    client: Any, table: str, expression: str, values: Any, words: str
) -> None:
    client.put_item(TableName=table, Item={**KEY, "word": {"S": "a"}})
    request = {"ExpressionAttributeValues": values} if values else {}
    assert_refused(
        client,
        invalid(words),
        "update_item",
        TableName=table,
        Key=KEY,
        UpdateExpression=expression,
        **request,
    )

    assert client.get_item(TableName=table, Key=KEY)["Item"] == {
        **KEY,
        "word": {"S": "a"},
    }


def test_a_table_that_does_not_exist_is_refused(client: Any, prefix: str) -> None:
    assert_refused(
        client,
        NO_TABLE,
        "update_item",
        TableName=f"{prefix}none",
        Key=KEY,
        UpdateExpression="SET n = :v",
        ExpressionAttributeValues={":v": {"N": "1"}},
    )


def test_the_capacity_is_of_the_larger_item(client: Any, table: str) -> None:
    """A unit for each KB of the item before or after, whichever is larger."""
    client.put_item(TableName=table, Item={**KEY, "word": {"S": "x" * 2_500}})
    answer = client.update_item(
        TableName=table,
        Key=KEY,
        UpdateExpression="REMOVE word",
        ReturnConsumedCapacity="TOTAL",
    )

    assert answer["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 3.0}


@pytest.mark.parametrize("path", ["a", "a.b", "a[0]"])
def test_nothing_is_removed_of_an_item_that_is_not_there(
    client: Any, table: str, path: str, on_local: bool
) -> None:
    """Whatever the path; in an item that is there, it would need a place to be."""
    request: Any = {
        "TableName": table,
        "Key": KEY,
        "UpdateExpression": f"REMOVE {path}",
    }
    if on_local and path != "a":
        words = (
            "The document path provided in the update expression is invalid for update"
        )
        assert_refused(client, invalid(words), "update_item", **request)
        return
    client.update_item(**request)

    assert client.scan(TableName=table)["Count"] == (1 if on_local else 0)
