"""Expressions and the key: what a query can ask, and what must not be touched."""

import re
from typing import Any

import pytest

from footfall.embedded.attribute import AttributeValue
from footfall.embedded.exceptions import ValidationException
from footfall.embedded.expressions import bind
from footfall.embedded.keys import (
    KeyRange,
    check_filter_keys,
    check_update_keys,
    key_condition,
)
from footfall.embedded.parser import parse_condition, parse_update

HASH = (("p", "S"),)
BOTH = (("p", "S"), ("c", "N"))
STRINGS = (("p", "S"), ("c", "S"))
P: AttributeValue = {"S": "partition"}
VALUES: dict[str, AttributeValue] = {
    ":p": P,
    ":1": {"N": "1"},
    ":2": {"N": "2"},
    ":s": {"S": "s"},
    ":e": {"S": ""},
}
ONE, TWO = VALUES[":1"], VALUES[":2"]


def ask(text: str, schema: Any = BOTH) -> KeyRange:
    """Return the range of a key condition."""
    words = text.replace("(", " ").replace(")", " ").replace(",", " ").split()
    bound = bind(
        {
            "KeyConditionExpression": text,
            "ExpressionAttributeValues": {
                name: VALUES[name] for name in words if name.startswith(":")
            }
            or None,
            "ExpressionAttributeNames": {"#p": "p"} if "#p" in text else None,
        },
        ("KeyConditionExpression",),
    )
    assert bound.key_condition is not None
    return key_condition(bound.key_condition, bound.names, bound.values, schema)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("p = :p", KeyRange(P)),
        ("#p = :p", KeyRange(P)),
        (":p = p", KeyRange(P)),
        ("p = :p AND c = :1", KeyRange(P, low=ONE, high=ONE)),
        ("c = :1 AND p = :p", KeyRange(P, low=ONE, high=ONE)),
        ("( (c = :1) AND (p = :p) )", KeyRange(P, low=ONE, high=ONE)),
        ("p = :p AND c < :1", KeyRange(P, high=ONE, high_inclusive=False)),
        ("p = :p AND c <= :1", KeyRange(P, high=ONE)),
        ("p = :p AND c > :1", KeyRange(P, low=ONE, low_inclusive=False)),
        ("p = :p AND c >= :1", KeyRange(P, low=ONE)),
        ("p = :p AND :1 < c", KeyRange(P, low=ONE, low_inclusive=False)),
        ("p = :p AND :1 >= c", KeyRange(P, high=ONE)),
        ("p = :p AND c BETWEEN :1 AND :2", KeyRange(P, low=ONE, high=TWO)),
    ],
)
def test_key_condition_is_a_range(text: str, wanted: KeyRange) -> None:
    """One partition, and perhaps a range of sort keys."""
    assert ask(text) == wanted


def test_table_without_a_sort_key_is_asked_by_partition() -> None:
    """Such a query finds at most one item."""
    assert ask("p = :p", HASH) == KeyRange(P)


@pytest.mark.parametrize("prefix", [":s", ":e"])
def test_begins_with_is_a_prefix(prefix: str) -> None:
    """Every string begins with the empty one."""
    wanted = KeyRange(P, prefix=VALUES[prefix])

    assert ask(f"p = :p AND begins_with(c, {prefix})", STRINGS) == wanted


