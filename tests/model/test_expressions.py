"""Expressions and numbers against simpler models of them.

The parser against its own trees' text, numbers against `decimal`, updates and
conditions on numbers against Python's.
"""

from decimal import Context, Decimal, Inexact

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from footfall.embedded.attribute import (
    compare,
    key_bytes,
    key_prefix_end,
    validate,
)
from footfall.embedded.evaluate import apply_update, check
from footfall.embedded.exceptions import ClientError, ValidationException
from footfall.embedded.expressions import bind
from footfall.embedded.nodes import (
    And,
    Arithmetic,
    Between,
    Comparison,
    Condition,
    Function,
    In,
    Not,
    Operand,
    Or,
    Path,
    Projection,
    SetAction,
    Test,
    Update,
    Value,
    ValueAction,
)
from footfall.embedded.number import add_numbers, canonical_number, subtract_numbers
from footfall.embedded.parser import (
    parse_condition,
    parse_projection,
    parse_update,
)

COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")

attributes = st.sampled_from(["visits", "siteUrl", "a1", "A_b", "#v", "#1", "#_"])
paths = st.builds(
    lambda head, rest: Path((head, *rest)),
    attributes,
    st.lists(attributes | st.integers(0, 1000), max_size=4),
)
values = st.sampled_from([":v", ":1", ":_x", ":inc"]).map(Value)
simple = paths | values
sizes = st.builds(lambda operand: Function("size", (operand,)), simple)
operands = simple | sizes
set_operands: st.SearchStrategy[Operand] = st.recursive(
    simple,
    lambda inner: st.builds(
        lambda path, other: Function("if_not_exists", (path, other)), paths, inner
    ),
    max_leaves=4,
) | st.builds(lambda a, b: Function("list_append", (a, b)), simple, simple)
sums = set_operands | st.builds(
    Arithmetic, st.sampled_from(["+", "-"]), simple, set_operands
)
updates = st.builds(
    Update,
    st.lists(st.builds(SetAction, paths, sums), max_size=3).map(tuple),
    st.lists(paths, max_size=3).map(tuple),
    st.lists(st.builds(ValueAction, paths, values), max_size=3).map(tuple),
    st.lists(st.builds(ValueAction, paths, values), max_size=3).map(tuple),
).filter(lambda update: str(update) != "")

leaves: st.SearchStrategy[Test] = (
    st.builds(Comparison, st.sampled_from(COMPARATORS), operands, operands)
    | st.builds(Between, operands, operands, operands)
    | st.builds(In, operands, st.lists(operands, min_size=1, max_size=4).map(tuple))
    | st.builds(lambda path: Function("attribute_exists", (path,)), paths)
    | st.builds(lambda path: Function("attribute_not_exists", (path,)), paths)
    | st.builds(lambda a, b: Function("contains", (a, b)), operands, operands)
    | st.builds(lambda a, b: Function("begins_with", (a, b)), operands, operands)
    | st.builds(lambda a, b: Function("attribute_type", (a, b)), operands, values)
)
tests: st.SearchStrategy[Test] = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, min_size=2, max_size=3).map(lambda some: And(tuple(some)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda some: Or(tuple(some)))
    ),
    max_leaves=12,
)

numbers = st.builds(
    lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
    st.integers(0, 1),
    st.lists(st.integers(0, 9), min_size=1, max_size=38).map(tuple),
    st.integers(-40, 40) | st.integers(-130, 87),
).filter(lambda number: number == 0 or -130 <= number.adjusted() <= 125)


@given(updates)
def test_update_parses_to_what_its_text_came_from(update: Update) -> None:
    """The text of a tree is a sentence of the grammar, and only that tree's."""
    assert parse_update(str(update)) == update


@given(tests)
def test_condition_parses_to_what_its_text_came_from(test: Test) -> None:
    """Precedence and parentheses lose nothing."""
    assert parse_condition(str(Condition(test))) == Condition(test)


@given(st.lists(paths, min_size=1, max_size=5).map(tuple).map(Projection))
def test_projection_parses_to_what_its_text_came_from(projection: Projection) -> None:
    """Paths keep their names and indexes."""
    assert parse_projection(str(projection)) == projection


@given(
    st.text(
        st.sampled_from(
            list("aSETsizeANDORbtw()[],.=<>+- #:0123_'\"\n\u00e9\U0001f600")
        ),
        max_size=60,
    )
)
def test_any_text_gives_a_tree_or_dynamodbs_error(text: str) -> None:
    """Nothing that a request carries makes the parser fail otherwise."""
    for parse in (parse_update, parse_condition, parse_projection):
        problem = ""
        try:
            parse(text)
        except ValidationException as error:
            problem = error.message
        assert problem == "" or problem.startswith("Invalid ")


