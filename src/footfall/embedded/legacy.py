"""The parameters from before expressions, made into expressions at the border.

    Expected, ConditionalOperator          ConditionExpression
    AttributeUpdates                       UpdateExpression
    KeyConditions                          KeyConditionExpression
    QueryFilter, ScanFilter                FilterExpression
    AttributesToGet                        ProjectionExpression

Each becomes the tree that its expression would have been parsed to, so there is one
evaluator; the limits of an expression's text do not apply, as there is none. What only
these parameters refuse is refused here, in DynamoDB's words.

Source: Amazon DynamoDB Developer Guide, "Legacy conditional parameters".
"""

from collections.abc import Callable, Mapping
from typing import Any

from footfall.embedded import expressions
from footfall.embedded.attribute import (
    AttributeValue,
    compare,
    require_name,
    type_of,
    validate,
)
from footfall.embedded.exceptions import SerializationException, ValidationException
from footfall.embedded.expressions import LONG_TYPE_NAMES, Bound
from footfall.embedded.nodes import (
    And,
    Between,
    Comparison,
    Condition,
    Function,
    In,
    Not,
    Or,
    Path,
    Projection,
    SetAction,
    Test,
    Update,
    Value,
    ValueAction,
)
from footfall.embedded.validation import Form, Parameter, check_form

Request = Mapping[str, Any]

_INVALID = "One or more parameter values were invalid: "
_COMPARATORS = {"EQ": "=", "NE": "<>", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">"}
_OPERATORS = (
    *_COMPARATORS,
    "NOT_NULL",
    "NULL",
    "CONTAINS",
    "NOT_CONTAINS",
    "BEGINS_WITH",
    "IN",
    "BETWEEN",
)
_SCALARS = frozenset(("S", "N", "B"))
_TYPES = {
    "BEGINS_WITH": frozenset(("S", "B")),
    **dict.fromkeys(("LE", "LT", "GE", "GT", "IN", "BETWEEN"), _SCALARS),
    **dict.fromkeys(("CONTAINS", "NOT_CONTAINS"), _SCALARS),
}
_SETS = frozenset(("SS", "NS", "BS"))
_OPERATOR = Parameter(str, choices=_OPERATORS)
_CONDITION = Form(
    {
        "ComparisonOperator": Parameter(str, required=True, choices=_OPERATORS),
        "AttributeValueList": Parameter(list),
    }
)
_EXPECTED = Form(
    {
        "ComparisonOperator": _OPERATOR,
        "AttributeValueList": Parameter(list),
        "Value": Parameter(dict),
        "Exists": Parameter(bool),
    }
)
_UPDATE = Form(
    {
        "Value": Parameter(dict),
        "Action": Parameter(str, choices=("ADD", "PUT", "DELETE")),
    }
)
_WRONG_TYPE = "An operand in the update expression has an incorrect data type"

_EXPRESSIONS = (
    "ConditionExpression",
    "UpdateExpression",
    "KeyConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
)
# Each parameter, and the expression that it stands for
_STANDS_FOR = {
    "Expected": "ConditionExpression",
    "AttributeUpdates": "UpdateExpression",
    "KeyConditions": "KeyConditionExpression",
    "QueryFilter": "FilterExpression",
    "ScanFilter": "FilterExpression",
    "AttributesToGet": "ProjectionExpression",
    "ConditionalOperator": "",
}
_LEGACY = frozenset(_STANDS_FOR)


def bind(request: Request, parameters: tuple[str, ...]) -> Bound:
    """Return the request's expressions, checked, or what stands for them.

    Args:
        request: The parameters of a request, or of a part of one.
        parameters: The expressions that the operation takes, in DynamoDB's order.

    Raises:
        ValidationException: DynamoDB's words for the first thing that is wrong.
        SerializationException: A parameter is not of the type it should be.
    """
    if _LEGACY.isdisjoint(request):
        return expressions.bind(request, parameters)
    given = [name for name in request if name in _LEGACY and request[name] is not None]
    if not given:
        return expressions.bind(request, parameters)
    modern = [name for name in _EXPRESSIONS if request.get(name) is not None]
    # KeyConditions alone goes with a filter or a projection that is an expression
    alone = given == ["KeyConditions"] and "KeyConditionExpression" not in modern
    if modern and not alone:
        raise ValidationException(
            "Can not use both expression and non-expression parameters in the same"
            f" request: Non-expression parameters: {{{', '.join(given)}}} Expression"
            f" parameters: {{{', '.join(modern)}}}"
        )
    bound = expressions.bind(request, parameters)
    translated = _Translation(request).bound()
    return translated._replace(
        names={**bound.names, **translated.names},
        values={**bound.values, **translated.values},
        filter=translated.filter or bound.filter,
        projection=translated.projection or bound.projection,
        deep=bound.deep,
    )


