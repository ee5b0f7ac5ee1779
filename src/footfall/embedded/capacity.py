"""Consumed capacity and item collections, as DynamoDB would bill and measure them.

A write costs a unit for each KB of the larger of the old and the new item, a
consistent read one for each 4 KB, an eventually consistent read half of that; in a
transaction both cost twice. What a write changes in an index costs beside it.

Source: Amazon DynamoDB Developer Guide, "Read/write capacity mode".
"""

from collections.abc import Iterable, Mapping
from typing import Any

from footfall.embedded import indexes
from footfall.embedded.attribute import Item, size_bytes
from footfall.embedded.schema import Index, Table

_WRITE_BYTES = 1_024
_READ_BYTES = 4_096
# A transaction reads and writes each item twice: once to prepare, once to commit.
TRANSACTION_FACTOR = 2


class Consumed:
    """The units that one request consumes, of its tables and of their indexes."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[Index | None, float]] = {}

    def add(self, table: Table, units: float, index: Index | None = None) -> None:
        """Add units of a table, or of one of its indexes."""
        of_table = self._tables.setdefault(table.name, {None: 0.0})
        of_table[index] = of_table.get(index, 0.0) + units

    def add_write(
        self, table: Table, old: Item | None, new: Item | None, *, factor: int = 1
    ) -> None:
        """Add what it costs to write an item in place of another."""
        self.add(table, factor * write_units(old, new))
        for index in table.indexes:
            units = factor * indexes.write_units(table, index, old, new)
            if units:
                self.add(table, units, index)

    def report(
        self, request: Mapping[str, Any], kind: str = ""
    ) -> list[dict[str, Any]]:
        """What `ReturnConsumedCapacity` asks for: an entry a table, none if not asked.

        Args:
            request: The request.
            kind: "Read" or "Write" where DynamoDB tells them apart, in transactions.
        """
        if not wanted(request):
            return []
        by_index = request["ReturnConsumedCapacity"] == "INDEXES"
        return [
            {
                "TableName": table,
                **_detail(sum(units.values()), kind),
                **(_by_index(units, kind) if by_index else {}),
            }
            for table, units in self._tables.items()
        ]


def _by_index(units: Mapping[Index | None, float], kind: str) -> dict[str, Any]:
    told: dict[str, Any] = {"Table": _detail(units[None], kind)}
    for index, consumed in units.items():
        if index is not None:
            scope = "Global" if index.is_global else "Local"
            of_scope = told.setdefault(f"{scope}SecondaryIndexes", {})
            of_scope[index.name] = _detail(consumed, kind)
    return told


def _detail(units: float, kind: str) -> dict[str, float]:
    detail = {"CapacityUnits": units}
    if kind:
        detail[f"{kind}CapacityUnits"] = units
    return detail


def write_units(*items: Item | None) -> float:
    """The units of writing one item: before and after."""
    largest = max((size_bytes(item) for item in items if item), default=0)
    return float(max(1, -(-largest // _WRITE_BYTES)))


def read_units(size: int, *, consistent: bool) -> float:
    """The units of reading `size` bytes at once."""
    units = max(1, -(-size // _READ_BYTES))
    return float(units) if consistent else units / 2


def wanted(request: Mapping[str, Any]) -> bool:
    """Whether the answer must tell the capacity."""
    return (request.get("ReturnConsumedCapacity") or "NONE") != "NONE"


def metrics_wanted(request: Mapping[str, Any]) -> bool:
    """Whether the answer must measure item collections."""
    return (request.get("ReturnItemCollectionMetrics") or "NONE") != "NONE"


def collection_metrics(
    written: Iterable[tuple[Table, Item]],
) -> dict[str, list[dict[str, Any]]]:
    """What `ReturnItemCollectionMetrics` asks for, by table.

    Only a table with a local index has item collections: the items of one partition,
    which AWS keeps below 10 GB. The size is AWS's estimate, a range of gigabytes.

    Args:
        written: The tables and the keys, or items, that a request wrote.
    """
    metrics: dict[str, list[dict[str, Any]]] = {}
    for table, item in written:
        if all(index.is_global for index in table.indexes):
            continue
        name = table.keys[0][0]
        metric = {
            "ItemCollectionKey": {name: item[name]},
            "SizeEstimateRangeGB": [0.0, 1.0],
        }
        of_table = metrics.setdefault(table.name, [])
        if metric not in of_table:
            of_table.append(metric)
    return metrics
