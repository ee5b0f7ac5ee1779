"""How full a dimension's items are: what does not fit is counted under `other`.

DynamoDB rewrites an item whole, so an item of thousands of pages would make each
visit dear. A part may hold `PART_BYTES_MAX`. No expression can ask for an item's
size; so a writer remembers which values it has seen in an item, and reads the item
when a visit brings one that it has not. Values are only ever added, so what is
remembered stays true. Two writers that add values at the same moment may pass the
bound by a few values, which harms nothing: DynamoDB's own limit is 25 times as far.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from footfall.visits.dimensions import NUMBER_BYTES_MAX, OTHER, PART_BYTES_MAX

# What the memory of values may hold in all: some 8 MB with Python's overhead.
REMEMBERED_BYTES_MAX = 2_000_000

Address = tuple[str, str]  # the site's key and the bucket


@dataclass(slots=True)
class _Part:
    values: set[str] = field(default_factory=set)
    bytes: int = 0

    def add(self, value: str) -> int:
        size = len(value.encode()) + NUMBER_BYTES_MAX
        self.values.add(value)
        self.bytes += size
        return size


class Parts:
    """The values known in the parts written last; the oldest are forgotten.

    Args:
        read: Gives the attribute names of the items at some addresses, in order.
    """

    def __init__(self, read: Callable[[list[Address]], list[Iterable[str]]]) -> None:
        self._read = read
        self._parts: OrderedDict[Address, _Part] = OrderedDict()
        self._bytes = 0

    def admit(self, moves: Iterable[tuple[Address, str]]) -> list[str]:
        """The attribute to count for each (address, value): the value, or `other`."""
        moves = list(moves)
        self._learn(
            {address for address, value in moves if self._is_new(address, value)}
        )
        admitted = []
        for address, value in moves:
            part = self._parts[address]
            self._parts.move_to_end(address)
            if value not in part.values:
                size = len(value.encode()) + NUMBER_BYTES_MAX
                if part.bytes + size > PART_BYTES_MAX:
                    admitted.append(OTHER)
                    continue
                self._bytes += part.add(value)
            admitted.append(value)
        self._forget()
        return admitted

    def _is_new(self, address: Address, value: str) -> bool:
        part = self._parts.get(address)
        return part is None or value not in part.values

    def _learn(self, addresses: set[Address]) -> None:
        """Read the parts that a new value goes to: another writer may have filled them."""
        wanted = sorted(
            address
            for address in addresses
            if address not in self._parts
            or self._parts[address].bytes < PART_BYTES_MAX - NUMBER_BYTES_MAX
        )
        if not wanted:
            return
        for address, values in zip(wanted, self._read(wanted), strict=True):
            part = self._parts.setdefault(address, _Part())
            for value in values:
                if value not in part.values:
                    self._bytes += part.add(value)

    def _forget(self) -> None:
        while self._bytes > REMEMBERED_BYTES_MAX and len(self._parts) > 1:
            _, part = self._parts.popitem(last=False)
            self._bytes -= part.bytes
