"""Files as they come: compressed, in archives, damaged, empty, and no text at all."""

import bz2
import contextlib
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import InvalidInputError
from footfall.transfer.archives import parts_of

TEXT = b"".join(b"a line, number %d\n" % number for number in range(9_000))


def opened(data: bytes) -> io.BufferedReader:
    raw: Any = io.BytesIO(data)
    return io.BufferedReader(raw)


def read(data: bytes) -> list[tuple[str, bytes]]:
    """The texts of a file, by their names."""
    file = opened(data)
    return [(part.name, part.text.read()) for part in parts_of(file, "file")]


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"export/{name}", content)
    return made.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        bz2.compress,
        lzma.compress,
        lambda text: zipped({"a.log": text}),
    ],
    ids=["plain", "gzip", "bzip2", "xz", "zip"],
)
def test_a_text_is_read_however_it_is_packed(pack: Callable[[bytes], bytes]) -> None:
    ((_, text),) = read(pack(TEXT))

    assert text == TEXT


def test_logs_that_were_compressed_one_by_one_are_one_text() -> None:
    """As `cat access.log.*.gz` makes of them."""
    ((_, text),) = read(gzip.compress(TEXT) + gzip.compress(b"more\n"))

    assert text == TEXT + b"more\n"


def test_an_archive_gives_what_is_known_of_it() -> None:
    """What the rest needs first: totals, and pages; or what ids mean, and views."""
    tables = ("browsers", "pages", "sources", "visitors")
    named = {f"imported_{name}_20230209_20240123.csv": name.encode() for name in tables}

    assert [text for _, text in read(zipped({**named, "notes.txt": b""}))] == [
        *(b"visitors", b"pages", b"browsers", b"sources")
    ]
    statistics = {"hit_stats": b"2", "size_stats": b"3", "info": b"", "paths": b"1"}
    goatcounter = zipped({f"{name}.jsonl": text for name, text in statistics.items()})
    assert [text for _, text in read(goatcounter)] == [b"1", b"2", b"3"]
    umami = {"website_event.csv": b"events", "event_data.csv": b"", "b.csv": b""}
    assert read(zipped(umami)) == [("file: export/website_event.csv", b"events")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(TEXT, mtime=0)[:-9], "cannot be unpacked"),
        (b"\x1f\x8bnothing of the kind", "cannot be unpacked"),
        (bz2.compress(TEXT)[:-9], "cannot be unpacked"),
        (lzma.compress(TEXT)[:99] + b"x" * 99, "cannot be unpacked"),
        (b"PK\x03\x04 and nothing else", "cannot be unpacked"),
        (zipped({"a": b"", "b": b""}), "no export that is known"),
        (zipped({}), "holds nothing"),
        (b"\x28\xb5\x2f\xfd" + TEXT, "zstd -dc"),
        (b"SQLite format 3\x00", "is no text"),
        ("date,visits\n".encode("utf-16"), "is no text"),
        (gzip.compress(b"\x00" * 99, mtime=0), "is no text"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        read(data)


def test_an_empty_file_is_said_to_be() -> None:
    """A log that was just rotated is one, and no error."""
    for data in (b"", gzip.compress(b"")):
        file = opened(data)
        assert [part.is_empty for part in parts_of(file, "file")] == [True]


heads = st.sampled_from([b"", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00", b"PK\x03\x04"])


@given(heads, st.binary(max_size=300))
def test_whatever_bytes_come_they_are_read_or_refused(head: bytes, rest: bytes) -> None:
    """Never with a traceback."""
    with contextlib.suppress(InvalidInputError):
        read(head + rest)
