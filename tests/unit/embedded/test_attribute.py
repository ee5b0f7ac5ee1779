"""Attribute values: what is valid, what it becomes, how it counts and sorts."""

from typing import Any

import pytest

from footfall.embedded.attribute import (
    AttributeValue,
    compare,
    equal,
    key_bytes,
    key_prefix_end,
    size_bytes,
    type_of,
    validate,
    validate_item,
    value_size,
)
from footfall.embedded.exceptions import SerializationException, ValidationException
from footfall.embedded.number import canonical_number

INVALID = "One or more parameter values were invalid: "


@pytest.mark.parametrize(
    "value",
    [
        {"S": ""},
        {"S": "na\u00efve \U0001f600"},
        {"N": "123456789012345678"},
        {"N": "-1"},
        {"B": b""},
        {"BOOL": False},
        {"NULL": True},
        {"L": []},
        {"M": {}},
        {"L": [{"M": {"a": {"S": "b"}}}]},
        {"SS": ["a", "b"]},
        {"NS": ["-1", "2", "10"]},
        {"BS": [b"a", b"b"]},
    ],
)
def test_canonical_value_stays_as_it_is(value: AttributeValue) -> None:
    """What is stored is what comes back."""
    assert validate(value) == value


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"SS": ["b", "a"]}, {"SS": ["a", "b"]}),
        ({"SS": {"b", "a"}}, {"SS": ["a", "b"]}),
        ({"NS": ["10", "9.0"]}, {"NS": ["9", "10"]}),
        ({"BS": (b"b", b"a")}, {"BS": [b"a", b"b"]}),
        ({"B": bytearray(b"x")}, {"B": b"x"}),
        ({"S": "x", "N": None}, {"S": "x"}),
        ({"S": "x", "Q": "unknown"}, {"S": "x"}),
    ],
)
def test_value_becomes_canonical(given: Any, kept: AttributeValue) -> None:
    """Sets have one order, so that equal sets are equal in Python too."""
    assert validate(given) == kept


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "Supplied AttributeValue is empty"),
        ({"Q": "x"}, "Supplied AttributeValue is empty"),
        ({"S": "a", "N": "1"}, "Supplied AttributeValue has more than one datatypes"),
        ({"NULL": False}, INVALID + "Null attribute value types must have the value"),
        ({"SS": []}, INVALID + "An string set  may not be empty"),
        ({"NS": []}, INVALID + "An number set  may not be empty"),
        ({"BS": []}, INVALID + "Binary sets should not be empty"),
        ({"SS": ["a", "a"]}, INVALID + "Input collection [a, a] contains duplicates."),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        (
            {"BS": [b"a", b"a"]},
            INVALID + "Input collection [YQ==, YQ==]of type BS contains duplicates.",
        ),
    ],
)
def test_invalid_value_is_refused(given: Any, problem: str) -> None:
    """The words are DynamoDB's, its slips included."""
    with pytest.raises(ValidationException) as caught:
        validate(given)

    assert caught.value.message.startswith(problem)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("x", "Unexpected value type in payload"),
        ([], "Unrecognized collection type class"),
        ({"S": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"S": 1.5}, "DECIMAL_VALUE cannot be converted to String"),
        ({"S": True}, "TRUE_VALUE cannot be converted to String"),
        ({"S": False}, "FALSE_VALUE cannot be converted to String"),
        ({"S": []}, "Unrecognized collection type class java.lang.String"),
        ({"S": {}}, "Start of structure or map found where not expected"),
        ({"S": "\ud800"}, "The string is not valid Unicode"),
        ({"SS": ["\ud800"]}, "The string is not valid Unicode"),
        ({"N": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"B": "x"}, "only base-64-encoded strings are convertible to bytes"),
        ({"BOOL": 1}, "NUMBER_VALUE cannot be converted to Boolean"),
        ({"BOOL": "x"}, "Unexpected token received from parser"),
        ({"SS": "x"}, "Unexpected field type"),
        ({"SS": {"a": 1}}, "Start of structure or map found where not expected"),
        ({"M": []}, "Unexpected field type"),
        ({"L": [1]}, "Unexpected value type in payload"),
    ],
)
def test_value_of_a_wrong_json_type_is_refused(given: Any, problem: str) -> None:
    """DynamoDB calls these SerializationException, as they are no such JSON."""
    with pytest.raises(SerializationException) as caught:
        validate(given)

    assert caught.value.message.startswith(problem)


