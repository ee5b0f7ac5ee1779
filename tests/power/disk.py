"""What a disk holds after a power cut, from the recorded calls of `shim.c`. Pure.

What was synced is there. What was not may be there or not, each sector of 512 bytes by
itself, since a disk writes them in any order. A file that was created, or removed, is
so for sure only when its directory was synced; until then either may be true.
"""

import random
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

SECTOR_BYTES = 512
_HEADER = struct.Struct("<5q")

Survives = Callable[[], bool]  # asked for each thing that may be lost


@dataclass(frozen=True, slots=True)
class Record:
    """A call, in the order in which it happened; its fields as in `shim.c`."""

    kind: str
    number: int
    offset: int
    data: bytes
    extra: int


@dataclass(slots=True)
class _File:
    """A file from its creation on.

    Attributes:
        content: What is synced.
        pending: Writes and truncations since, in order.
    """

    content: bytearray = field(default_factory=bytearray)
    pending: list[Record] = field(default_factory=list)


def read_log(log: bytes) -> Iterator[Record]:
    """The records of a log; one that a kill cut off at the end is left out."""
    at = 0
    while at + _HEADER.size <= len(log):
        kind, number, offset, length, extra = _HEADER.unpack_from(log, at)
        at += _HEADER.size
        if at + length > len(log):
            return
        yield Record(chr(kind), number, offset, log[at : at + length], extra)
        at += length


def nothing_survives() -> bool:
    """Of what was not synced nothing is there."""
    return False


def all_survives() -> bool:
    """The disk had written everything when the power failed."""
    return True


def by_chance(chance: random.Random) -> Survives:
    """Each sector, creation and removal by itself, as likely as not."""
    return lambda: chance.random() < 0.5


class Disk:
    """The files of the recorded directory; records are played on it in order."""

    def __init__(self) -> None:
        self._paths: dict[int, str] = {}  # by an opened file's number
        self._now: dict[str, _File] = {}  # the names as the program sees them
        self._synced: dict[str, _File] = {}  # as they surely are on the disk

    def play(self, records: Iterable[Record]) -> None:
        """Let calls happen."""
        for record in records:
            self._play(record)

    def after_power_cut(self, survives: Survives) -> dict[str, bytes]:
        """The files that are there when the power is back, by path."""
        files: dict[str, bytes] = {}
        for path in sorted({*self._now, *self._synced}):
            file = self._synced.get(path)
            if self._now.get(path) is not file and survives():
                file = self._now.get(path)
            if file is not None:
                files[path] = _content(file, survives)
        return files

    def _play(self, record: Record) -> None:
        match record.kind:
            case "O":
                path = record.data.decode()
                self._paths[record.number] = path
                if record.extra:
                    self._now[path] = _File()
            case "W" | "T":
                file = self._now.get(self._paths[record.number])
                if file is not None:
                    file.pending.append(record)
            case "S":
                self._sync(self._paths[record.number])
            case "U":
                self._now.pop(record.data.decode(), None)

    def _sync(self, path: str) -> None:
        file = self._now.get(path)
        if file is not None:
            file.content = bytearray(_content(file, all_survives))
            file.pending = []
            return
        # It is the directory: its names are synced, not the files' bytes.
        inside = [name for name in self._now if str(PurePath(name).parent) == path]
        self._synced = {name: self._now[name] for name in inside}


def _content(file: _File, survives: Survives) -> bytes:
    content = bytearray(file.content)
    for record in file.pending:
        if record.kind == "T":
            if survives():
                _truncate(content, record.offset)
            continue
        for start, sector in _sectors(record):
            if survives():
                if len(content) < start:
                    _truncate(content, start)
                content[start : start + len(sector)] = sector
    return bytes(content)


def _truncate(content: bytearray, length: int) -> None:
    del content[length:]
    content.extend(bytes(length - len(content)))


def _sectors(record: Record) -> Iterator[tuple[int, bytes]]:
    """A write's sectors: where each begins in the file, and its bytes."""
    at = 0
    while at < len(record.data):
        start = record.offset + at
        length = SECTOR_BYTES - start % SECTOR_BYTES
        yield start, record.data[at : at + length]
        at += length


def first_sync_after(records: Sequence[Record], data: bytes) -> int | None:
    """The index of the sync that makes bytes durable: the first after their write."""
    written: int | None = None
    number_to_path = {r.number: r.data for r in records if r.kind == "O"}
    path = b""
    for index, record in enumerate(records):
        if written is None and record.kind == "W" and data in record.data:
            written, path = index, number_to_path[record.number]
        elif (
            written is not None
            and record.kind == "S"
            and number_to_path[record.number] == path
        ):
            return index
    return None
