"""Attribute values: their types, numbers, sizes, equality and order.

A value is boto3's own low-level shape, {"S": "x"} or {"N": "1"}, and nothing else.
`validate` makes it canonical: a number in the one form of `number`, a binary as
`bytes`, a set sorted. Two canonical values are equal in DynamoDB's sense if and
only if they are equal in Python's. No function changes a value that it is given.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from footfall.embedded.exceptions import SerializationException, ValidationException
from footfall.embedded.number import (
    INT_LENGTH_MAX,
    WHOLE,
    canonical_number,
    number_key,
    number_size,
)

AttributeValue = dict[str, Any]
Item = dict[str, AttributeValue]

NESTING_MAX = 32  # levels of maps and lists; the item itself is the first
NAME_BYTES_MAX = 65_535  # of an attribute's name that is in no key

_INVALID = "One or more parameter values were invalid: "


def type_of(value: Mapping[str, Any]) -> str:
    """Return the type of a valid value: "S", "N", "B", "SS", "M", ..."""
    for name in value:
        return name
    raise AssertionError("a validated value has one type")


def validate_item(item: object, seen: set[object] | None = None) -> Item:
    """Return the item with every value canonical; the same object if it was so before.

    Args:
        item: What a caller gave.
        seen: What was found plain in items that are still there, and is now. A group's
            receipts share most of their values, and an object is looked at once.

    Raises:
        ValidationException, SerializationException: A value is not valid.
    """
    if not isinstance(item, dict):
        raise _unexpected(item)
    if is_plain(item, set() if seen is None else seen):
        return item
    return {require_name(name): validate(value) for name, value in item.items()}


def is_plain(item: Item, seen: set[object]) -> bool:
    """Say whether an item has only texts of ASCII and short whole numbers, as most do.

    Those are canonical as they are; `validate` looks at all others. Names and the
    identities of values that are plain come into `seen`.
    """
    for name, value in item.items():
        if name in seen and id(value) in seen:
            continue
        if type(value) is not dict or len(value) != 1:
            return False
        if type(name) is not str or not name.isascii():
            return False
        if not 0 < len(name) <= NAME_BYTES_MAX:
            return False
        text = value.get("S")
        if text is not None:
            if type(text) is not str or not text.isascii():
                return False
        else:
            digits = value.get("N")
            if type(digits) is not str or len(digits) > INT_LENGTH_MAX:
                return False
            if not (digits.isascii() and digits.isdigit()) or digits[0] == "0":
                return False
        seen.add(name)
        seen.add(id(value))
    return True


def validate(value: object, level: int = 2) -> AttributeValue:
    """Return the value in canonical form; the same object if it was so before.

    Args:
        value: What a caller gave.
        level: The nesting level; the item is 1, its attributes are 2.

    Raises:
        ValidationException: Not a value of DynamoDB; its words, without prefix.
        SerializationException: Not even of the JSON or Python type it should be.
    """
    if not isinstance(value, dict):
        raise _unexpected(value)
    if len(value) == 1:
        for kind, content in value.items():
            if kind == "S" and type(content) is str:
                require_text(content)
                return value
            if kind == "N" and type(content) is str:
                if len(content) <= INT_LENGTH_MAX and WHOLE.fullmatch(content):
                    return value
                return {"N": canonical_number(content)}
    return _validate_slowly(value, level)


def _validate_slowly(value: dict[str, Any], level: int) -> AttributeValue:
    """Validate what is not a string or a short whole number."""
    valid: AttributeValue = {}
    for kind, content in value.items():
        if content is None:
            continue  # a JSON null is as if it were not there
        rule = _RULES.get(kind)
        if rule is None:
            continue  # DynamoDB overlooks the fields that it does not know
        valid[kind] = rule(content, level)
    if not valid:
        raise ValidationException(
            "Supplied AttributeValue is empty, must contain exactly one of the"
            " supported datatypes"
        )
    if len(valid) > 1:
        raise ValidationException(
            "Supplied AttributeValue has more than one datatypes set, must contain"
            " exactly one of the supported datatypes"
        )
    return valid


def _string(content: object, _level: int) -> str:
    return require_text(content)


def require_text(content: object) -> str:
    """Return what must be a string, and must have a UTF-8 (no lone surrogates).

    Raises:
        SerializationException: It is something else.
    """
    if not isinstance(content, str):
        raise _unconvertible(content, "String")
    if not content.isascii():
        try:
            content.encode()
        except UnicodeEncodeError:
            raise SerializationException("The string is not valid Unicode") from None
    return content


def require_name(content: object) -> str:
    """Return what must be an attribute's name.

    Raises:
        SerializationException: It is no string.
        ValidationException: It is empty, or too long.
    """
    name = require_text(content)
    if not name:
        raise ValidationException("Empty attribute name")
    if len(name) > NAME_BYTES_MAX // 4 and len(name.encode()) > NAME_BYTES_MAX:
        raise ValidationException(
            f"Attribute name is too large, must be less than {NAME_BYTES_MAX + 1} bytes"
        )
    return name


def _number(content: object, level: int) -> str:
    return canonical_number(_string(content, level))


def _binary(content: object, _level: int) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, bytearray | memoryview):
        return bytes(content)
    raise SerializationException(
        "only base-64-encoded strings are convertible to bytes"
    )


def _boolean(content: object, _level: int) -> bool:
    if not isinstance(content, bool):
        raise _unconvertible(content, "Boolean")
    return content


def _null(content: object, level: int) -> bool:
    if not _boolean(content, level):
        raise ValidationException(
            _INVALID + "Null attribute value types must have the value of true"
        )
    return True


def _members(content: object) -> list[Any]:
    if isinstance(content, list | tuple | set | frozenset):
        return list(content)
    if isinstance(content, dict):
        raise SerializationException(
            "Start of structure or map found where not expected"
        )
    raise SerializationException("Unexpected field type")


def _string_set(content: object, level: int) -> list[str]:
    members = [_string(member, level) for member in _members(content)]
    if not members:
        raise ValidationException(_INVALID + "An string set  may not be empty")
    if len(set(members)) < len(members):
        raise ValidationException(
            f"{_INVALID}Input collection [{', '.join(members)}] contains duplicates."
        )
    return sorted_set("SS", members)


def _number_set(content: object, level: int) -> list[str]:
    members = [_number(member, level) for member in _members(content)]
    if not members:
        raise ValidationException(_INVALID + "An number set  may not be empty")
    if len(set(members)) < len(members):
        raise ValidationException("Input collection contains duplicates")
    return sorted_set("NS", members)


def _binary_set(content: object, level: int) -> list[bytes]:
    members = [_binary(member, level) for member in _members(content)]
    if not members:
        raise ValidationException(_INVALID + "Binary sets should not be empty")
    if len(set(members)) < len(members):
        shown = ", ".join(base64.b64encode(member).decode() for member in members)
        raise ValidationException(
            f"{_INVALID}Input collection [{shown}]of type BS contains duplicates."
        )
    return sorted_set("BS", members)


def _list(content: object, level: int) -> list[AttributeValue]:
    _require_level(level)
    return [validate(member, level + 1) for member in _members(content)]


def _map(content: object, level: int) -> dict[str, AttributeValue]:
    _require_level(level)
    if not isinstance(content, dict):
        raise SerializationException("Unexpected field type")
    return {
        require_name(name): validate(member, level + 1)
        for name, member in content.items()
    }


def _require_level(level: int) -> None:
    if level > NESTING_MAX:
        raise ValidationException(
            "Nesting Levels have exceeded supported limits: Attributes can have"
            f" maximum of {NESTING_MAX} nested levels"
        )


_RULES: dict[str, Callable[[object, int], Any]] = {
    "S": _string,
    "N": _number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "SS": _string_set,
    "NS": _number_set,
    "BS": _binary_set,
    "L": _list,
    "M": _map,
}


def _unexpected(value: object) -> SerializationException:
    if isinstance(value, list):
        return SerializationException(
            "Unrecognized collection type class"
            " com.amazonaws.dynamodb.v20120810.AttributeValue"
        )
    return SerializationException("Unexpected value type in payload")


def _unconvertible(content: object, type_name: str) -> SerializationException:
    """Say it as the JSON reader of DynamoDB does."""
    if isinstance(content, list | tuple | set | frozenset):
        return SerializationException(
            f"Unrecognized collection type class java.lang.{type_name}"
        )
    if isinstance(content, dict):
        return SerializationException(
            "Start of structure or map found where not expected"
        )
    if isinstance(content, bool):
        token = "TRUE_VALUE" if content else "FALSE_VALUE"
    elif isinstance(content, str):
        return SerializationException("Unexpected token received from parser")
    elif isinstance(content, int):
        token = "NUMBER_VALUE"
    else:
        token = "DECIMAL_VALUE"
    return SerializationException(f"{token} cannot be converted to {type_name}")


def sorted_set(kind: str, members: Iterable[Any]) -> list[Any]:
    """Return the members of a set of type `kind` in canonical order."""
    return sorted(members, key=Decimal) if kind == "NS" else sorted(members)


def equal(left: AttributeValue, right: AttributeValue) -> bool:
    """Say whether two canonical values are the same in DynamoDB's sense."""
    # In Python True == 1, but BOOL and N have different types here
    return left == right