def reworded(request: Request, error: ValidationException) -> ValidationException:
    """Return an update's error as AttributeUpdates words it."""
    if request.get("AttributeUpdates") is not None and error.message == _WRONG_TYPE:
        return ValidationException("Type mismatch for attribute to update")
    return error


class _Translation:
    """One request's trees in the making, with the placeholders that they use."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._names: dict[str, str] = {}
        self._values: dict[str, AttributeValue] = {}

    def bound(self) -> Bound:
        """Translate everything that is given."""
        request = self._request
        made: dict[str, Any] = {}
        operator = request.get("ConditionalOperator")
        conditional = [
            name
            for name in ("Expected", "QueryFilter", "ScanFilter")
            if request.get(name) is not None
        ]
        if operator is not None and not any(request[name] for name in conditional):
            raise ValidationException(
                f"{_INVALID}ConditionalOperator cannot be used without Filter or Expected"
            )
        for name in conditional:
            field = "condition" if name == "Expected" else "filter"
            form = self._expected if name == "Expected" else self._condition
            if request[name]:
                made[field] = self._joined(name, form, operator)
        if request.get("KeyConditions") is not None:
            if not 1 <= len(request["KeyConditions"]) <= 2:
                raise ValidationException("Conditions can be of length 1 or 2 only")
            made["key_condition"] = self._joined("KeyConditions", self._key, "AND")
        if request.get("AttributeUpdates") is not None:
            made["update"] = self._update(request["AttributeUpdates"])
        if request.get("AttributesToGet") is not None:
            made["projection"] = self._projection(request["AttributesToGet"])
        return Bound(self._names, self._values, **made)

    def _path(self, name: str) -> Path:
        placeholder = f"#={name}"  # no request can have one like it
        self._names[placeholder] = name
        return Path((placeholder,))

    def _value(self, value: AttributeValue) -> Value:
        placeholder = f":={len(self._values)}"
        self._values[placeholder] = value
        return Value(placeholder)

    # Conditions

    def _joined(
        self,
        parameter: str,
        translate: Callable[[str, dict[str, Any], str], Test],
        operator: str | None,
    ) -> Condition:
        terms: list[Test] = []
        for name, condition in self._request[parameter].items():
            place = f"{parameter[0].lower()}{parameter[1:]}.{name}.member."
            if not isinstance(condition, dict):
                raise SerializationException("Unexpected field type")
            terms.append(translate(name, condition, place))
        test = terms[0]
        if len(terms) > 1:
            test = Or(tuple(terms)) if operator == "OR" else And(tuple(terms))
        paths = tuple(Path((placeholder,)) for placeholder in self._names)
        return Condition(test, parameter, paths)

    def _condition(self, name: str, condition: dict[str, Any], place: str) -> Test:
        check_form(condition, _CONDITION, place)
        operator = condition["ComparisonOperator"]
        return self._test(name, operator, condition.get("AttributeValueList") or [])

    def _key(self, name: str, condition: dict[str, Any], place: str) -> Test:
        test = self._condition(name, condition, place)
        operator = condition["ComparisonOperator"]
        if operator in ("NE", "IN", "CONTAINS", "NOT_CONTAINS", "NULL", "NOT_NULL"):
            raise ValidationException(
                "Attempted conditional constraint is not an indexable operation"
            )
        return test

    def _expected(self, name: str, expected: dict[str, Any], place: str) -> Test:
        check_form(expected, _EXPECTED, place)
        operator = expected.get("ComparisonOperator")
        values, value = expected.get("AttributeValueList"), expected.get("Value")
        exists = expected.get("Exists")
        if operator is not None:
            if value is not None and values is not None:
                raise _invalid(
                    "Value and AttributeValueList cannot be used together", name
                )
            if exists is not None:
                raise _invalid(
                    "Exists and ComparisonOperator cannot be used together", name
                )
            given = values if value is None else [value]
            return self._test(name, operator, given or [])
        if values is not None:
            raise _invalid(
                "AttributeValueList can only be used with a ComparisonOperator", name
            )
        if exists is False:
            if value is not None:
                raise _invalid("Value cannot be used when Exists is false", name)
            return Function("attribute_not_exists", (self._path(name),))
        if value is None:
            state = "null" if exists is None else "true"
            raise _invalid(f"Value must be provided when Exists is {state}", name)
        return self._test(name, "EQ", [value])

    def _test(self, name: str, operator: str, given: list[Any]) -> Test:
        values = [validate(value) for value in given]
        _check_arguments(name, operator, values)
        path = self._path(name)
        operands = [self._value(value) for value in values]
        if operator in _COMPARATORS:
            return Comparison(_COMPARATORS[operator], path, operands[0])
        match operator:
            case "NULL":
                return Function("attribute_not_exists", (path,))
            case "NOT_NULL":
                return Function("attribute_exists", (path,))
            case "BETWEEN":
                return Between(path, operands[0], operands[1])
            case "IN":
                return In(path, tuple(operands))
            case "BEGINS_WITH":
                return Function("begins_with", (path, operands[0]))
        contains = Function("contains", (path, operands[0]))
        if operator == "CONTAINS":
            return contains
        # What does not exist neither contains something nor does it not
        return And((Function("attribute_exists", (path,)), Not(contains)))

    # Updates and projections

    def _update(self, updates: dict[str, Any]) -> Update | None:
        actions: dict[str, list[Any]] = {
            "SET": [],
            "REMOVE": [],
            "ADD": [],
            "DELETE": [],
        }
        paths: list[Path] = []
        for name, update in updates.items():
            if not isinstance(update, dict):
                raise SerializationException("Unexpected field type")
            check_form(update, _UPDATE, f"attributeUpdates.{name}.member.")
            path = self._path(require_name(name))
            paths.append(path)
            section, action = self._action(path, update)
            actions[section].append(action)
        if not updates:
            return None
        return Update(
            tuple(actions["SET"]),
            tuple(actions["REMOVE"]),
            tuple(actions["ADD"]),
            tuple(actions["DELETE"]),
            tuple(paths),
        )

    def _action(
        self, path: Path, update: dict[str, Any]
    ) -> tuple[str, SetAction | ValueAction | Path]:
        """The section of an update that an attribute's action goes to, and what goes."""
        action = update.get("Action") or "PUT"
        if update.get("Value") is None:
            if action != "DELETE":
                raise ValidationException(
                    f"{_INVALID}Only DELETE action is allowed when no attribute value is"
                    " specified"
                )
            return "REMOVE", path
        value = validate(update["Value"])
        kind = type_of(value)
        if action == "PUT":
            return "SET", SetAction(path, self._value(value))
        if action == "DELETE":
            if kind in _SETS:
                return "DELETE", ValueAction(path, self._value(value))
            raise ValidationException(
                f"{_INVALID}DELETE action with value is not supported for the type"
                f" {LONG_TYPE_NAMES[kind]}"
            )
        if kind == "L":
            before = Function("if_not_exists", (path, self._value({"L": []})))
            whole = Function("list_append", (before, self._value(value)))
            return "SET", SetAction(path, whole)
        if kind == "N" or kind in _SETS:
            return "ADD", ValueAction(path, self._value(value))
        raise ValidationException(
            f"{_INVALID}ADD action is not supported for the type {LONG_TYPE_NAMES[kind]}"
        )

    def _projection(self, names: list[Any]) -> Projection:
        for name in names:
            if names.count(require_name(name)) > 1:
                raise ValidationException(
                    f"{_INVALID}Duplicate value in attribute name: {name}"
                )
        return Projection(tuple(self._path(name) for name in names))


