"""The grammar: what is a sentence, what tree it gives, how faults are said."""

import pytest

from footfall.embedded.exceptions import ValidationException
from footfall.embedded.nodes import (
    And,
    Arithmetic,
    Comparison,
    Condition,
    Function,
    Not,
    Or,
    Path,
    Projection,
    SetAction,
    Update,
    Value,
    ValueAction,
)
from footfall.embedded.parser import (
    parse_condition,
    parse_key_condition,
    parse_projection,
    parse_update,
)


def _path(*elements: str | int) -> Path:
    return Path(elements)


def test_the_recipes_update_is_a_sum() -> None:
    """It is the expression that Footfall exists for."""
    update = parse_update("SET visits = visits + :inc")

    total = Arithmetic("+", _path("visits"), Value(":inc"))
    assert update == Update(sets=(SetAction(_path("visits"), total),))
    assert update.values == (":inc",)
    assert update.names == ()


def test_update_has_all_four_sections() -> None:
    """Keywords may be in any case; sections may come in any order."""
    update = parse_update("add #n :n delete s :s remove a[1].b, c set x = y, z = :z")

    assert update == Update(
        sets=(SetAction(_path("x"), _path("y")), SetAction(_path("z"), Value(":z"))),
        removes=(_path("a", 1, "b"), _path("c")),
        adds=(ValueAction(_path("#n"), Value(":n")),),
        deletes=(ValueAction(_path("s"), Value(":s")),),
    )
    assert [str(path) for path in update.paths] == ["#n", "s", "a[1].b", "c", "x", "z"]
    assert update.names == ("#n",)
    assert update.values == (":n", ":s", ":z")


def test_functions_nest_in_set() -> None:
    """if_not_exists gives a counter its first value."""
    update = parse_update("SET a = if_not_exists(a, if_not_exists(b, :v)) + (:w)")

    inner = Function("if_not_exists", (_path("b"), Value(":v")))
    outer = Function("if_not_exists", (_path("a"), inner))
    assert update.sets[0].operand == Arithmetic("+", outer, Value(":w"))


def test_a_sum_may_stand_in_parentheses() -> None:
    """DynamoDB allows parentheses around operands and around the sum."""
    assert parse_update("SET a = ((b) - (:c))") == parse_update("SET a = b - :c")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a = :a OR b = :b AND NOT c = :c", "a = :a OR (b = :b AND (NOT c = :c))"),
        ("NOT a = :a AND b = :b", "(NOT a = :a) AND b = :b"),
        ("a=:a and b=:b and c=:c", "a = :a AND b = :b AND c = :c"),
        ("a between :a and :b and c = :c", "(a BETWEEN :a AND :b) AND (c = :c)"),
        ("(a) = (:a)", "a = :a"),
        ("a in (:a,(:b))", "a IN (:a, :b)"),
        (" \t\r\na\n=\t:a ", "a = :a"),
        ("NOT NOT a = :a", "NOT (NOT a = :a)"),
    ],
)
def test_precedence(text: str, same: str) -> None:
    """NOT binds tighter than AND, and AND tighter than OR."""
    assert parse_condition(text) == parse_condition(same)


def test_condition_is_a_tree() -> None:
    """Chains of one connective are one node, so that they are no deep tree."""
    condition = parse_condition("NOT size(a) > :n AND (b = :b OR contains(#c, :c))")

    assert condition == Condition(
        And(
            (
                Not(Comparison(">", Function("size", (_path("a"),)), Value(":n"))),
                Or(
                    (
                        Comparison("=", _path("b"), Value(":b")),
                        Function("contains", (_path("#c"), Value(":c"))),
                    )
                ),
            )
        )
    )
    assert [str(path) for path in condition.paths] == ["a", "b", "#c"]


def test_every_node_knows_its_paths() -> None:
    """Filters are searched for key attributes."""
    condition = parse_condition("NOT (a IN (b, :c) OR d BETWEEN e AND f)")

    assert [str(path) for path in condition.paths] == ["a", "b", "d", "e", "f"]


def test_projection_is_a_list_of_paths() -> None:
    """Each may go deep."""
    assert parse_projection("a, #b.c[0][1]") == Projection(
        (_path("a"), _path("#b", "c", 0, 1))
    )


def test_parsing_again_gives_the_same_object() -> None:
    """A program's few expressions are parsed once."""
    assert parse_update("SET a = :cached") is parse_update("SET a = :cached")


def _syntax(token: str, near: str) -> str:
    return f'Syntax error; token: "{token}", near: "{near}"'