def compare(left: AttributeValue, right: AttributeValue) -> int | None:
    """Return -1, 0 or 1, or None if these two values have no order.

    Only two strings, two numbers or two binaries have one.
    """
    kind = type_of(left)
    if kind not in ("S", "N", "B") or kind not in right:
        return None
    a, b = left[kind], right[kind]
    if a == b:
        return 0
    if kind == "N":
        a, b = Decimal(a), Decimal(b)
    # Python orders strings by code point, which is the order of their UTF-8
    return -1 if a < b else 1


def size_bytes(item: Mapping[str, AttributeValue]) -> int:
    """Return the size of an item as DynamoDB counts it, names included.

    Source: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats".
    """
    size = 0
    for name, value in item.items():
        size += len(name) if name.isascii() else len(name.encode())
        # Counters' items are numbers by the thousand, and the same ones again.
        number = value.get("N")
        size += value_size(value) if number is None else number_size(number)
    return size


def value_size(value: AttributeValue) -> int:
    """Return the size of a value in bytes as DynamoDB counts it."""
    kind = type_of(value)
    content = value[kind]
    if kind == "S":
        return _string_size(content)
    if kind == "N":
        return number_size(content)
    if kind == "B":
        return len(content)
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "M":
        return 3 + len(content) + size_bytes(content)
    if kind == "L":
        return 3 + len(content) + sum(map(value_size, content))
    if kind == "SS":
        return sum(map(_string_size, content))
    if kind == "NS":
        return sum(map(number_size, content))
    return sum(map(len, content))


def _string_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def key_bytes(value: AttributeValue, kind: str) -> bytes:
    """Return a key attribute as bytes that sort as DynamoDB sorts the key.

    Args:
        value: A canonical value of the type `kind`.
        kind: The key's type: "S", "N" or "B".
    """
    if kind == "S":
        return str(value["S"]).encode()
    if kind == "N":
        return number_key(value["N"])
    return bytes(value["B"])


def key_prefix_end(prefix: bytes) -> bytes | None:
    """Return the least bytes above all that begin with `prefix`; None if none are."""
    trimmed = prefix.rstrip(b"\xff")
    if not trimmed:
        return None
    return trimmed[:-1] + bytes([trimmed[-1] + 1])
