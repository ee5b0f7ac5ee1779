"""Expressions applied to items: no storage, no clock, no text.

An item goes in with a parsed expression and the request's names and values; a
truth, a new item or a part of the item comes out. Nothing is ever changed in
place: a new item shares what did not change with the old one.

SET reads the item as it was before the update. Indexes of lists mean places in
the list before the update as well: elements are set first, then removed, and those
set beyond the end are appended in the order of their indexes.

Names and values must have been checked by `expressions.bind`; a placeholder that is
missing here is a fault of ours.
"""

from collections.abc import Callable, Mapping
from typing import Any

from footfall.embedded.attribute import (
    AttributeValue,
    Item,
    compare,
    sorted_set,
    type_of,
    validate,
)
from footfall.embedded.exceptions import ValidationException
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
    Test,
    Update,
    Value,
    ValueAction,
)
from footfall.embedded.number import add_numbers, subtract_numbers

Names = Mapping[str, str]
Values = Mapping[str, AttributeValue]
ResolvedPath = tuple[str | int, ...]

_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_MISSING = (
    "The provided expression refers to an attribute that does not exist in the item"
)
_INVALID_PATH = (
    "The document path provided in the update expression is invalid for update"
)


def resolve(path: Path, names: Names) -> ResolvedPath:
    """Return the path with its placeholders replaced by names."""
    elements = path.elements
    if len(elements) == 1:
        name = elements[0]
        assert isinstance(name, str), "a path begins with an attribute"
        return (names[name],) if name[0] == "#" else elements
    return tuple(
        names[element] if isinstance(element, str) and element[0] == "#" else element
        for element in elements
    )


# Conditions


def check(condition: Condition, item: Item, names: Names, values: Values) -> bool:
    """Say whether the item fulfils the condition; a missing item is {}."""
    return _test(condition.test, item, names, values)


def _test(node: Test, item: Item, names: Names, values: Values) -> bool:
    return _TESTS[type(node)](node, item, names, values)


def _and(node: And, item: Item, names: Names, values: Values) -> bool:
    for term in node.terms:
        if not _TESTS[type(term)](term, item, names, values):
            return False
    return True


def _or(node: Or, item: Item, names: Names, values: Values) -> bool:
    for term in node.terms:
        if _TESTS[type(term)](term, item, names, values):
            return True
    return False


def _not(node: Not, item: Item, names: Names, values: Values) -> bool:
    return not _TESTS[type(node.term)](node.term, item, names, values)


def _comparison(node: Comparison, item: Item, names: Names, values: Values) -> bool:
    left = _operand(node.left, item, names, values)
    right = _operand(node.right, item, names, values)
    operator = node.operator
    if left is None or right is None:
        # What does not exist differs from everything, itself included
        return operator == "<>"
    if operator == "=":
        return left == right
    if operator == "<>":
        return left != right
    order = compare(left, right)
    if order is None:
        return False
    if operator == "<":
        return order < 0
    if operator == "<=":
        return order <= 0
    if operator == ">":
        return order > 0
    return order >= 0


def _between(node: Between, item: Item, names: Names, values: Values) -> bool:
    operand = _operand(node.operand, item, names, values)
    lower = _operand(node.lower, item, names, values)
    upper = _operand(node.upper, item, names, values)
    if operand is None or lower is None or upper is None:
        return False
    above, below = compare(lower, operand), compare(operand, upper)
    return above is not None and below is not None and above <= 0 and below <= 0


def _in(node: In, item: Item, names: Names, values: Values) -> bool:
    operand = _operand(node.operand, item, names, values)
    if operand is None:
        return False
    return any(
        operand == _operand(candidate, item, names, values)
        for candidate in node.candidates
    )


def _function(node: Function, item: Item, names: Names, values: Values) -> bool:
    first = _operand(node.operands[0], item, names, values)
    if node.name == "attribute_not_exists":
        return first is None
    if node.name == "attribute_exists":
        return first is not None
    second = _operand(node.operands[1], item, names, values)
    if first is None or second is None:
        return False
    if node.name == "attribute_type":
        return bool(second["S"] in first)
    if node.name == "begins_with":
        return _begins_with(first, second)
    return _contains(first, second)


_TESTS: dict[type[Any], Callable[[Any, Item, Names, Values], bool]] = {
    And: _and,
    Or: _or,
    Not: _not,
    Comparison: _comparison,
    Between: _between,
    In: _in,
    Function: _function,
}


def _begins_with(whole: AttributeValue, prefix: AttributeValue) -> bool:
    for kind in ("S", "B"):
        if kind in whole and kind in prefix:
            return bool(whole[kind].startswith(prefix[kind]))
    return False


def _contains(whole: AttributeValue, part: AttributeValue) -> bool:
    kind = type_of(whole)
    if kind in ("S", "B"):
        return kind in part and part[kind] in whole[kind]
    if kind in ("SS", "NS", "BS"):
        return kind[0] in part and part[kind[0]] in whole[kind]
    return kind == "L" and part in whole["L"]