OPERATORS = "The expression contains too many operators; operator count: 301"
PARENTHESES = "The expression has redundant parentheses;"
MISUSED = "The function is not allowed to be used this way in an expression; function: "
RESERVED = "Attribute name is a reserved keyword; reserved keyword: "
COUNT = "Incorrect number of operands for operator or function; operator or function: "


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The expression can not be empty;"),
        ("  ", "The expression can not be empty;"),
        ("HELLO b = :v", _syntax("HELLO", "HELLO b")),
        ("SET", _syntax("<EOF>", "SET")),
        ("SET a", _syntax("<EOF>", "a")),
        ("SET a :v", _syntax(":v", "a :v")),
        ("SET a = ", _syntax("<EOF>", "= ")),
        ("SET _123 = :v", _syntax("_", "SET _123")),
        ("SET hi-there = :v", _syntax("-", "hi-there")),
        ("SET :a = :b", _syntax(":a", "SET :a =")),
        ("SET a = :a + :b + :c", _syntax("+", ":b + :c")),
        ("SET a = (:a + :b) + :c", _syntax("+", ") + :c")),
        ("SET a = (:a", _syntax("<EOF>", ":a")),
        ("SET a[:i] = :v", _syntax(":i", "[:i]")),
        ("SET a[1 = :v", _syntax("=", "1 = :v")),
        ("SET a = f(b+c)", _syntax("+", "b+c")),
        ("SET a = set(b)", _syntax("set", "= set(")),
        ("SET a.set = :v", _syntax("set", ".set =")),
        ("REMOVE a b", _syntax("b", "a b")),
        ("ADD a b", _syntax("b", "a b")),
        ("SET a=:a SET b=:b", 'The "SET" section can only be used once in an update'),
        ("SET a = f(b, c)", "Invalid function name; function: f"),
        ("SET a = LIST_APPEND(b, c)", "Invalid function name; function: LIST_APPEND"),
        ("SET a = list_append(b)", COUNT + "list_append, number of operands: 1"),
        (
            "SET a = if_not_exists(:a, :b)",
            "Operator or function requires a document path; operator or function:"
            " if_not_exists",
        ),
        ("SET a = list_append(list_append(a, b), c)", MISUSED + "list_append"),
        ("SET a = size(b)", MISUSED + "size"),
        ("SET name = :v", RESERVED + "name"),
        ("SET a = b.Size", RESERVED + "Size"),
        ("REMOVE a[4294967296]", "List index is not within the allowable range; index"),
        ("REMOVE a" + ".b" * 32, "The document path has too many nesting elements; "),
        ("SET a = " + "(" * 400 + "b", PARENTHESES),
        ("SET a = " + "if_not_exists(a," * 200 + ":v" + ")" * 200, "The expression is"),
        ("REMOVE " + "a" * 4096, "Expression size has exceeded the maximum allowed"),
    ],
)
def test_invalid_update_is_refused(text: str, problem: str) -> None:
    """The words are DynamoDB's."""
    with pytest.raises(ValidationException) as caught:
        parse_update(text)

    assert caught.value.message.startswith(f"Invalid UpdateExpression: {problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a", _syntax("<EOF>", "a")),
        (":a", _syntax("<EOF>", ":a")),
        ("a AND b = :b", _syntax("AND", "a AND b")),
        ("a = :a b", _syntax("b", ":a b")),
        ("a != :a", _syntax("!", "a !=")),
        ("a IN ()", _syntax(")", "()")),
        ("a IN :a", _syntax(":a", "IN :a")),
        ("a BETWEEN :a OR :b", _syntax("OR", ":a OR :b")),
        ("and = :a", _syntax("and", "and =")),
        ("(a = :a", _syntax("<EOF>", ":a")),
        ("a = :a)", _syntax(")", ":a)")),
        ("(a = :a) = :b", _syntax("=", ") = :b")),
        ("((a = :a))", PARENTHESES),
        ("((a)) = :a", PARENTHESES),
        ("(" * 4000, PARENTHESES),
        ("(" * 2000 + "a<b" + ")" * 2000, PARENTHESES),
        ("size(a)", MISUSED + "size"),
        ("NOT size(a)", MISUSED + "size"),
        ("size(a) AND b = :b", MISUSED + "size"),
        ("contains(a, attribute_exists(b))", MISUSED + "attribute_exists"),
        ("attribute_exists(a) = :a", MISUSED + "attribute_exists"),
        ("if_not_exists(a, :a) = :b", MISUSED + "if_not_exists"),
        ("dog(a)", "Invalid function name; function: dog"),
        ("dog(a) = :a", "Invalid function name; function: dog"),
        ("size(a, b) = :a", COUNT + "size, number of operands: 2"),
        ("attribute_exists(:a)", "Operator or function requires a document path; "),
        (
            "a IN (" + ",".join([":a"] * 100) + ")",
            COUNT + "IN, number of operands: 101",
        ),
        ("name = :a", RESERVED + "name"),
        ("a<b " + "or a<b " * 200, OPERATORS),
        ("not " * 1000 + "a<b", OPERATORS),
        (
            "a < " + "f(" * 1000 + "b" + ")" * 1000,
            "The expression is nested too deeply",
        ),
        (
            "a = :" + "a" * 4096,
            "Expression size has exceeded the maximum allowed size;",
        ),
    ],
)
def test_invalid_condition_is_refused(text: str, problem: str) -> None:
    """The words are DynamoDB's."""
    with pytest.raises(ValidationException) as caught:
        parse_condition(text, "FilterExpression")

    assert caught.value.message.startswith(f"Invalid FilterExpression: {problem}")


@pytest.mark.parametrize("text", ["", "a,", "a b", ":a", "a.1", "name"])
def test_invalid_projection_is_refused(text: str) -> None:
    """A projection is a list of paths and nothing else."""
    with pytest.raises(ValidationException, match="Invalid ProjectionExpression: "):
        parse_projection(text)


def test_key_condition_names_itself() -> None:
    """It has a condition's grammar and its own parameter's name."""
    with pytest.raises(ValidationException, match="Invalid KeyConditionExpression: "):
        parse_key_condition("p")


@pytest.mark.parametrize(
    "text",
    [
        "a<b " + "or (a<b " * 149 + ")" * 149,
        "NOT (" * 299 + "a < b" + ")" * 299,
        "((a=:a) AND (b=:b))",
        "contains((a), (:b))",
    ],
)
def test_deep_and_parenthesised_conditions_are_valid(text: str) -> None:
    """300 operators nested in one another are DynamoDB's limit, and are parsed."""
    assert parse_condition(text).paths


def test_faults_come_in_dynamodbs_order() -> None:
    """Of several faults DynamoDB names one, whatever their order in the text."""
    with pytest.raises(ValidationException, match=RESERVED):
        parse_update("SET a = list_append(b), name = :v")
    with pytest.raises(ValidationException, match=PARENTHESES):
        parse_condition("name = :a AND ((b = :b))")
