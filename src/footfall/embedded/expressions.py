"""One request's expressions: parsed, and checked against its names and values.

`bind` does everything about expressions that DynamoDB does before it looks at a
table, in DynamoDB's order: the placeholders' own form, the values, then each
expression's form and meaning, and at last what was given but not used.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from footfall.embedded.attribute import (
    NAME_BYTES_MAX,
    AttributeValue,
    compare,
    is_plain,
    require_name,
    type_of,
    validate,
)
from footfall.embedded.evaluate import Names, ResolvedPath, Values, resolve
from footfall.embedded.exceptions import SerializationException, ValidationException
from footfall.embedded.nodes import (
    Check,
    Condition,
    Function,
    Operand,
    Path,
    Projection,
    Update,
    Value,
)
from footfall.embedded.parser import (
    Expression,
    parse_condition,
    parse_key_condition,
    parse_projection,
    parse_update,
)

_NAMES, _VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"
_NAME_KEY = re.compile(r"#[A-Za-z0-9_]+")
_VALUE_KEY = re.compile(r":[A-Za-z0-9_]+")
_NO_NAMES: Names = {}
_NO_VALUES: Values = {}

_TYPES = ("B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M")
_SCALARS = frozenset(("S", "N", "B"))
_SETS = frozenset(("SS", "NS", "BS"))
# The types that an operand may have if it is known before the item is read
_ALLOWED: dict[str, frozenset[str]] = {
    "+": frozenset(("N",)),
    "-": frozenset(("N",)),
    "list_append": frozenset(("L",)),
    "<": _SCALARS,
    "<=": _SCALARS,
    ">": _SCALARS,
    ">=": _SCALARS,
    "BETWEEN": _SCALARS,
    "begins_with": frozenset(("S", "B")),
    "size": frozenset(_TYPES) - {"N", "BOOL", "NULL"},
    "ADD": _SETS | {"N"},
    "DELETE": _SETS,
}
LONG_TYPE_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "NULL": "NULL",
    "BOOL": "BOOLEAN",
    "L": "LIST",
    "M": "MAP",
}
_DISTINCT = frozenset(
    (
        *("=", "<>", "<", "<=", ">", ">=", "BETWEEN", "IN"),
        *("begins_with", "contains", "attribute_type"),
    )
)


class Bound(NamedTuple):
    """A request's expressions with what their placeholders stand for."""

    names: Names
    values: Values
    update: Update | None = None
    condition: Condition | None = None
    filter: Condition | None = None
    key_condition: Condition | None = None
    projection: Projection | None = None
    deep: tuple[Path, ...] = ()  # all paths that lead into an attribute


def bind(request: Mapping[str, Any], parameters: tuple[str, ...]) -> Bound:
    """Return the request's expressions, checked.

    Args:
        request: The parameters of a request, or of one action of a transaction.
        parameters: The expressions that the operation takes, in DynamoDB's order.

    Raises:
        ValidationException: DynamoDB's words for the first thing that is wrong.
        SerializationException: A parameter is not of the type it should be.
    """
    if len(parameters) == 1 and _NAMES not in request and _VALUES not in request:
        text = request.get(parameters[0])
        if text is None:
            return _UNBOUND
        if type(text) is str:
            return _bind_alone(parameters[0], text)
    elif parameters[0] == "UpdateExpression":
        plain = _bind_plain_update(request)
        if plain is not None:
            return plain
    return _bind_all(request, parameters)


def _bind_plain_update(request: Mapping[str, Any]) -> Bound | None:
    """An update of numbers and texts named by placeholders alone, as counters' are.

    Whether such an expression is right depends on the placeholders and on the values'
    types, which are the same again and again, and on the names being different.
    None where it is another, or anything is wrong with it.
    """
    text, names = request.get("UpdateExpression"), request.get(_NAMES)
    values = request.get(_VALUES)
    if type(text) is not str or type(names) is not dict or type(values) is not dict:
        return None
    if not names or request.get("ConditionExpression") is not None:
        return None
    for name in names.values():
        if type(name) is not str or not name.isascii():
            return None
        if not 0 < len(name) <= NAME_BYTES_MAX:
            return None
    if len(set(names.values())) < len(names) or not is_plain(values, set()):
        return None
    kinds = tuple([kind for value in values.values() for kind in value])
    update = _plain_update(text, tuple(names), tuple(values), kinds)
    return None if update is None else Bound(names, values, update=update)


@lru_cache(maxsize=1024)
def _plain_update(
    text: str, names: tuple[str, ...], values: tuple[str, ...], kinds: tuple[str, ...]
) -> Update | None:
    """The expression, if it is right with any different names and any plain values."""
    request = {
        "UpdateExpression": text,
        _NAMES: {name: f"name {number}" for number, name in enumerate(names)},
        _VALUES: {
            value: {kind: "1"} for value, kind in zip(values, kinds, strict=True)
        },
    }
    try:
        update = _bind_all(request, ("UpdateExpression",)).update
    except ValidationException:
        return None
    assert update is not None, "it was given"
    is_flat = all(
        len(path.elements) == 1 and str(path.elements[0]).startswith("#")
        for path in update.paths
    )
    return update if is_flat else None


