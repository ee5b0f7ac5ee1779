"""A table's definition: its key and its indexes, and how keys are made into bytes."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from footfall.embedded.attribute import Item, key_bytes, type_of
from footfall.embedded.exceptions import ValidationException

HASH_KEY_BYTES_MAX = 2_048
RANGE_KEY_BYTES_MAX = 1_024

KEY_MISMATCH = "The provided key element does not match the schema"
_BYTES_MAX = (HASH_KEY_BYTES_MAX, RANGE_KEY_BYTES_MAX)
_INVALID = "One or more parameter values were invalid: "
_TEXT_OR_BINARY = {"S": "string", "B": "binary"}

Key = tuple[bytes, bytes]
NOWHERE = (None, None)  # the place in an index of an item that is not in it


class Index(msgspec.Struct, frozen=True):
    """A secondary index: another key, under which a table's items stand too.

    Attributes:
        name: Its name, which no other index of the table has.
        keys: The name and the type of its partition key and of its sort key, if any.
        is_global: Whether it has a partition key of its own.
        projection: "ALL", "KEYS_ONLY" or "INCLUDE".
        included: The attributes that INCLUDE adds to the keys.
        read_units: Provisioned read capacity; 0 on demand, and if it is local.
        write_units: Provisioned write capacity; 0 on demand, and if it is local.
        id: The number of its columns in the table's SQL table; 0 until it has them.
    """

    name: str
    keys: tuple[tuple[str, str], ...]
    is_global: bool
    projection: str = "ALL"
    included: tuple[str, ...] = ()
    read_units: int = 0
    write_units: int = 0
    id: int = 0

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the key's attributes."""
        return tuple(name for name, _ in self.keys)

    def place(self, item: Item) -> Key | None:
        """The item's key in this index, as bytes; None if it is not in it.

        Raises:
            ValidationException: An attribute of the key cannot be one.
        """
        for name, kind in self.keys:
            value = item.get(name)
            if value is not None and kind not in value:
                raise ValidationException(
                    f"{_INVALID}Type mismatch for Index Key {name} Expected: {kind}"
                    f" Actual: {type_of(value)} IndexName: {self.name}"
                )
        parts = [
            self._part(name, kind, item[name], bytes_max)
            for (name, kind), bytes_max in zip(self.keys, _BYTES_MAX, strict=False)
            if name in item
        ]
        if len(parts) < len(self.keys):
            return None
        return parts[0], parts[1] if len(parts) > 1 else b""

    def place_if_any(self, item: Item) -> Key | tuple[None, None]:
        """The item's key in this index, or nowhere, also if it cannot be one."""
        try:
            return self.place(item) or NOWHERE
        except ValidationException:
            return NOWHERE

    def _part(
        self, name: str, kind: str, value: dict[str, Any], bytes_max: int
    ) -> bytes:
        key = key_bytes(value, kind)
        if not key:
            raise ValidationException(
                "One or more parameter values are not valid. A value specified for a"
                " secondary index key is not supported. The AttributeValue for a key"
                f" attribute cannot contain an empty {_TEXT_OR_BINARY[kind]} value."
                f" IndexName: {self.name}, IndexKey: {name}"
            )
        if len(key) > bytes_max:
            raise _too_long(bytes_max)
        return key


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
        indexes: Its secondary indexes.
        tags: Its tags, keys and values.
        table_class: "STANDARD" or "STANDARD_INFREQUENT_ACCESS"; "" if never said.
        on_demand_since: When it got on demand, seconds since the epoch; 0 if never.
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
    indexes: tuple[Index, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    table_class: str = ""
    on_demand_since: float = 0.0
    id: int = 0

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the key's attributes."""
        return tuple(name for name, _ in self.keys)

    def index(self, name: str) -> Index | None:
        """The secondary index of that name, None if there is none."""
        for index in self.indexes:
            if index.name == name:
                return index
        return None

    def key_of(self, item: Item) -> Item:
        """The item's key alone."""
        return {name: item[name] for name, _ in self.keys}

    def item_key(self, item: Item) -> Key:
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

    def require_indexable(self, item: Item) -> None:
        """Check an item's attributes that are keys of indexes.

        Raises:
            ValidationException: One cannot be a key.
        """
        for index in self.indexes:
            index.place(item)

    def request_key(self, key: Item) -> Key:
        """A request's `Key`, validated, as bytes.

        Raises:
            ValidationException: It is not exactly this table's key.
        """
        if len(key) != len(self.keys):
            raise ValidationException(KEY_MISMATCH)
        for name, kind in self.keys:
            if name not in key or kind not in key[name]:
                raise ValidationException(KEY_MISMATCH)
        return self._bytes(key)

    def _bytes(self, item: Item) -> Key:
        name, kind = self.keys[0]
        pk = _bytes_of(name, kind, item[name], HASH_KEY_BYTES_MAX)
        if len(self.keys) == 1:
            return pk, b""
        name, kind = self.keys[1]
        return pk, _bytes_of(name, kind, item[name], RANGE_KEY_BYTES_MAX)


@dataclass(frozen=True, slots=True)
class Span:
    """A range of keys of one table, or of an index: one partition, or all of them.

    Attributes:
        pk: The partition; None spans all partitions.
        low: The least sort key.
        high: The greatest sort key of the partition.
        after: Start behind this key, in reading order; of an index it is the index's
            key and the table's.
        descending: Whether the greatest key comes first.
    """

    pk: bytes | None = None
    low: bytes = b""
    low_inclusive: bool = True
    high: bytes | None = None
    high_inclusive: bool = True
    after: tuple[bytes, ...] | None = None
    descending: bool = False


def expiry_of(item: Item, attribute: str | None) -> int | None:
    """The item's time to live in whole seconds, None if it has none."""
    if attribute is None:
        return None
    value = item.get(attribute)
    number = value.get("N") if value is not None else None
    if number is None:
        return None
    return _whole_seconds(number)


@lru_cache(maxsize=1024)
def _whole_seconds(number: str) -> int | None:
    seconds = int(number.partition(".")[0] or 0)
    return seconds if abs(seconds) < 1 << 62 else None


def _bytes_of(name: str, kind: str, value: dict[str, Any], bytes_max: int) -> bytes:
    key = key_bytes(value, kind)
    if not key:
        raise ValidationException(
            "One or more parameter values are not valid. The AttributeValue for a key"
            f" attribute cannot contain an empty {_TEXT_OR_BINARY[kind]} value. Key:"
            f" {name}"
        )
    if len(key) > bytes_max:
        raise _too_long(bytes_max)
    return key


def _too_long(bytes_max: int) -> ValidationException:
    # DynamoDB's own words, the missing space included
    words = (
        "Size of hashkey has exceeded the maximum size limit of"
        if bytes_max == HASH_KEY_BYTES_MAX
        else "Aggregated size of all range keys has exceeded the size limit of "
    )
    return ValidationException(f"{_INVALID}{words}{bytes_max} bytes")
