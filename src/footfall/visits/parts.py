"""How full a dimension's items are: what does not fit is counted under `other`.

DynamoDB rewrites an item whole, so an item of thousands of pages would make each
visit dear. A part may hold `PART_BYTES_MAX`. No expression can ask for an item's
size; so a writer remembers which values it has seen in an item, and reads the item
when a visit brings one that it has not. Values are only ever added, so what is
remembered stays true. Two writers that add values at the same moment may pass the
bound by a few values, which harms nothing: DynamoDB's own limit is 25 times as far.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from footfall.counters.bulk import get_items
from footfall.counters.port import DynamoDBClient, Store, batching
from footfall.counters.tables import BUCKET, SITE_URL
from footfall.visits.dimensions import (
    NUMBER_BYTES_MAX,
    OTHER,
    PART_BYTES_MAX,
    VALUE_PREFIX,
)

# A dimension's parts: one fsync covers many items on the embedded engine, and on
# DynamoDB each item of a transaction costs two write units.
PARTS_EMBEDDED = 32
PARTS_DYNAMODB = 1

# What the memory of values may hold in all: some 8 MB with Python's overhead.
REMEMBERED_BYTES_MAX = 2_000_000

Address = tuple[str, str]  # the site's key and the bucket


def parts_of_many(client: DynamoDBClient) -> int:
    """How many items a dimension with many values is spread over."""
    return PARTS_EMBEDDED if batching(client) else PARTS_DYNAMODB


@dataclass(slots=True)
class _Part:
    values: set[str] = field(default_factory=set)
    bytes: int = 0

    def add(self, value: str) -> int:
        size = len(value.encode()) + NUMBER_BYTES_MAX
        self.values.add(value)
        self.bytes += size
        return size


def read_values(store: Store, addresses: list[Address]) -> list[Iterable[str]]:
    """The values that the items at some addresses have; none where there is no item.

    Raises:
        UnavailableError: The store is away.
    """
    items = get_items(
        store.client,
        store.tables.visit_rollups,
        [{SITE_URL: {"S": site}, BUCKET: {"S": bucket}} for site, bucket in addresses],
    )
    values = {
        (item[SITE_URL]["S"], item[BUCKET]["S"]): [
            attribute for attribute in item if attribute.startswith(VALUE_PREFIX)
        ]
        for item in items
    }
    return [values.get(address, ()) for address in addresses]


class Parts:
    """The values known in the parts written last; the oldest are forgotten.

    Several threads may share it. None waits while another reads.

    Args:
        read: Gives the attribute names of the items at some addresses, in order.
    """

    def __init__(self, read: Callable[[list[Address]], list[Iterable[str]]]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._parts: OrderedDict[Address, _Part] = OrderedDict()
        self._bytes = 0

    def admit(self, moves: Iterable[tuple[Address, str]]) -> list[str]:
        """The attribute to count for each (address, value): the value, or `other`."""
        moves = list(moves)
        with self._lock:
            unknown = self._unknown(moves)
        values = self._read(unknown) if unknown else []
        with self._lock:
            for address, known in zip(unknown, values, strict=True):
                self._learn(address, known)
            admitted = [self._admit(address, value) for address, value in moves]
            self._forget()
        return admitted

    def forget(self) -> None:
        """Remember none: a site may be gone, and there again without its items."""
        with self._lock:
            self._parts.clear()
            self._bytes = 0

    def _unknown(self, moves: list[tuple[Address, str]]) -> list[Address]:
        """The parts to read: a value is new, and another writer may have filled them."""
        return sorted(
            {
                address
                for address, value in moves
                if (part := self._parts.get(address)) is None
                or (
                    value not in part.values
                    and part.bytes < PART_BYTES_MAX - NUMBER_BYTES_MAX
                )
            }
        )

    def _learn(self, address: Address, values: Iterable[str]) -> None:
        part = self._parts.setdefault(address, _Part())
        for value in values:
            if value not in part.values:
                self._bytes += part.add(value)

    def _admit(self, address: Address, value: str) -> str:
        # Another thread may have let it be forgotten since it was read.
        part = self._parts.setdefault(address, _Part())
        self._parts.move_to_end(address)
        if value not in part.values:
            if part.bytes + len(value.encode()) + NUMBER_BYTES_MAX > PART_BYTES_MAX:
                return OTHER
            self._bytes += part.add(value)
        return value

    def _forget(self) -> None:
        while self._bytes > REMEMBERED_BYTES_MAX and len(self._parts) > 1:
            _, part = self._parts.popitem(last=False)
            self._bytes -= part.bytes