def _bind_all(request: Mapping[str, Any], parameters: tuple[str, ...]) -> Bound:
    given: list[tuple[str, Any]] = []
    for parameter in parameters:
        text = request.get(parameter)
        if text is not None:
            given.append((parameter, text))
    names = request.get(_NAMES)
    values = request.get(_VALUES)
    if names is not None:
        names = _checked_names(names, given)
    if values is not None:
        values = _checked_values(values, given, parameters)
    if not given:
        return _UNBOUND
    names, values = names or _NO_NAMES, values or _NO_VALUES
    bound: dict[str, Any] = {}
    deep: tuple[Path, ...] = ()
    for parameter, text in given:
        if not isinstance(text, str):
            raise SerializationException("Unexpected field type")
        field, parse = _PARSERS[parameter]
        bound[field] = expression = parse(text)
        _check(expression, parameter, names, values)
        if expression.deep:
            deep += expression.deep
    _require_used(bound.values(), names, values)
    return Bound(names, values, **bound, deep=deep)


@lru_cache(maxsize=1024)
def _bind_alone(parameter: str, text: str) -> Bound:
    """One expression without placeholders, as a receipt's condition is."""
    field, parse = _PARSERS[parameter]
    expression = parse(text)
    _check(expression, parameter, _NO_NAMES, _NO_VALUES)
    bound: dict[str, Any] = {field: expression}
    return Bound(_NO_NAMES, _NO_VALUES, **bound, deep=expression.deep)


_UNBOUND = Bound(_NO_NAMES, _NO_VALUES)


def _filter(text: str) -> Condition:
    return parse_condition(text, "FilterExpression")


# Each parameter's field of `Bound`, and its parser
_PARSERS: dict[str, tuple[str, Callable[[str], Expression]]] = {
    "UpdateExpression": ("update", parse_update),
    "ConditionExpression": ("condition", parse_condition),
    "FilterExpression": ("filter", _filter),
    "KeyConditionExpression": ("key_condition", parse_key_condition),
    "ProjectionExpression": ("projection", parse_projection),
}


def _checked_names(names: object, given: list[tuple[str, Any]]) -> Names:
    if not isinstance(names, dict):
        raise SerializationException("Unexpected field type")
    if not given:
        raise ValidationException(
            f"{_NAMES} can only be specified when using expressions"
        )
    if not names:
        raise ValidationException(f"{_NAMES} must not be empty")
    for key, name in names.items():
        if not _NAME_KEY.fullmatch(key):
            raise ValidationException(
                f'{_NAMES} contains invalid key: Syntax error; key: "{key}"'
            )
        try:
            require_name(name)
        except ValidationException as error:
            raise ValidationException(
                f"{_NAMES} contains invalid value: {error.message} for key {key}"
            ) from None
    return names


def _checked_values(
    values: object, given: list[tuple[str, Any]], parameters: tuple[str, ...]
) -> Values:
    if not isinstance(values, dict):
        raise SerializationException("Unexpected field type")
    if not given or given[0][0] == "ProjectionExpression":  # which comes last
        takers = [name for name in parameters if name != "ProjectionExpression"]
        raise ValidationException(
            f"{_VALUES} can only be specified when using expressions:"
            f" {' and '.join(takers)} {'are' if len(takers) > 1 else 'is'} null"
        )
    if not values:
        raise ValidationException(f"{_VALUES} must not be empty")
    valid: dict[str, AttributeValue] = {}
    for key, value in values.items():
        if not _VALUE_KEY.fullmatch(key):
            raise ValidationException(
                f'{_VALUES} contains invalid key: Syntax error; key: "{key}"'
            )
        try:
            valid[key] = validate(value)
        except ValidationException as error:
            raise ValidationException(
                f"{_VALUES} contains invalid value: {error.message} for key {key}"
            ) from None
    return valid


def _check(
    expression: Expression, parameter: str, names: Names, values: Values
) -> None:
    _require_defined(expression, parameter, names, values)
    if isinstance(expression, Update | Projection) and len(expression.paths) > 1:
        _require_distinct_paths(expression.paths, parameter, names)
    if not isinstance(expression, Projection):
        for check in expression.checks:
            problem = _problem(check, names, values)
            if problem:
                raise ValidationException(f"Invalid {parameter}: {problem}")


