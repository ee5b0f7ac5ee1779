"""How full a dimension's items are: what does not fit is counted under `other`.

DynamoDB rewrites an item whole, so an item of thousands of pages would make each
visit dear. So a dimension's day may have several items, parts, and a value goes into the
first of its own that has room (`dimensions.value_buckets`): few values share one item,
which one transaction writes once, and many spread. Which part has a value makes no
difference to whoever reads them all. A part may hold `PART_BYTES_MAX`. No expression can ask for an item's
size; so a writer remembers which values it has seen in an item, and reads the item
when a visit brings one that it has not. Values are only ever added, so what is
remembered stays true. Two writers that add values at the same moment may pass the
bound by a few values, which harms nothing: DynamoDB's own limit is 25 times as far.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

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


class Placed(NamedTuple):
    """A value that counts up.

    Attributes:
        site: The site's key.
        buckets: Where it may be, in the order in which they are tried.
        value: Its attribute.
    """

    site: str
    buckets: tuple[str, ...]
    value: str


def parts_of_many(client: DynamoDBClient) -> int:
    """How many items a dimension with many values is spread over."""
    return PARTS_EMBEDDED if batching(client) else PARTS_DYNAMODB


@dataclass(slots=True)
class _Part:
    values: set[str] = field(default_factory=set)
    bytes: int = 0

    def add(self, value: str) -> int:
        size = _size(value)
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

    def admit(self, moves: Iterable[Placed]) -> list[tuple[str, str]]:
        """The bucket of each, and the attribute to count there: the value, or `other`."""
        moves = list(moves)
        seen: set[Address] = set()
        while True:
            with self._lock:
                unknown = sorted(self._unknown(moves, seen))
                if not unknown:
                    admitted = [self._admit(move) for move in moves]
                    self._forget()
                    return admitted
            values = self._read(unknown)
            with self._lock:
                for address, known in zip(unknown, values, strict=True):
                    self._learn(address, known)
            seen.update(unknown)

    def forget(self) -> None:
        """Remember none: a site may be gone, and there again without its items."""
        with self._lock:
            self._parts.clear()
            self._bytes = 0

    def _unknown(self, moves: list[Placed], seen: set[Address]) -> set[Address]:
        """The parts to read: a value is new, and another writer may have filled them."""
        unknown: set[Address] = set()
        for move in moves:
            if self._known(move) is None:
                bucket = self._room(move)
                if bucket is not None and (move.site, bucket) not in seen:
                    unknown.add((move.site, bucket))
        return unknown

    def _known(self, move: Placed) -> str | None:
        """The bucket that has the value, as far as is known."""
        site, buckets, value = move
        for bucket in buckets:
            part = self._parts.get((site, bucket))
            if part is not None and value in part.values:
                return bucket
        return None

    def _room(self, move: Placed) -> str | None:
        """The first bucket that has room for the value, as far as is known."""
        size = _size(move.value)
        for bucket in move.buckets:
            part = self._parts.get((move.site, bucket))
            if part is None or part.bytes + size <= PART_BYTES_MAX:
                return bucket
        return None

    def _learn(self, address: Address, values: Iterable[str]) -> None:
        part = self._parts.setdefault(address, _Part())
        for value in values:
            if value not in part.values:
                self._bytes += part.add(value)

    def _admit(self, move: Placed) -> tuple[str, str]:
        bucket = self._known(move) or self._room(move)
        if bucket is None:
            return move.buckets[-1], OTHER
        # Another thread may have let it be forgotten since it was read.
        address = move.site, bucket
        part = self._parts.setdefault(address, _Part())
        self._parts.move_to_end(address)
        if move.value not in part.values:
            self._bytes += part.add(move.value)
        return bucket, move.value

    def _forget(self) -> None:
        while self._bytes > REMEMBERED_BYTES_MAX and len(self._parts) > 1:
            _, part = self._parts.popitem(last=False)
            self._bytes -= part.bytes


def _size(value: str) -> int:
    return len(value.encode()) + NUMBER_BYTES_MAX
