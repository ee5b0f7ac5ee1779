"""Consumed capacity, as DynamoDB would bill it.

A write costs a unit for each KB of the larger of the old and the new item, a
consistent read one for each 4 KB, an eventually consistent read half of that; in a
transaction both cost twice.

Source: Amazon DynamoDB Developer Guide, "Read/write capacity mode".
"""

from collections.abc import Mapping
from typing import Any

from footfall.embedded.attribute import Item, size_bytes

_WRITE_BYTES = 1_024
_READ_BYTES = 4_096


def write_units(*items: Item | None) -> float:
    """The units of writing one item: before and after."""
    largest = max((size_bytes(item) for item in items if item), default=0)
    return float(max(1, -(-largest // _WRITE_BYTES)))


def read_units(size: int, *, consistent: bool) -> float:
    """The units of reading `size` bytes at once."""
    units = max(1, -(-size // _READ_BYTES))
    return float(units) if consistent else units / 2


def report(
    request: Mapping[str, Any], units: Mapping[str, float], *, kind: str = ""
) -> list[dict[str, Any]]:
    """What `ReturnConsumedCapacity` asks for: an entry a table, none if not asked.

    Args:
        request: The request.
        units: The units of each table.
        kind: "Read" or "Write" where DynamoDB tells the kinds apart, in transactions.
    """
    wanted = request.get("ReturnConsumedCapacity", "NONE")
    if wanted == "NONE":
        return []
    entries = []
    for table, consumed in units.items():
        detail: dict[str, Any] = {"CapacityUnits": consumed}
        if kind:
            detail[f"{kind}CapacityUnits"] = consumed
        entry = {"TableName": table, **detail}
        if wanted == "INDEXES":
            entry["Table"] = detail
        entries.append(entry)
    return entries


def wanted(request: Mapping[str, Any]) -> bool:
    """Whether the answer must tell the capacity."""
    return bool(request.get("ReturnConsumedCapacity", "NONE") != "NONE")
