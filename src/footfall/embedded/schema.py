"""A table's definition: its key, and how a key is checked and made into bytes."""

from typing import Any

import msgspec

from footfall.embedded.attribute import Item, key_bytes, type_of
from footfall.embedded.exceptions import ValidationException

HASH_KEY_BYTES_MAX = 2_048
RANGE_KEY_BYTES_MAX = 1_024

_KEY_MISMATCH = "The provided key element does not match the schema"
_INVALID = "One or more parameter values were invalid: "


class Table(msgspec.Struct, frozen=True):
    """What CreateTable said of a table, and what was changed since.

    Attributes:
        name: The table's name.
        keys: The name and the type of the partition key and of the sort key, if any.
        created: Seconds since the epoch.
        unique_id: DynamoDB's TableId.
        billing_mode: "PAY_PER_REQUEST" or "PROVISIONED".
        read_units: Provisioned read capacity; 0 on demand.
        write_units: Provisioned write capacity; 0 on demand.
        ttl_attribute: The attribute of the time to live, None while disabled.
        deletion_protected: Whether DeleteTable is refused.
        id: The number of its SQL table; 0 until it has one.
    """

    name: str
    keys: tuple[tuple[str, str], ...]
    created: float
    unique_id: str
    billing_mode: str = "PROVISIONED"
    read_units: int = 0
    write_units: int = 0
    ttl_attribute: str | None = None
    deletion_protected: bool = False
    id: int = 0

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the key's attributes."""
        return tuple(name for name, _ in self.keys)

    def key_of(self, item: Item) -> Item:
        """The item's key alone."""
        return {name: item[name] for name, _ in self.keys}

    def item_key(self, item: Item) -> tuple[bytes, bytes]:
        """The key of a whole item that is to be stored, as bytes.

        Raises:
            ValidationException: A key attribute is missing, of the wrong type, empty
                or too long.
        """
        if len(self.keys) == 1:
            name, kind = self.keys[0]
            value = item.get(name)
            if value is not None and kind in value:
                return _bytes_of(name, kind, value, HASH_KEY_BYTES_MAX), b""
        for name, kind in self.keys:
            if name not in item:
                raise ValidationException(
                    f"{_INVALID}Missing the key {name} in the item"
                )
            if kind not in item[name]:
                raise ValidationException(
                    f"{_INVALID}Type mismatch for key {name} expected: {kind}"
                    f" actual: {type_of(item[name])}"
                )
        return self._bytes(item)

    def request_key(self, key: Item) -> tuple[bytes, bytes]:
        """A request's `Key`, validated, as bytes.

        Raises:
            ValidationException: It is not exactly this table's key.
        """
        if len(key) != len(self.keys):
            raise ValidationException(_KEY_MISMATCH)
        for name, kind in self.keys:
            if name not in key or kind not in key[name]:
                raise ValidationException(_KEY_MISMATCH)
        return self._bytes(key)

    def _bytes(self, item: Item) -> tuple[bytes, bytes]:
        name, kind = self.keys[0]
        pk = _bytes_of(name, kind, item[name], HASH_KEY_BYTES_MAX)
        if len(self.keys) == 1:
            return pk, b""
        name, kind = self.keys[1]
        return pk, _bytes_of(name, kind, item[name], RANGE_KEY_BYTES_MAX)


def _bytes_of(name: str, kind: str, value: dict[str, Any], bytes_max: int) -> bytes:
    key = key_bytes(value, kind)
    if not key:
        what = "string" if kind == "S" else "binary"
        raise ValidationException(
            "One or more parameter values are not valid. The AttributeValue for a key"
            f" attribute cannot contain an empty {what} value. Key: {name}"
        )
    if len(key) > bytes_max:
        # DynamoDB's own words, the missing space included
        words = (
            "Size of hashkey has exceeded the maximum size limit of"
            if bytes_max == HASH_KEY_BYTES_MAX
            else "Aggregated size of all range keys has exceeded the size limit of "
        )
        raise ValidationException(f"{_INVALID}{words}{bytes_max} bytes")
    return key