def _operand(
    node: Operand, item: Item, names: Names, values: Values
) -> AttributeValue | None:
    """Return an operand's value; None for what does not exist or has no size."""
    if isinstance(node, Path):
        return _at(node, item, names)
    if isinstance(node, Value):
        return values[node.name]
    measured = _operand(node.operands[0], item, names, values)  # only size() is here
    if measured is None:
        return None
    kind = type_of(measured)
    if kind in ("N", "BOOL", "NULL"):
        return None
    content = measured[kind]
    return {"N": str(len(content.encode() if kind == "S" else content))}


def _at(path: Path, item: Item, names: Names) -> AttributeValue | None:
    """Return what stands at the path, or None."""
    elements = path.elements
    name = elements[0]
    assert isinstance(name, str), "a path begins with an attribute"
    found = item.get(names[name] if name[0] == "#" else name)
    if len(elements) == 1:
        return found
    for element in elements[1:]:
        if found is None:
            return None
        if isinstance(element, int):
            members = found.get("L", ())
            found = members[element] if element < len(members) else None
        else:
            key = names[element] if element[0] == "#" else element
            found = found.get("M", {}).get(key)
    return found


# Updates


def apply_update(
    update: Update, item: Item, names: Names, values: Values
) -> tuple[Item, tuple[ResolvedPath, ...]]:
    """Return the item after the update, and the paths that the update named.

    Args:
        update: What to do.
        item: The item as it is; of a new one, its key.
        names: The names of the request's placeholders.
        values: The values of the request's placeholders, canonical.

    Raises:
        ValidationException: The update cannot be done to this item.
    """
    if update.adds and not (update.sets or update.removes or update.deletes):
        added = _numbers_added(update, item, names, values)
        if added is not None:
            return added
    edit = _Edit(item)
    for action in update.sets:
        try:
            value = _sum(action.operand, item, names, values)
        except ValidationException:
            for path in update.paths:
                edit.require_place(path, names)  # which DynamoDB looks at first
            raise
        edit.put(action.path, names, value)
    for addition in update.adds:
        edit.put(addition.path, names, _added(addition, item, names, values))
    for deletion in update.deletes:
        rest = _without(deletion, item, names, values)
        if rest is None:
            edit.remove(deletion.path, names)
        else:
            edit.put(deletion.path, names, rest)
    for path in update.removes:
        edit.remove(path, names)
    return edit.finish(), tuple([resolve(path, names) for path in update.paths])


def _numbers_added(
    update: Update, item: Item, names: Names, values: Values
) -> tuple[Item, tuple[ResolvedPath, ...]] | None:
    """As `apply_update`, of an ADD of numbers to attributes; None where it is more."""
    new = dict(item)
    paths: list[ResolvedPath] = []
    for addition in update.adds:
        if len(addition.path.elements) > 1:
            return None
        name = addition.path.elements[0]
        assert isinstance(name, str), "a path begins with an attribute"
        if name[0] == "#":
            name = names[name]
        value, found = values[addition.value.name], item.get(name)
        if "N" not in value or (found is not None and "N" not in found):
            return None
        new[name] = (
            value if found is None else {"N": add_numbers(found["N"], value["N"])}
        )
        paths.append((name,))
    return new, tuple(paths)


def _sum(
    node: Operand | Arithmetic, item: Item, names: Names, values: Values
) -> AttributeValue:
    if not isinstance(node, Arithmetic):
        return _assigned(node, item, names, values)
    left = _assigned(node.left, item, names, values).get("N")
    right = _assigned(node.right, item, names, values).get("N")
    if left is None or right is None:
        raise ValidationException(_WRONG_TYPE)
    operation = add_numbers if node.operator == "+" else subtract_numbers
    return {"N": operation(left, right)}


def _assigned(
    node: Operand, item: Item, names: Names, values: Values
) -> AttributeValue:
    """Return the value that SET's operand has in the item before the update."""
    if isinstance(node, Value):
        return values[node.name]
    if isinstance(node, Path):
        found = _at(node, item, names)
        if found is None:
            raise ValidationException(_MISSING)
        return found
    if node.name == "if_not_exists":
        path, default = node.operands
        assert isinstance(path, Path), "the parser insists on a path"
        found = _at(path, item, names)
        return _assigned(default, item, names, values) if found is None else found
    first, second = (
        _assigned(operand, item, names, values).get("L") for operand in node.operands
    )
    if first is None or second is None:
        raise ValidationException(_WRONG_TYPE)
    return {"L": first + second}


def _added(
    action: ValueAction, item: Item, names: Names, values: Values
) -> AttributeValue:
    """Return ADD's result: a sum of numbers, or a union of sets of one type."""
    value = values[action.value.name]
    found = _at(action.path, item, names)
    if found is None:
        return value
    kind = type_of(value)
    if kind not in found:
        raise ValidationException(_WRONG_TYPE)
    if kind == "N":
        return {"N": add_numbers(found["N"], value["N"])}
    return {kind: sorted_set(kind, {*found[kind], *value[kind]})}


