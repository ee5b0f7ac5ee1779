"""What of an item a secondary index holds, and what keeping it costs.

Pure. Where an item stands in an index is `schema.Index.place`; `storage` keeps that true
in the transaction that writes the item, so an index is never behind. AWS's global
indexes follow after some milliseconds, which no caller may rely on.

An index stores no copy: `projected` cuts the item down when it is read, so the answers,
sizes and units are those of an index that holds just what it projects.

Source: Amazon DynamoDB Developer Guide, "Improving data access with secondary indexes".
"""

from collections.abc import Iterable

from footfall.embedded.attribute import Item, size_bytes
from footfall.embedded.schema import Index, Table

_WRITE_BYTES = 1_024


def projected(table: Table, index: Index, item: Item) -> Item:
    """What of the table's item its entry in the index has."""
    if index.projection == "ALL":
        return item
    names = _projected_names(table, index)
    return {name: value for name, value in item.items() if name in names}


def missing(table: Table, index: Index, names: Iterable[str]) -> list[str]:
    """Those of some attributes that the index does not project, each once."""
    if index.projection == "ALL":
        return []
    has = _projected_names(table, index)
    return [name for name in dict.fromkeys(names) if name not in has]


def write_units(
    table: Table, index: Index, old: Item | None, new: Item | None
) -> float:
    """The units of keeping the index true while an item changes; mostly none.

    An entry that moves to another key is deleted and written again.
    """
    before, after = _entry(table, index, old), _entry(table, index, new)
    if before == after:
        return 0.0
    if before is None or after is None:
        return _units(before or after)
    if any(before[name] != after[name] for name in index.key_names):
        return _units(before) + _units(after)
    return max(_units(before), _units(after))


def _entry(table: Table, index: Index, item: Item | None) -> Item | None:
    if item is None or index.place(item) is None:
        return None
    return projected(table, index, item)


def _units(entry: Item | None) -> float:
    return float(max(1, -(-size_bytes(entry or {}) // _WRITE_BYTES)))


def _projected_names(table: Table, index: Index) -> frozenset[str]:
    return frozenset((*table.key_names, *index.key_names, *index.included))
