"""Expressions bound to names and values: what DynamoDB checks, and in what words."""

from typing import Any

import pytest

from footfall.embedded.exceptions import SerializationException, ValidationException
from footfall.embedded.expressions import bind

UPDATE = ("UpdateExpression", "ConditionExpression")
QUERY = ("KeyConditionExpression", "FilterExpression", "ProjectionExpression")
ONE = {"N": "1"}
TYPE = "Incorrect operand type for operator or function; "


def _request(
    update: str | None = None,
    condition: str | None = None,
    values: Any = None,
    names: Any = None,
) -> dict[str, Any]:
    return {
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ExpressionAttributeNames": names,
    }


def test_request_without_expressions_binds_to_nothing() -> None:
    """Most GetItems and PutItems have none."""
    bound = bind({"TableName": "t"}, UPDATE)

    assert (bound.update, bound.condition, dict(bound.names)) == (None, None, {})


def test_values_become_canonical() -> None:
    """What is compared and stored is canonical."""
    bound = bind(
        _request("SET #a = :a", "b = :b", {":a": {"N": "1.0"}, ":b": ONE}, {"#a": "x"}),
        UPDATE,
    )

    assert bound.values == {":a": ONE, ":b": ONE}
    assert bound.names == {"#a": "x"}
    assert str(bound.update) == "SET #a = :a"
    assert str(bound.condition) == "b = :b"


def test_query_has_its_own_expressions() -> None:
    """Each goes to its own field."""
    bound = bind(
        {
            "KeyConditionExpression": "p = :p",
            "FilterExpression": "a = :p",
            "ProjectionExpression": "a, b.c",
            "ExpressionAttributeValues": {":p": ONE},
        },
        QUERY,
    )

    assert str(bound.key_condition) == "p = :p"
    assert str(bound.filter) == "a = :p"
    assert str(bound.projection) == "a, b.c"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            _request(names={"#a": "a"}),
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            _request(values={":a": ONE}),
            "ExpressionAttributeValues can only be specified when using expressions:"
            " UpdateExpression and ConditionExpression are null",
        ),
        (_request("REMOVE a", names={}), "ExpressionAttributeNames must not be empty"),
        (
            _request("REMOVE a", values={}),
            "ExpressionAttributeValues must not be empty",
        ),
        (
            _request("REMOVE #", names={"#": "a"}),
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "#"',
        ),
        (
            _request("SET a = :a!", values={":a!": ONE}),
            'ExpressionAttributeValues contains invalid key: Syntax error; key: ":a!"',
        ),
        (
            _request("SET a = :a", values={":a": {"N": "x"}}),
            "ExpressionAttributeValues contains invalid value: The parameter cannot be"
            " converted to a numeric value: x for key :a",
        ),
        (
            _request("REMOVE #a"),
            "Invalid UpdateExpression: An expression attribute name used in the"
            " document path is not defined; attribute name: #a",
        ),
        (
            _request("SET a = :a"),
            "Invalid UpdateExpression: An expression attribute value used in"
            " expression is not defined; attribute value: :a",
        ),
        (
            _request("REMOVE a", "#b = :b", {":b": ONE}),
            "Invalid ConditionExpression: An expression attribute name used in the"
            " document path is not defined; attribute name: #b",
        ),
        (
            _request("REMOVE a", values={":x": ONE, ":y": ONE}),
            "Value provided in ExpressionAttributeValues unused in expressions: keys:"
            " {:x, :y}",
        ),
        (
            _request("REMOVE a", names={"#x": "x"}),
            "Value provided in ExpressionAttributeNames unused in expressions: keys:"
            " {#x}",
        ),
        (
            _request("SET a = :a, #a.b = :a", values={":a": ONE}, names={"#a": "a"}),
            "Invalid UpdateExpression: Two document paths overlap with each other; must"
            " remove or rewrite one of these paths; path one: [a], path two: [a, b]",
        ),
        (
            _request("REMOVE a.b, a[1]"),
            "Invalid UpdateExpression: Two document paths conflict with each other;"
            " must remove or rewrite one of these paths; path one: [a, b], path two:"
            " [a, [1]]",
        ),
    ],
)
def test_unfit_placeholders_are_refused(given: dict[str, Any], problem: str) -> None:
    """The words are DynamoDB's."""
    with pytest.raises(ValidationException) as caught:
        bind(given, UPDATE)

    assert caught.value.message == problem


def test_paths_that_part_do_not_overlap() -> None:
    """The same beginning is no conflict."""
    assert bind(_request("REMOVE a.b, a.c[0], a.c[1], b"), UPDATE).update is not None


