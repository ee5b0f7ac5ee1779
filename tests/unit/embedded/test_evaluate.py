"""Expressions applied to items."""

from copy import deepcopy
from typing import Any

import pytest

from footfall.embedded.attribute import AttributeValue, Item
from footfall.embedded.evaluate import (
    apply_update,
    check,
    project,
    updated_values,
)
from footfall.embedded.exceptions import ValidationException
from footfall.embedded.expressions import bind

WRONG_TYPE = "An operand in the update expression has an incorrect data type"
MISSING = "The provided expression refers to an attribute that does not exist in the"
INVALID_PATH = "The document path provided in the update expression is invalid for upda"


def n(number: int | str) -> AttributeValue:
    """Return a number."""
    return {"N": str(number)}


def numbers(*members: int) -> AttributeValue:
    """Return a list of numbers."""
    return {"L": [n(member) for member in members]}


ITEM: Item = {
    "n": n(5),
    "s": {"S": "hello"},
    "b": {"B": b"\x01\x02\x80"},
    "t": {"BOOL": True},
    "z": {"NULL": True},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [b"x"]},
    "l": numbers(0, 1, 2, 3),
    "m": {"M": {"x": n(1), "l": numbers(7), "m": {"M": {"y": n(2)}}}},
}
VALUES: dict[str, AttributeValue] = {
    ":n": n(5),
    ":one": n(1),
    ":nine": n(9),
    ":s": {"S": "hello"},
    ":h": {"S": "he"},
    ":b": {"B": b"\x01"},
    ":hi": {"B": b"\x80"},
    ":ss": {"SS": ["b", "c"]},
    ":all": {"SS": ["a", "b"]},
    ":ns": {"NS": ["10", "2"]},
    ":l": numbers(9),
    ":type": {"S": "NS"},
    ":t": {"BOOL": True},
}


def _used(text: str) -> dict[str, AttributeValue] | None:
    words = text.replace("(", " ").replace(")", " ").replace(",", " ").split()
    return {name: VALUES[name] for name in words if name.startswith(":")} or None


def update(
    text: str, item: Item = ITEM, names: dict[str, str] | None = None
) -> tuple[Item, Item]:
    """Return the item after an update, and its UPDATED_NEW."""
    request: dict[str, Any] = {
        "UpdateExpression": text,
        "ExpressionAttributeValues": _used(text),
        "ExpressionAttributeNames": names,
    }
    bound = bind(request, ("UpdateExpression",))
    assert bound.update is not None
    before = deepcopy(item)
    new, paths = apply_update(bound.update, item, bound.names, bound.values)
    assert item == before, "an update never changes the old item"
    return new, updated_values(new, paths)


