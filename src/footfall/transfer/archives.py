"""A file that is to be imported: unpacked as it is read, however it came.

    access.log.2.gz, .bz2, .xz    what is in it, as it streams by
    export.zip                    the files in it that an import can read
    anything else                 itself, if it is text

What a file is stands in its first bytes; its name says nothing.
"""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import PurePosixPath
from typing import Any

from footfall.errors import InvalidInputError
from footfall.transfer import goatcounter_stats, plausible, umami

_GZIP, _BZIP2, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second is an empty one's

_BUFFER_BYTES = 262_144
_NAMED_MAX = 5  # files of an archive that is not known

# What reading damaged or encrypted data raises, by who unpacks it.
_DAMAGED = (
    *(EOFError, OSError, RuntimeError, NotImplementedError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A text to import.

    Attributes:
        name: The name of the file that it is in, for people.
        table: What it is called in an export of several files, "" elsewhere.
        text: Its bytes.
        is_empty: Whether it has none.
    """

    name: str
    table: str
    text: BufferedReader
    is_empty: bool


def parts_of(file: BufferedReader, name: str) -> Iterator[Part]:
    """The texts that a file holds, in the order in which they are to be imported.

    Args:
        file: The file, at its start.
        name: What to call it.

    Raises:
        InvalidInputError: It is no text, or packed in a way that is not known; also
            later, while it is read, where it is damaged.
    """
    head = file.peek(len(_XZ))
    if head.startswith(_ZIP):
        yield from _of_zip(file, name)
        return
    if head.startswith(_ZSTANDARD):
        raise InvalidInputError(
            "file",
            f"{name} is compressed by Zstandard; run `zstd -dc {name} | footfall"
            f" import - …`",
        )
    yield _part(name, _unpacked(file, head, name))


def _unpacked(file: BufferedReader, head: bytes, name: str) -> BufferedReader:
    if head.startswith(_GZIP):
        return _reading(gzip.GzipFile(fileobj=file), name)
    if head.startswith(_BZIP2):
        return _reading(bz2.BZ2File(file), name)
    if head.startswith(_XZ):
        return _reading(lzma.LZMAFile(file), name)
    return file


def _part(name: str, text: BufferedReader, table: str = "") -> Part:
    head = text.peek()
    if b"\x00" in head:
        raise InvalidInputError(
            "file",
            f"{name} is no text in UTF-8; import a log, or an export as it came",
        )
    return Part(name, table, text, is_empty=not head)


def _of_zip(file: BufferedReader, name: str) -> Iterator[Part]:
    if not file.seekable():
        raise InvalidInputError(
            "file", "a zip archive is not read from a pipe; give its name"
        )
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGED as error:
        raise _damaged(name, error) from error
    with archive:
        for member in _known(archive.namelist(), name):
            shown = f"{name}: {member}"
            try:
                opened = archive.open(member)
            except _DAMAGED as error:
                raise _damaged(shown, error) from error
            with opened:
                yield _part(shown, _reading(opened, shown), PurePosixPath(member).name)


def _known(members: list[str], name: str) -> list[str]:
    """The files of an archive that are imported, in their order."""
    files = [each for each in members if not each.endswith("/")]
    named = {PurePosixPath(each).name: each for each in files}
    tables = plausible.in_order(named) or goatcounter_stats.in_order(named)
    if tables:
        return [named[table] for table in tables]
    if umami.FILE in named:
        return [named[umami.FILE]]
    if len(files) == 1:
        return files
    shown = ", ".join(sorted(named)[:_NAMED_MAX]) or "nothing"
    raise InvalidInputError(
        "file",
        f"{name} holds {shown}, which is no export that is known; unpack it and"
        f" import a file of it",
    )


class _Unpacking(io.RawIOBase):
    """Reads what is unpacked, and says what is wrong with it."""

    def __init__(self, source: Any, name: str) -> None:
        self._source = source
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._source.read(len(buffer))
        except _DAMAGED as error:
            raise _damaged(self._name, error) from error
        buffer[: len(data)] = data
        return len(data)


def _reading(source: Any, name: str) -> BufferedReader:
    return BufferedReader(_Unpacking(source, name), _BUFFER_BYTES)


def _damaged(name: str, error: Exception) -> InvalidInputError:
    return InvalidInputError(
        "file",
        f"{name} cannot be unpacked ({error}); fetch it again and import the whole"
        f" file: what was counted of it counts once",
    )