@pytest.mark.parametrize(
    ("update", "value", "problem"),
    [
        (
            "SET a = b + :v",
            {"S": "x"},
            TYPE + "operator or function: +, operand type: S",
        ),
        (
            "SET a = :v - b",
            {"L": []},
            TYPE + "operator or function: -, operand type: L",
        ),
        (
            "SET a = list_append(b, :v)",
            {"S": "x"},
            TYPE + "operator or function: list_append, operand type: S",
        ),
        (
            "SET a = list_append(b, :v) + c",
            {"L": []},
            TYPE + "operator or function: +, operand type: L",
        ),
        (
            "ADD a :v",
            {"S": "x"},
            TYPE
            + "operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        (
            "DELETE a :v",
            ONE,
            TYPE + "operator: DELETE, operand type: NUMBER, typeSet:"
            " ALLOWED_FOR_DELETE_OPERAND",
        ),
    ],
)
def test_value_that_no_item_can_mend_fails_an_update(
    update: str, value: dict[str, Any], problem: str
) -> None:
    """DynamoDB refuses these before it reads the item."""
    with pytest.raises(ValidationException) as caught:
        bind(_request(update, values={":v": value}), UPDATE)

    assert caught.value.message == f"Invalid UpdateExpression: {problem}"


@pytest.mark.parametrize(
    ("condition", "values", "problem"),
    [
        ("a < :v", [{"L": []}], TYPE + "operator or function: <, operand type: L"),
        ("begins_with(a, :v)", [ONE], TYPE + "operator or function: begins_with"),
        (
            "begins_with(size(a), :v)",
            [{"S": ""}],
            TYPE + "operator or function: begins",
        ),
        ("size(:v) = b", [ONE], TYPE + "operator or function: size, operand type: N"),
        (
            "size(size(a)) = :v",
            [ONE],
            TYPE + "operator or function: size, operand type",
        ),
        ("a = a AND b = :v", [ONE], "The first operand must be distinct from the"),
        ("a BETWEEN :v AND a", [ONE], "The first operand must be distinct from the"),
        ("a IN (b, a, :v)", [ONE], "The first operand must be distinct from the"),
        ("contains(a[0], a[0]) OR b = :v", [ONE], "The first operand must be distinct"),
        ("attribute_type(a, :v)", [{"S": "DOG"}], "Invalid attribute type name found;"),
        ("attribute_type(a, :v)", [ONE], TYPE + "operator or function: attribute_type"),
        ("attribute_type(a, b) OR c = :v", [ONE], TYPE + "operator or function: attri"),
        (
            "a BETWEEN :v AND :w",
            [ONE, {"S": "x"}],
            "The BETWEEN operator requires same",
        ),
        (
            "a BETWEEN :v AND :w",
            [{"N": "2"}, ONE],
            "The BETWEEN operator requires upper bound to be greater than or equal to"
            " lower bound; lower bound operand: AttributeValue: {N:2}, upper bound"
            " operand: AttributeValue: {N:1}",
        ),
        ("a BETWEEN :v AND b", [{"M": {}}], TYPE + "operator or function: BETWEEN"),
    ],
)
def test_operand_that_no_item_can_mend_fails_a_condition(
    condition: str, values: list[Any], problem: str
) -> None:
    """DynamoDB refuses these before it reads the item."""
    given = dict(zip((":v", ":w"), values, strict=False))
    with pytest.raises(ValidationException) as caught:
        bind({"FilterExpression": condition, "ExpressionAttributeValues": given}, QUERY)

    assert caught.value.message.startswith(f"Invalid FilterExpression: {problem}")


@pytest.mark.parametrize(
    "condition",
    [
        "a BETWEEN :v AND :v",
        "a BETWEEN :v AND b",
        "a BETWEEN b AND :v",
        "a = b AND a <> :v",
        "size(a) = :v",
        "a IN (:v, b)",
        "contains(a, :v)",
        "attribute_exists(a) AND b < :v",
    ],
)
def test_sound_conditions_pass(condition: str) -> None:
    """No check goes too far."""
    given = {"FilterExpression": condition, "ExpressionAttributeValues": {":v": ONE}}

    assert bind(given, QUERY).filter is not None


def test_type_names_pass() -> None:
    """All ten are known."""
    given = {
        "FilterExpression": "attribute_type(a, :t)",
        "ExpressionAttributeValues": {":t": {"S": "BOOL"}},
    }

    assert bind(given, QUERY).filter is not None


def test_projection_alone_takes_no_values() -> None:
    """There is no expression that a value could be in."""
    with pytest.raises(ValidationException, match=r"KeyCond.* and FilterEx.* are null"):
        bind(
            {"ProjectionExpression": "a", "ExpressionAttributeValues": {":v": ONE}},
            QUERY,
        )
    with pytest.raises(ValidationException, match="FilterExpression is null"):
        bind({"ExpressionAttributeValues": {":v": ONE}}, ("FilterExpression",))


@pytest.mark.parametrize(
    "given",
    [
        {"UpdateExpression": 1},
        {"UpdateExpression": "REMOVE a", "ExpressionAttributeNames": []},
        {"UpdateExpression": "REMOVE a", "ExpressionAttributeValues": "x"},
        {"UpdateExpression": "REMOVE #a", "ExpressionAttributeNames": {"#a": 1}},
        {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": 1}},
    ],
)
def test_parameter_of_a_wrong_json_type_is_refused(given: dict[str, Any]) -> None:
    """JSON may hold anything."""
    with pytest.raises(SerializationException):
        bind(given, UPDATE)