def changes(text: str, names: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what an update of ITEM changes: the new value, None for removed."""
    new, _ = update(text, names=names)
    return {
        name: new.get(name)
        for name in {**ITEM, **new}
        if ITEM.get(name) != new.get(name)
    }


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("SET n = n + :one", {"n": n(6)}),
        ("SET n = :one - n", {"n": n(-4)}),
        ("SET fresh = n", {"fresh": n(5)}),
        ("SET n = s, s = n", {"n": {"S": "hello"}, "s": n(5)}),
        ("SET n = n", {}),
        ("SET a = if_not_exists(n, :one)", {"a": n(5)}),
        ("SET a = if_not_exists(a, :one) + :nine", {"a": n(10)}),
        ("SET a = if_not_exists(m.x, :nine)", {"a": n(1)}),
        ("SET l = list_append(l, :l)", {"l": numbers(0, 1, 2, 3, 9)}),
        ("SET a = list_append(:l, m.l)", {"a": numbers(9, 7)}),
        ("SET a = m.m.y", {"a": n(2)}),
        ("SET a = l[3]", {"a": n(3)}),
        ("SET l[1] = :nine", {"l": numbers(0, 9, 2, 3)}),
        ("SET l[90] = :one, l[70] = :nine", {"l": numbers(0, 1, 2, 3, 9, 1)}),
        ("REMOVE n", {"n": None}),
        ("REMOVE nothing", {}),
        ("REMOVE l[0], l[2]", {"l": numbers(1, 3)}),
        ("REMOVE l[17]", {}),
        ("REMOVE l[1] SET l[3] = :nine", {"l": numbers(0, 2, 9)}),
        ("SET l[4] = :nine REMOVE l[0]", {"l": numbers(1, 2, 3, 9)}),
        ("REMOVE n SET a = n", {"n": None, "a": n(5)}),
        ("ADD n :one", {"n": n(6)}),
        ("ADD a :one", {"a": n(1)}),
        ("ADD ss :ss", {"ss": {"SS": ["a", "b", "c"]}}),
        ("ADD ns :ns", {"ns": {"NS": ["1", "2", "10"]}}),
        ("ADD a :ss", {"a": {"SS": ["b", "c"]}}),
        ("DELETE ss :ss", {"ss": {"SS": ["a"]}}),
        ("DELETE ss :all", {"ss": None}),
        ("DELETE a :ss", {}),
    ],
)
def test_update(text: str, changed: dict[str, Any]) -> None:
    """SET reads the item as it was; a list's indexes are those it had."""
    assert changes(text) == changed


def test_nested_update_changes_only_its_place() -> None:
    """Several places in one map are changed in one copy of it."""
    new, _ = update(
        "SET m.x = :nine, m.#n.z = :one, m.l[5] = :n REMOVE m.m.y ADD m.added :one",
        names={"#n": "m"},
    )

    assert new["m"] == {
        "M": {
            "x": n(9),
            "l": numbers(7, 5),
            "m": {"M": {"z": n(1)}},
            "added": n(1),
        }
    }
    assert new["l"] is ITEM["l"]


def test_lists_within_lists_are_changed() -> None:
    """A path may go through an index."""
    item = {"a": {"L": [numbers(1, 2), {"M": {"b": n(3)}}]}}

    new, _ = update("SET a[0][1] = :nine, a[1].c = :one REMOVE a[1].b", item)

    assert new == {"a": {"L": [numbers(1, 9), {"M": {"c": n(1)}}]}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SET s = s + :one", WRONG_TYPE),
        ("SET n = :one + s", WRONG_TYPE),
        ("SET a = list_append(s, :l)", WRONG_TYPE),
        ("SET a = list_append(:l, n)", WRONG_TYPE),
        ("ADD s :one", WRONG_TYPE),
        ("ADD ns :ss", WRONG_TYPE),
        ("DELETE l :ss", WRONG_TYPE),
        ("SET a = a + :one", MISSING),
        ("SET a = b1", MISSING),
        ("SET a = m.nothing", MISSING),
        ("SET a = n.x", MISSING),
        ("SET a = l[9]", MISSING),
        ("SET a = nothing.x.y", MISSING),
        ("SET a = if_not_exists(b1, b2)", MISSING),
        ("SET a = :one, c = a", MISSING),
        ("SET a.b = :one", INVALID_PATH),
        ("SET n.b = :one", INVALID_PATH),
        ("SET l.b = :one", INVALID_PATH),
        ("SET m[0] = :one", INVALID_PATH),
        ("SET l[9].x = :one", INVALID_PATH),
        ("REMOVE a.b", INVALID_PATH),
        ("REMOVE s[0]", INVALID_PATH),
        ("ADD a.b :one", INVALID_PATH),
        ("DELETE a.b :ss", INVALID_PATH),
    ],
)
def test_update_that_does_not_fit_the_item_is_refused(text: str, problem: str) -> None:
    """The words are DynamoDB's; they are what the recipe's users meet."""
    with pytest.raises(ValidationException) as caught:
        update(text)

    assert caught.value.message.startswith(problem)


def test_counting_up_a_string_is_refused() -> None:
    """The recipe's own listing has "visits": "0", and fails like this."""
    with pytest.raises(ValidationException) as caught:
        update("SET visits = visits + :one", {"visits": {"S": "0"}})

    assert caught.value.message == WRONG_TYPE


def test_update_may_not_nest_too_deeply() -> None:
    """A value that was valid in itself may be too deep in its place."""
    deep: AttributeValue = n(1)
    for _ in range(31):
        deep = {"M": {"a": deep}}
    request = {
        "UpdateExpression": "SET m.deep = :deep",
        "ExpressionAttributeValues": {":deep": deep},
    }
    bound = bind(request, ("UpdateExpression",))
    assert bound.update is not None

    with pytest.raises(ValidationException, match="Nesting Levels have exceeded"):
        apply_update(bound.update, ITEM, bound.names, bound.values)