def _check_arguments(name: str, operator: str, values: list[AttributeValue]) -> None:
    """Refuse arguments that an operator does not take, by number or by type."""
    expected = {"BETWEEN": 2, "NULL": 0, "NOT_NULL": 0}.get(operator, 1)
    if len(values) != expected and not (operator == "IN" and values):
        raise ValidationException(
            f"{_INVALID}Invalid number of argument(s) for the {operator}"
            " ComparisonOperator"
        )
    for value in values:
        kind = type_of(value)
        if kind not in _TYPES.get(operator, (kind,)):
            raise ValidationException(
                f"{_INVALID}ComparisonOperator {operator} is not valid for {kind}"
                " AttributeValue type"
            )
    if len({type_of(value) for value in values}) > 1:
        raise ValidationException(
            f"{_INVALID}AttributeValues inside AttributeValueList must all be of the same"
            " type"
            if operator == "IN"
            else f"{_INVALID}The BETWEEN condition was provided a range of two types;"
            f" both bounds must be of the same type for Attribute: {name}"
        )
    if operator == "BETWEEN" and (compare(*values) or 0) > 0:
        raise ValidationException(
            "The BETWEEN condition was provided a range where the lower bound is greater"
            " than the upper bound"
        )


def _invalid(problem: str, name: str) -> ValidationException:
    return ValidationException(f"{_INVALID}{problem} for Attribute: {name}")
