"""What expressions may do with a table's key.

A key condition picks one partition and perhaps a range of its sort keys; an update
must not change the key, and a query's filter must not look at it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from footfall.embedded.attribute import AttributeValue, compare, type_of
from footfall.embedded.evaluate import Names, Values
from footfall.embedded.exceptions import ValidationException
from footfall.embedded.expressions import Bound
from footfall.embedded.nodes import (
    And,
    Between,
    Comparison,
    Condition,
    Function,
    In,
    Not,
    Operand,
    Or,
    Path,
    Test,
    Update,
    Value,
)
from footfall.embedded.schema import Table

KeySchema = Sequence[tuple[str, str]]  # name and type: the partition key, the sort key

_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_INVALID = "One or more parameter values were invalid: "


@dataclass(frozen=True, slots=True)
class KeyRange:
    """A partition, and the range of sort keys that a query wants of it."""

    hash: AttributeValue
    low: AttributeValue | None = None
    low_inclusive: bool = True
    high: AttributeValue | None = None
    high_inclusive: bool = True
    prefix: AttributeValue | None = None  # then there is neither low nor high

    def contains(self, value: AttributeValue) -> bool:
        """Say whether a sort key, of the key's type, is in the range."""
        if self.prefix is not None:
            kind = type_of(self.prefix)
            return bool(value[kind].startswith(self.prefix[kind]))
        return _above(value, self.low, self.low_inclusive) and _above(
            self.high, value, self.high_inclusive
        )


def _above(
    upper: AttributeValue | None, lower: AttributeValue | None, inclusive: bool
) -> bool:
    if upper is None or lower is None:
        return True
    order = compare(upper, lower)
    return order is not None and (order > 0 or (inclusive and order == 0))


@dataclass(frozen=True, slots=True)
class _KeyTest:
    operator: str
    operands: tuple[Value, ...]


def key_condition(
    condition: Condition, names: Names, values: Values, key_schema: KeySchema
) -> KeyRange:
    """Return the partition and range that a KeyConditionExpression asks for.

    Raises:
        ValidationException: Not a condition that one query can answer.
    """
    tests: dict[str, _KeyTest] = {}
    _collect(condition.test, names, tests)
    if len(tests) > 2:
        raise ValidationException("Conditions can be of length 1 or 2 only")
    hash_name = key_schema[0][0]
    if len(key_schema) == 1 and len(tests) > 1:
        raise ValidationException("Query key condition not supported")
    for name, _ in key_schema:
        if name not in tests and (name == hash_name or len(tests) > 1):
            raise ValidationException(
                f"Query condition missed key schema element: {name}"
            )
    for name, kind in key_schema:
        if name in tests:
            _require_type(name, kind, tests[name], values)
    by_hash = tests[hash_name]
    if by_hash.operator != "=":
        raise ValidationException("Query key condition not supported")
    partition = values[by_hash.operands[0].name]
    if len(tests) == 1:
        return KeyRange(partition)
    return _range(partition, tests[key_schema[1][0]], values)


def _range(partition: AttributeValue, test: _KeyTest, values: Values) -> KeyRange:
    first = values[test.operands[0].name]
    if test.operator == "=":
        return KeyRange(partition, low=first, high=first)
    if test.operator in ("<", "<="):
        return KeyRange(partition, high=first, high_inclusive=test.operator == "<=")
    if test.operator in (">", ">="):
        return KeyRange(partition, low=first, low_inclusive=test.operator == ">=")
    if test.operator == "BETWEEN":
        return KeyRange(partition, low=first, high=values[test.operands[1].name])
    return KeyRange(partition, prefix=first)


def _require_type(name: str, kind: str, test: _KeyTest, values: Values) -> None:
    for operand in test.operands:
        value = values[operand.name]
        if kind not in value:
            raise ValidationException(
                _INVALID + "Condition parameter type does not match schema type"
            )
        if kind in ("S", "B") and not value[kind] and test.operator != "begins_with":
            what = "string" if kind == "S" else "binary"
            raise ValidationException(
                "One or more parameter values are not valid. The AttributeValue for"
                f" a key attribute cannot contain an empty {what} value. Key: {name}"
            )