@pytest.mark.parametrize(
    ("text", "updated"),
    [
        ("SET n = n + :one", {"n": n(6)}),
        ("SET n = :one REMOVE s", {"n": n(1)}),
        ("REMOVE s", {}),
        ("SET m.x = :nine", {"m": {"M": {"x": n(9)}}}),
        ("SET m.l[0] = :nine", {"m": {"M": {"l": numbers(9)}}}),
        ("SET l[3] = :nine, l[1] = :one", {"l": numbers(1, 9)}),
        ("REMOVE m.x", {}),
        ("SET l[9] = :nine", {}),
    ],
)
def test_updated_new_is_what_the_update_named(text: str, updated: Item) -> None:
    """The recipe prints it: {'visits': {'N': '1'}}."""
    assert update(text)[1] == updated


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("n = :n", True),
        ("n = :one", False),
        ("n <> :one", True),
        ("n <> :n", False),
        ("nothing = :n", False),
        ("nothing <> :n", True),
        ("nothing = nothing2", False),
        ("nothing <> nothing2", True),
        ("n < :nine", True),
        ("n < :n", False),
        ("n <= :n", True),
        ("n > :one", True),
        ("n > :n", False),
        ("n >= :n", True),
        ("n >= :nine", False),
        ("n < :s", False),
        ("l < :n", False),
        ("nothing < :n", False),
        ("ss = :all", True),
        ("t = :t", True),
        ("n BETWEEN :one AND :nine", True),
        ("n BETWEEN :n AND :n", True),
        ("n BETWEEN m.x AND :one", False),
        ("s BETWEEN :one AND :nine", False),
        ("n BETWEEN s AND :nine", False),
        ("nothing BETWEEN :one AND :nine", False),
        ("n BETWEEN nothing AND :nine", False),
        ("n BETWEEN :one AND nothing", False),
        ("n IN (:one, :n)", True),
        ("n IN (:one, :s)", False),
        ("nothing IN (:one, nothing2)", False),
        ("n = :n AND s = :s", True),
        ("n = :n AND s = :h", False),
        ("n = :one OR s = :s", True),
        ("n = :one OR s = :h", False),
        ("NOT n = :one", True),
        ("NOT (n = :n OR s = :s)", False),
        ("attribute_exists(n)", True),
        ("attribute_exists(m.m.y)", True),
        ("attribute_exists(m.m.q)", False),
        ("attribute_exists(l[3])", True),
        ("attribute_exists(l[4])", False),
        ("attribute_exists(n.x)", False),
        ("attribute_exists(n[0])", False),
        ("attribute_not_exists(nothing)", True),
        ("attribute_not_exists(n)", False),
        ("attribute_type(ns, :type)", True),
        ("attribute_type(n, :type)", False),
        ("attribute_type(nothing, :type)", False),
        ("begins_with(s, :h)", True),
        ("begins_with(:h, s)", False),
        ("begins_with(b, :b)", True),
        ("begins_with(b, :h)", False),
        ("begins_with(n, :h)", False),
        ("begins_with(nothing, :h)", False),
        ("contains(s, :h)", True),
        ("contains(s, :n)", False),
        ("contains(b, :hi)", True),
        ("contains(ss, :h)", False),
        ("contains(:all, :h)", False),
        ("contains(ns, :one)", True),
        ("contains(ns, :s)", False),
        ("contains(l, :one)", True),
        ("contains(l, :nine)", False),
        ("contains(n, :n)", False),
        ("contains(s, nothing)", False),
        ("size(s) = n", True),
        ("size(b) < n", True),
        ("size(ss) > :one", True),
        ("size(l) >= :nine", False),
        ("size(m) <= :n", True),
        ("size(n) = :one", False),
        ("size(t) = :one", False),
        ("size(z) = :one", False),
        ("size(nothing) = :one", False),
    ],
)
def test_condition(text: str, truth: bool) -> None:
    """What does not exist equals nothing, and what has no order is not ordered."""
    bound = bind(
        {"ConditionExpression": text, "ExpressionAttributeValues": _used(text)},
        ("ConditionExpression",),
    )
    assert bound.condition is not None

    assert check(bound.condition, ITEM, bound.names, bound.values) is truth


@pytest.mark.parametrize("operator", ["OR (n = :one ", "AND NOT (n = :one "])
def test_300_nested_operators_are_evaluated(operator: str) -> None:
    """DynamoDB's limit lies within Python's stack."""
    depth = 149 if operator.startswith("OR") else 99
    text = "n = :one " + operator * depth + ")" * depth
    bound = bind(
        {"ConditionExpression": text, "ExpressionAttributeValues": {":one": n(1)}},
        ("ConditionExpression",),
    )
    assert bound.condition is not None

    assert check(bound.condition, ITEM, bound.names, bound.values) is False


def test_condition_on_a_missing_item_sees_no_attribute() -> None:
    """The condition that makes a receipt exactly once."""
    bound = bind(
        {"ConditionExpression": "attribute_not_exists(receipt)"},
        ("ConditionExpression",),
    )
    assert bound.condition is not None

    assert check(bound.condition, {}, {}, {})
    assert not check(bound.condition, {"receipt": {"S": "x"}}, {}, {})


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("n", {"n": n(5)}),
        ("n, nothing, s", {"n": n(5), "s": {"S": "hello"}}),
        ("nothing", {}),
        ("nothing.x", {}),
        ("n.x", {}),
        ("n[0]", {}),
        ("m.x", {"m": {"M": {"x": n(1)}}}),
        ("m.m.y, m.l[0]", {"m": {"M": {"m": {"M": {"y": n(2)}}, "l": numbers(7)}}}),
        ("l[3], l[1], l[9]", {"l": numbers(1, 3)}),
        ("l.x", {}),
        ("m[0]", {}),
        ("m.l[4], n", {"n": n(5)}),
    ],
)
def test_projection(text: str, part: Item) -> None:
    """What does not exist is left out, and lists close up."""
    bound = bind({"ProjectionExpression": text}, ("ProjectionExpression",))
    assert bound.projection is not None

    assert project(bound.projection, ITEM, bound.names) == part


def test_projection_resolves_names() -> None:
    """A dot in a name is no path."""
    bound = bind(
        {
            "ProjectionExpression": "#a",
            "ExpressionAttributeNames": {"#a": "a.b"},
        },
        ("ProjectionExpression",),
    )
    assert bound.projection is not None

    assert project(bound.projection, {"a.b": n(1)}, bound.names) == {"a.b": n(1)}