@pytest.mark.parametrize(
    ("text", "schema", "problem"),
    [
        (
            "p = :p OR c = :1",
            BOTH,
            "Invalid operator used in KeyConditionExpression: OR",
        ),
        (
            "p = :p AND NOT c = :1",
            BOTH,
            "Invalid operator used in KeyConditionExpressio",
        ),
        (
            "p = :p AND c IN (:1)",
            BOTH,
            "Invalid operator used in KeyConditionExpressio",
        ),
        (
            "p = :p AND c <> :1",
            BOTH,
            "Invalid operator used in KeyConditionExpression:",
        ),
        (
            "p = :p AND attribute_exists(c)",
            BOTH,
            "Invalid operator used in KeyCondition",
        ),
        (
            "p = :p AND size(c) = :1",
            BOTH,
            "KeyConditionExpressions cannot contain nested",
        ),
        (
            "p = :p AND p = :p",
            BOTH,
            "KeyConditionExpressions must only contain one cond",
        ),
        (
            "p = :p AND c.a = :1",
            BOTH,
            "KeyConditionExpressions cannot have conditions on",
        ),
        (
            "p = c",
            BOTH,
            "Invalid condition in KeyConditionExpression: Multiple attribute",
        ),
        (
            ":p = :1",
            BOTH,
            "Invalid condition in KeyConditionExpression: No key attribute",
        ),
        (
            "p = :p AND :1 BETWEEN :1 AND c",
            BOTH,
            "Invalid condition in KeyConditionExpression: BETWEEN operator must have the"
            " key attribute as its first operand",
        ),
        (
            "p = :p AND begins_with(:s, c)",
            STRINGS,
            "Invalid condition in KeyConditionExpression: begins_with operator must have",
        ),
        (
            "p = :p AND c = :1 AND d = :1",
            BOTH,
            "Conditions can be of length 1 or 2 only",
        ),
        ("c = :1", BOTH, "Query condition missed key schema element: p"),
        ("p = :p AND d = :1", BOTH, "Query condition missed key schema element: c"),
        ("d = :1", HASH, "Query condition missed key schema element: p"),
        ("p = :p AND d = :1", HASH, "Query key condition not supported"),
        ("p > :p", BOTH, "Query key condition not supported"),
        (
            "p = :1",
            BOTH,
            "One or more parameter values were invalid: Condition parameter",
        ),
        (
            "p = :p AND c = :s",
            BOTH,
            "One or more parameter values were invalid: Condition",
        ),
        (
            "p = :e",
            BOTH,
            "One or more parameter values are not valid. The AttributeValue for a key"
            " attribute cannot contain an empty string value. Key: p",
        ),
    ],
)
def test_condition_that_no_query_answers_is_refused(
    text: str, schema: Any, problem: str
) -> None:
    """The words are DynamoDB's."""
    with pytest.raises(ValidationException) as caught:
        ask(text, schema)

    assert caught.value.message.startswith(problem)


def test_empty_binary_key_is_refused() -> None:
    """It is told apart from an empty string."""
    condition = parse_condition("p = :b", "KeyConditionExpression")

    with pytest.raises(ValidationException, match="an empty binary value"):
        key_condition(condition, {}, {":b": {"B": b""}}, (("p", "B"),))


@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        (KeyRange(P), ["-1", "0", "9"], []),
        (KeyRange(P, low=ONE), ["1", "2"], ["0.9", "-1"]),
        (KeyRange(P, low=ONE, low_inclusive=False), ["1.1"], ["1", "0"]),
        (KeyRange(P, high=TWO), ["2", "-9"], ["2.1", "10"]),
        (KeyRange(P, high=TWO, high_inclusive=False), ["1.9"], ["2"]),
        (KeyRange(P, low=ONE, high=TWO), ["1", "1.5", "2"], ["0", "3"]),
    ],
)
def test_range_contains_what_lies_in_it(
    wanted: KeyRange, inside: list[str], outside: list[str]
) -> None:
    """A query that goes on must begin within its own range."""
    assert all(wanted.contains({"N": number}) for number in inside)
    assert not any(wanted.contains({"N": number}) for number in outside)


def test_prefix_contains_what_begins_with_it() -> None:
    """Of strings and of binaries."""
    assert KeyRange(P, prefix={"S": "a"}).contains({"S": "ab"})
    assert not KeyRange(P, prefix={"B": b"a"}).contains({"B": b"ba"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "SET p = :v",
            "One or more parameter values were invalid: Cannot update attribute p. This"
            " attribute is part of the key",
        ),
        (
            "REMOVE a, #c",
            "One or more parameter values were invalid: Cannot update attri",
        ),
        (
            "SET p.x = :v",
            "Key attributes must be scalars; list random access '[]' and map lookup '.'"
            " are not allowed: Key: p",
        ),
    ],
)
def test_update_may_not_change_the_key(text: str, problem: str) -> None:
    """An item's key is what it is."""
    with pytest.raises(ValidationException, match=re.escape(problem)):
        check_update_keys(parse_update(text), {"#c": "c"}, ("p", "c"))


def test_update_may_read_the_key() -> None:
    """Only what is changed counts."""
    check_update_keys(parse_update("SET a = p, b[0] = c"), {}, ("p", "c"))


def test_filter_may_not_look_at_the_key() -> None:
    """The key condition is for that."""
    check_filter_keys(parse_condition("a = :a AND b.p = :p"), {}, ("p", "c"))
    with pytest.raises(
        ValidationException,
        match="Filter Expression can only contain non-primary key attributes:"
        " Primary key attribute: c",
    ):
        check_filter_keys(parse_condition("a = :a OR c = :c"), {}, ("p", "c"))
    with pytest.raises(ValidationException, match="Key attributes must be scalars"):
        check_filter_keys(parse_condition("c[1] = :c"), {}, ("p", "c"))
