"""What may name a counter, identify a request, and be added: checked once, here."""

from collections.abc import Mapping
from typing import Any

from footfall.errors import InvalidInputError

ID_LENGTH_MAX = 64  # characters
NAME_LENGTH_MAX = 200  # characters
AMOUNT_MAX = 10**15  # sums of amounts stay far below DynamoDB's 38 digits

KeyValue = str | int | bytes


def check_id(id: str) -> str:
    """The id, if it is 1 to 64 printable ASCII characters.

    Raises:
        InvalidInputError: It is not.
    """
    if (
        not isinstance(id, str)
        or not 0 < len(id) <= ID_LENGTH_MAX
        or not id.isascii()
        or not id.isprintable()
    ):
        raise InvalidInputError(
            "id", f"must be 1 to {ID_LENGTH_MAX} printable ASCII characters"
        )
    return id


def check_name(name: str) -> str:
    """The counter's name, if it is printable text of at most 200 characters.

    Raises:
        InvalidInputError: It is empty, too long, or has control characters.
    """
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LENGTH_MAX:
        raise InvalidInputError("name", f"must be 1 to {NAME_LENGTH_MAX} characters")
    if not name.isprintable() or name != name.strip():
        raise InvalidInputError(
            "name",
            "must have no control characters and no space at its ends",
        )
    return name


def check_amount(amount: int, field: str = "amount") -> int:
    """The amount, if it is a whole number within ±10^15.

    Raises:
        InvalidInputError: It is a fraction, a bool, a string or too large.
    """
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise InvalidInputError(field, "must be a whole number")
    if abs(amount) > AMOUNT_MAX:
        raise InvalidInputError(
            field, f"must be between -{AMOUNT_MAX} and {AMOUNT_MAX}"
        )
    return amount


def attribute_value(value: KeyValue) -> dict[str, Any]:
    """A key's value in the low-level client's shape: {"S": "text"}.

    Raises:
        InvalidInputError: A key can only be text, a whole number or bytes.
    """
    match value:
        case bool():
            pass
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
    raise InvalidInputError("key", f"{value!r} is not text, a whole number or bytes")


def describe_key(table: str, key: Mapping[str, KeyValue]) -> str:
    """The item's address for people: `siteVisits siteUrl='https://…'`."""
    return " ".join([table, *(f"{name}={value!r}" for name, value in key.items())])
