"""Which lines of a log were counted, kept for ever in 8 bytes each.

A receipt is forgotten after the window; a log may come again years later, whole or in
part. So each transaction that counts lines writes which ones, in the same transaction:

    footfallSettings    import SITE    log 2026-11-24T13#00007    lines: 64-bit hashes

One note holds the lines of one hour of UTC that one transaction counted, and is never
written again. Whoever counts more lines of the hour reads its notes first, leaves out
what they hold, and puts the next note if nobody else did.

A line is named by a hash of its identity and of how many equal ones came before it: two
readers who ask for the same page in the same second, with the same program, make two
lines that differ in nothing but their address, and addresses are not kept. So the same
file, or two that overlap, name each line alike, and it counts once. Two files that were
cut between two such lines of one second count them as one: the price of keeping nothing
of an address (docs/decisions/0010-import-ledger.md).

Among n lines of an hour, a new one is mistaken for another with a chance of n / 2^64.
"""

import hashlib
import struct
from collections.abc import Iterable

from footfall.counters.port import Item, Store
from footfall.counters.tables import KIND, LINES, Request
from footfall.visits.baseline import read_item
from footfall.visits.imported import note_key, notes

HASH_BYTES = 8
HOUR_MS = 3_600_000
# A note's hashes: 160 KB of an item's 400.
LINES_MAX = 20_000

# Equal lines of a second stand near each other; so many are remembered, twice.
_NEAR_MAX = 100_000


class Names:
    """Names lines, one after the other, in the order of their file."""

    def __init__(self) -> None:
        self._near: dict[int, int] = {}
        self._before: dict[int, int] = {}

    def name(self, identity: bytes) -> int:
        """The name of the next line."""
        name = _hash(identity)
        equal = self._near.get(name)
        if equal is None:
            equal = self._before.get(name, 0)
            if len(self._near) >= _NEAR_MAX:
                self._before, self._near = self._near, {}
        self._near[name] = equal + 1
        return _hash(b"%d\n%b" % (equal, identity)) if equal else name


def hour_of(at_ms: int) -> int:
    """The hour of UTC, since the epoch, that a line's note is of."""
    return at_ms // HOUR_MS


def read_hour(store: Store, site: str, hour: int) -> tuple[set[int], int]:
    """The names of the lines that were counted of an hour, and how many notes hold them.

    Raises:
        UnavailableError: The store is away.
    """
    names: set[int] = set()
    number = 0
    for note in notes(store, site, _prefix(hour)):
        names.update(unpacked(note))
        number += 1
    return names, number


def read_note(store: Store, site: str, hour: int, number: int) -> set[int]:
    """The names in one note; none if it is not there."""
    key = note_key(site, _name(hour, number))
    note = read_item(store, store.tables.settings, key)
    return set(unpacked(note)) if note else set()


def put_note(
    store: Store, site: str, hour: int, number: int, names: Iterable[int]
) -> Request:
    """The action that puts a note, if nobody has."""
    ordered = sorted(names)
    packed = struct.pack(f">{len(ordered)}Q", *ordered)
    return {
        "Put": {
            "TableName": store.tables.settings,
            "Item": {**note_key(site, _name(hour, number)), LINES: {"B": packed}},
            "ConditionExpression": "attribute_not_exists(#kind)",
            "ExpressionAttributeNames": {"#kind": KIND},
        }
    }


def unpacked(note: Item) -> tuple[int, ...]:
    """The names in a note."""
    packed = bytes(note[LINES]["B"])
    return struct.unpack(f">{len(packed) // HASH_BYTES}Q", packed)


def _prefix(hour: int) -> str:
    return f"log {hour:07d}#"


def _name(hour: int, number: int) -> str:
    return f"{_prefix(hour)}{number:05d}"


def _hash(text: bytes) -> int:
    digest = hashlib.blake2b(text, digest_size=HASH_BYTES).digest()
    return int.from_bytes(digest, "big")