def _without(
    action: ValueAction, item: Item, names: Names, values: Values
) -> AttributeValue | None:
    """Return DELETE's result: a set without some members, or None if none are left."""
    value = values[action.value.name]
    found = _at(action.path, item, names)
    if found is None:
        return None
    kind = type_of(value)
    if kind not in found:
        raise ValidationException(_WRONG_TYPE)
    gone = set(value[kind])
    rest = [member for member in found[kind] if member not in gone]
    return {kind: rest} if rest else None


class _Edit:
    """A new item in the making: copies what it changes, and only that."""

    def __init__(self, item: Item) -> None:
        self._item = dict(item)
        self._copies: dict[int, AttributeValue] = {}  # by id, kept alive here
        self._removed: list[tuple[list[AttributeValue], int]] = []
        self._appended: list[tuple[int, list[AttributeValue], AttributeValue]] = []

    def put(self, path: Path, names: Names, value: AttributeValue) -> None:
        """Set what stands at the path, which must have a place to be."""
        elements = path.elements
        if len(elements) == 1:
            name = elements[0]
            assert isinstance(name, str), "a path begins with an attribute"
            self._item[names[name] if name[0] == "#" else name] = value
            return
        validate(value, len(elements) + 1)  # the path may take it too deep
        parent, last = self._parent(path, names)
        if isinstance(last, str):
            parent[last] = value
        elif last < len(parent):
            parent[last] = value
        else:
            self._appended.append((last, parent, value))

    def require_place(self, path: Path, names: Names) -> None:
        """Refuse a path that has no place to be."""
        if len(path.elements) > 1:
            self._parent(path, names)

    def remove(self, path: Path, names: Names) -> None:
        """Remove what stands at the path, if its place exists."""
        parent, last = self._parent(path, names)
        if isinstance(last, str):
            parent.pop(last, None)
        elif last < len(parent):
            self._removed.append((parent, last))

    def finish(self) -> Item:
        """Return the item, the lists' elements moved to their last places."""
        if self._removed:
            for members, index in sorted(self._removed, key=lambda at: -at[1]):
                del members[index]
        if self._appended:
            for _, members, value in sorted(self._appended, key=lambda at: at[0]):
                members.append(value)
        return self._item

    def _parent(self, path: Path, names: Names) -> tuple[Any, str | int]:
        """Return the map or list that holds the path's end, ours to change."""
        *steps, last = resolve(path, names)
        parent: Any = self._item
        for at, step in enumerate(steps):
            following = steps[at + 1] if at + 1 < len(steps) else last
            kind = "L" if isinstance(following, int) else "M"
            if isinstance(step, int):
                child = parent[step] if step < len(parent) else None
            else:
                child = parent.get(step)
            if child is None or kind not in child:
                raise ValidationException(_INVALID_PATH)
            if id(child) not in self._copies:
                content = child[kind]
                child = {kind: content.copy()}
                self._copies[id(child)] = child
                parent[step] = child
            parent = child[kind]
        return parent, last


# Projections


def project(projection: Projection, item: Item, names: Names) -> Item:
    """Return the part of the item that the projection names."""
    return _extract(item, [resolve(path, names) for path in projection.paths])


def updated_values(item: Item, paths: tuple[ResolvedPath, ...]) -> Item:
    """Return what UPDATED_OLD takes of the old item, or UPDATED_NEW of the new."""
    return _extract(item, paths)


def _extract(item: Item, paths: list[ResolvedPath] | tuple[ResolvedPath, ...]) -> Item:
    """Return the item cut down to the paths; elements of lists close up."""
    if all(len(path) == 1 for path in paths):
        return {
            name: item[name]
            for (name,) in paths
            if isinstance(name, str) and name in item
        }
    parts: Item = _part({"M": item}, paths).get("M", {})
    return parts


def _part(
    value: AttributeValue, paths: list[ResolvedPath] | tuple[ResolvedPath, ...]
) -> AttributeValue:
    """Return the value with only what lies at the paths below it, or {}."""
    kind = type_of(value)
    below: dict[str | int, list[ResolvedPath]] = {}
    for path in paths:
        if not path:
            return value
        below.setdefault(path[0], []).append(path[1:])
    parts: dict[Any, AttributeValue] = {}
    for step in sorted(below) if kind == "L" else below:
        child = _child(value, step)
        part = _part(child, below[step]) if child is not None else {}
        if part:
            parts[step] = part
    if not parts:
        return {}
    return {"M": parts} if kind == "M" else {"L": list(parts.values())}


def _child(value: AttributeValue, step: str | int) -> AttributeValue | None:
    if isinstance(step, int):
        members = value.get("L", ())
        return members[step] if step < len(members) else None
    found: AttributeValue | None = value.get("M", {}).get(step)
    return found