def _require_defined(
    expression: Expression, parameter: str, names: Names, values: Values
) -> None:
    for name in expression.names:
        if name not in names:
            raise ValidationException(
                f"Invalid {parameter}: An expression attribute name used in the"
                f" document path is not defined; attribute name: {name}"
            )
    for value in expression.values:
        if value not in values:
            raise ValidationException(
                f"Invalid {parameter}: An expression attribute value used in"
                f" expression is not defined; attribute value: {value}"
            )


def _require_used(
    expressions: Iterable[Expression], names: Names, values: Values
) -> None:
    used: set[str] = set()  # all of them are given
    for expression in expressions:
        used.update(expression.names)
        used.update(expression.values)
    if len(used) == len(names) + len(values):
        return
    parameter, unused = _NAMES, [name for name in names if name not in used]
    if not unused:
        parameter, unused = _VALUES, [name for name in values if name not in used]
    raise ValidationException(
        f"Value provided in {parameter} unused in expressions: keys:"
        f" {{{', '.join(unused)}}}"
    )


def _require_distinct_paths(
    paths: tuple[Path, ...], parameter: str, names: Names
) -> None:
    """Refuse two paths of which one lies within the other, or denies it."""
    earlier: dict[str | int, list[ResolvedPath]] = {}
    for path in paths:
        resolved = resolve(path, names)
        rivals = earlier.setdefault(resolved[0], [])
        for rival in rivals:
            relation = _relation(rival, resolved)
            if relation:
                raise ValidationException(
                    f"Invalid {parameter}: Two document paths {relation} with each"
                    " other; must remove or rewrite one of these paths; path one:"
                    f" {_shown(rival)}, path two: {_shown(resolved)}"
                )
        rivals.append(resolved)


def _relation(one: ResolvedPath, two: ResolvedPath) -> str:
    for left, right in zip(one, two, strict=False):
        if isinstance(left, int) != isinstance(right, int):
            return "conflict"
        if left != right:
            return ""
    return "overlap"


def _shown(path: ResolvedPath) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else step for step in path)
    return f"[{', '.join(steps)}]"


def _problem(check: Check, names: Names, values: Values) -> str:
    """Return what is wrong with an operator's operands, or nothing."""
    operator, operands = check.operator, check.operands
    allowed = _ALLOWED.get(operator)
    if allowed is not None:
        for operand in operands:
            kind = _known_type(operand, values)
            if kind is not None and kind not in allowed:
                return _wrong_type(operator, kind)
    if operator in _DISTINCT:
        left, *rest = operands
        if isinstance(left, Path):
            first = resolve(left, names)
            if any(
                isinstance(each, Path) and resolve(each, names) == first
                for each in rest
            ):
                return (
                    "The first operand must be distinct from the remaining operands"
                    f" for this operator or function; operator: {operator}, first"
                    f" operand: {_shown(first)}"
                )
    if operator == "attribute_type":
        return _type_name_problem(operands[1], values)
    if operator == "BETWEEN":
        return _bounds_problem(operands[1], operands[2], values)
    return ""


def _known_type(operand: Operand, values: Values) -> str | None:
    """Return the type that an operand has whatever the item is, or None."""
    if isinstance(operand, Value):
        return type_of(values[operand.name])
    if isinstance(operand, Function):
        return {"size": "N", "list_append": "L"}.get(operand.name)
    return None


def _wrong_type(operator: str, kind: str) -> str:
    problem = "Incorrect operand type for operator or function; "
    if operator in ("ADD", "DELETE"):
        return (
            f"{problem}operator: {operator}, operand type:"
            f" {LONG_TYPE_NAMES[kind]}, typeSet: ALLOWED_FOR_{operator}_OPERAND"
        )
    return f"{problem}operator or function: {operator}, operand type: {kind}"


def _type_name_problem(operand: Operand, values: Values) -> str:
    kind = _known_type(operand, values)
    if kind != "S" or not isinstance(operand, Value):
        return _wrong_type("attribute_type", kind or "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
    name = values[operand.name]["S"]
    if name in _TYPES:
        return ""
    return (
        f"Invalid attribute type name found; type: {name}, valid types:"
        f" {{{','.join(_TYPES)}}}"
    )


def _bounds_problem(lower: Operand, upper: Operand, values: Values) -> str:
    if not isinstance(lower, Value) or not isinstance(upper, Value):
        return ""
    low, high = values[lower.name], values[upper.name]
    order = compare(low, high)
    if order is None:
        problem = "same data type for lower and upper bounds"
    elif order > 0:
        problem = "upper bound to be greater than or equal to lower bound"
    else:
        return ""
    return (
        f"The BETWEEN operator requires {problem}; lower bound operand:"
        f" AttributeValue: {_value_shown(low)}, upper bound operand:"
        f" AttributeValue: {_value_shown(high)}"
    )


def _value_shown(value: AttributeValue) -> str:
    kind = type_of(value)
    return f"{{{kind}:{value[kind]}}}"