def _nested(levels: int) -> AttributeValue:
    value: AttributeValue = {"S": "leaf"}
    for level in range(levels):
        value = {"M": {"a": value}} if level % 2 else {"L": [value]}
    return value


def test_item_of_32_levels_is_valid() -> None:
    """The item is the first level, so an attribute has 31."""
    item = {"a": _nested(31)}

    assert validate_item(item) == item


def test_item_of_33_levels_is_refused() -> None:
    """The limit bounds every later recursion."""
    with pytest.raises(ValidationException, match="Nesting Levels have exceeded"):
        validate_item({"a": _nested(32)})


def test_item_that_is_no_map_is_refused() -> None:
    """JSON may hold anything where the item should be."""
    with pytest.raises(SerializationException):
        validate_item("x")


@pytest.mark.parametrize("name", [1, "\ud800"])
def test_attribute_names_are_text(name: Any) -> None:
    """In Python anything could be a key."""
    with pytest.raises(SerializationException):
        validate_item({name: {"S": "x"}})
    with pytest.raises(SerializationException):
        validate({"M": {name: {"S": "x"}}})


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ({"N": "2"}, {"N": "10"}, -1),
        ({"N": "2"}, {"N": "2"}, 0),
        ({"S": "b"}, {"S": "a"}, 1),
        ({"S": "\uffff"}, {"S": "\U00010000"}, -1),
        ({"B": b"\x7f"}, {"B": b"\x80"}, -1),
        ({"S": "1"}, {"N": "1"}, None),
        ({"BOOL": True}, {"BOOL": True}, None),
        ({"L": []}, {"L": []}, None),
    ],
)
def test_only_strings_numbers_and_binaries_have_an_order(
    left: AttributeValue, right: AttributeValue, order: int | None
) -> None:
    """Strings sort by their UTF-8, binaries as unsigned bytes."""
    assert compare(left, right) == order


def test_values_of_different_types_are_not_equal() -> None:
    """In Python True equals 1; in DynamoDB it does not."""
    assert not equal({"BOOL": True}, {"N": "1"})
    assert equal(validate({"NS": ["2", "1.0"]}), validate({"NS": ["1", "2"]}))


def test_a_validated_value_has_a_type() -> None:
    """An empty value is a fault of ours, which must not pass in silence."""
    assert type_of({"N": "1"}) == "N"
    with pytest.raises(AssertionError):
        type_of({})


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "abc"}, 3),
        ({"S": "\u00e9"}, 2),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),
        ({"N": "-12345"}, 5),
        ({"N": "1000000"}, 2),
        ({"N": "0.0012"}, 2),
        ({"B": b"abcd"}, 4),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "2"]}, 4),
        ({"BS": [b"a", b"bc"]}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "a"}, {"BOOL": True}]}, 7),
        ({"M": {"k": {"S": "v"}}}, 6),
    ],
)
def test_size_of_a_value(value: AttributeValue, size: int) -> None:
    """The 400 KB limit and the capacity are counted in these bytes."""
    assert value_size(value) == size


def test_size_of_an_item_includes_the_names() -> None:
    """Names are stored with every item, in UTF-8."""
    assert size_bytes({"siteUrl": {"S": "x"}, "\u00e9": {"N": "1"}}) == 7 + 1 + 2 + 2


def test_key_bytes_of_strings_and_binaries_are_their_own() -> None:
    """Both sort by their bytes."""
    assert key_bytes({"S": "\u00e9"}, "S") == b"\xc3\xa9"
    assert key_bytes({"B": b"\x00\xff"}, "B") == b"\x00\xff"


def test_key_bytes_of_numbers_sort_as_the_numbers() -> None:
    """A list from the least to the greatest, ends and neighbours of zero included."""
    numbers = [
        "-9.9e125",
        "-100",
        "-99.5",
        "-99",
        "-12.3",
        "-12",
        "-1.23",
        "-1.2",
        "-1",
        "-1e-130",
        "0",
        "1e-130",
        "0.9",
        "1",
        "1.2",
        "1.23",
        "12",
        "99",
        "100",
        "9.9e125",
    ]
    keys = [key_bytes({"N": canonical_number(number)}, "N") for number in numbers]

    assert keys == sorted(keys)
    assert len(set(keys)) == len(numbers)


@pytest.mark.parametrize(
    ("prefix", "end"),
    [(b"ab", b"ac"), (b"a\xff", b"b"), (b"\xff\xff", None), (b"", None)],
)
def test_prefix_ends_before_the_next_prefix(prefix: bytes, end: bytes | None) -> None:
    """begins_with becomes a range of keys."""
    assert key_prefix_end(prefix) == end