def _collect(node: Test, names: Names, tests: dict[str, _KeyTest]) -> None:
    """Note each test of a key attribute, and refuse what is not one."""
    if isinstance(node, And):
        for term in node.terms:
            _collect(term, names, tests)
        return
    if isinstance(node, Or | Not | In):
        raise _invalid_operator(type(node).__name__.upper())
    operands: tuple[Operand, ...]
    if isinstance(node, Comparison):
        operator, operands = node.operator, (node.left, node.right)
        if operator == "<>":
            raise _invalid_operator(operator)
        if isinstance(node.right, Path) and not isinstance(node.left, Path):
            operator, operands = _MIRRORED[operator], (node.right, node.left)
    elif isinstance(node, Between):
        operator, operands = "BETWEEN", (node.operand, node.lower, node.upper)
    else:
        operator, operands = node.name, node.operands
        if operator != "begins_with":
            raise _invalid_operator(operator)
    name, key_test = _key_test(operator, operands, names)
    if name in tests:
        raise ValidationException(
            "KeyConditionExpressions must only contain one condition per key"
        )
    tests[name] = key_test


def _key_test(
    operator: str, operands: tuple[Operand, ...], names: Names
) -> tuple[str, _KeyTest]:
    paths = [operand for operand in operands if isinstance(operand, Path)]
    if any(isinstance(operand, Function) for operand in operands):
        raise ValidationException(
            "KeyConditionExpressions cannot contain nested operations"
        )
    key, *rest = operands
    if operator in ("BETWEEN", "begins_with") and not isinstance(key, Path):
        raise _invalid_condition(
            f"{operator} operator must have the key attribute as its first operand"
        )
    if len(paths) > 1:
        raise _invalid_condition("Multiple attribute names used in one condition")
    if not isinstance(key, Path):
        raise _invalid_condition("No key attribute specified")
    if len(key.elements) > 1:
        raise ValidationException(
            "KeyConditionExpressions cannot have conditions on nested attributes"
        )
    limits = tuple(operand for operand in rest if isinstance(operand, Value))
    return head(key, names), _KeyTest(operator, limits)


def check_update_keys(update: Update, names: Names, key_names: Collection[str]) -> None:
    """Refuse an update that names an attribute of the key.

    Raises:
        ValidationException: The update would change the key.
    """
    for path in update.paths:
        name = head(path, names)
        if name in key_names:
            _require_scalar(path, name)
            raise ValidationException(
                f"{_INVALID}Cannot update attribute {name}. This attribute is part of"
                " the key"
            )


def check_filter_keys(
    condition: Condition, names: Names, key_names: Collection[str]
) -> None:
    """Refuse a query's filter that looks at the key.

    Raises:
        ValidationException: The filter names an attribute of the key.
    """
    is_legacy = condition.parameter == "QueryFilter"
    what = condition.parameter if is_legacy else "Filter Expression"
    for path in condition.paths:
        name = head(path, names)
        if name in key_names:
            _require_scalar(path, name)
            raise ValidationException(
                f"{what} can only contain non-primary key attributes: Primary key"
                f" attribute: {name}"
            )


def check_scalar_keys(bound: Bound, table: Table) -> None:
    """Refuse a path into an attribute that is a key, of the table or of an index.

    Raises:
        ValidationException: A key has no parts.
    """
    for path in bound.deep:
        name = head(path, bound.names)
        if name in table.key_names:
            _require_scalar(path, name)
        for index in table.indexes:
            if name in index.key_names:
                _require_scalar(path, name, "IndexKey")


def _require_scalar(path: Path, name: str, what: str = "Key") -> None:
    if len(path.elements) > 1:
        raise ValidationException(
            "Key attributes must be scalars; list random access '[]' and map lookup"
            f" '.' are not allowed: {what}: {name}"
        )


def head(path: Path, names: Names) -> str:
    """The attribute that a path begins with."""
    name = path.elements[0]
    assert isinstance(name, str), "a path begins with an attribute"
    return names[name] if name[0] == "#" else name


def _invalid_operator(operator: str) -> ValidationException:
    return ValidationException(
        f"Invalid operator used in KeyConditionExpression: {operator}"
    )


def _invalid_condition(problem: str) -> ValidationException:
    return ValidationException(
        f"Invalid condition in KeyConditionExpression: {problem}"
    )