@given(numbers)
def test_number_keeps_its_value(number: Decimal) -> None:
    """Canonical form is another spelling, and its own canonical form."""
    text = canonical_number(str(number))

    assert Decimal(text) == number
    assert canonical_number(text) == text
    assert "E" not in text
    assert not text.startswith(("+", "-0.0e", "00"))


@given(st.text(max_size=12) | st.from_regex(r"[-+0-9.eE]{1,12}", fullmatch=True))
def test_any_text_is_a_number_or_dynamodbs_error(text: str) -> None:
    """Nothing but digits, one sign, one point and one exponent is a number."""
    try:
        value = validate({"N": text})
    except ClientError:
        return
    assert Decimal(value["N"]) == Decimal(text)


@given(numbers, numbers)
def test_keys_and_comparisons_order_numbers_as_decimal_does(
    left: Decimal, right: Decimal
) -> None:
    """A table's sort key and a condition agree about what is less."""
    a = {"N": canonical_number(str(left))}
    b = {"N": canonical_number(str(right))}
    order = (left > right) - (left < right)

    key_a, key_b = key_bytes(a, "N"), key_bytes(b, "N")
    assert (key_a > key_b) - (key_a < key_b) == order
    assert compare(a, b) == order


@given(st.text(max_size=8), st.text(max_size=8))
def test_keys_and_comparisons_order_strings_alike(left: str, right: str) -> None:
    """UTF-8 sorts as code points do."""
    a, b = {"S": left}, {"S": right}
    key_a, key_b = key_bytes(a, "S"), key_bytes(b, "S")

    assert (key_a > key_b) - (key_a < key_b) == compare(a, b)


@given(st.binary(max_size=5), st.binary(max_size=5))
def test_prefix_end_bounds_what_begins_with_the_prefix(
    prefix: bytes, key: bytes
) -> None:
    """A range of keys stands for begins_with, exactly."""
    end = key_prefix_end(prefix)
    in_range = key >= prefix and (end is None or key < end)

    assert in_range == key.startswith(prefix)


@given(numbers, numbers)
def test_sums_and_differences_are_decimals(left: Decimal, right: Decimal) -> None:
    """Exact within 38 digits, and refused beyond: nothing is ever rounded."""
    a, b = canonical_number(str(left)), canonical_number(str(right))
    wide = Context(prec=38, Emax=125, Emin=-130, traps=[Inexact])
    for ours, theirs in ((add_numbers, wide.add), (subtract_numbers, wide.subtract)):
        try:
            expected = theirs(left, right)
        except Inexact:
            with pytest.raises(ValidationException, match="Number overflow"):
                ours(a, b)
        else:
            assume(expected == 0 or expected.adjusted() >= -130)
            assert Decimal(ours(a, b)) == expected


@given(st.lists(st.integers(-(10**30), 10**30), min_size=1, max_size=20))
def test_counting_with_set_and_with_add_agrees_with_python(amounts: list[int]) -> None:
    """Two ways to count one number, of any size."""
    item = {"set": {"N": "0"}}
    for amount in amounts:
        bound = bind(
            {
                "UpdateExpression": "SET #set = #set + :n ADD #add :n",
                "ExpressionAttributeNames": {"#set": "set", "#add": "add"},
                "ExpressionAttributeValues": {":n": {"N": str(amount)}},
            },
            ("UpdateExpression",),
        )
        assert bound.update is not None
        item, _ = apply_update(bound.update, item, bound.names, bound.values)

    assert item == {"set": {"N": str(sum(amounts))}, "add": {"N": str(sum(amounts))}}


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from(COMPARATORS), st.integers(0, 3)
        ),
        min_size=1,
        max_size=5,
    ),
    st.lists(
        st.sampled_from(["AND", "OR", "AND NOT", "OR NOT"]), min_size=5, max_size=5
    ),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), min_size=3),
)
def test_conditions_agree_with_python(
    comparisons: list[tuple[str, str, int]],
    connectives: list[str],
    item: dict[str, int],
) -> None:
    """The same sentence in Python has the same truth: its precedence is the same."""
    ours, python = "", ""
    for (name, operator, number), connective in zip(
        comparisons, connectives, strict=False
    ):
        link = connective if ours else ""
        ours += f" {link} {name} {operator} :{number}"
        same = {"=": "==", "<>": "!="}.get(operator, operator)
        python += f" {link.lower()} {item[name]} {same} {number}"
    bound = bind(
        {
            "ConditionExpression": ours,
            "ExpressionAttributeValues": {
                f":{number}": {"N": str(number)} for _, _, number in comparisons
            },
        },
        ("ConditionExpression",),
    )
    stored = {name: {"N": str(number)} for name, number in item.items()}
    assert bound.condition is not None

    assert check(bound.condition, stored, bound.names, bound.values) == eval(python)
