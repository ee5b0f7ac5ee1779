"""A file's lines, one after the other: bounded, numbered, and followed as it grows."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

LINE_BYTES_MAX = 65_536
FOLLOW_SECONDS = 0.5  # between looks at a file that has not grown

TOO_LONG = b""  # stands for a line that has more than `LINE_BYTES_MAX`


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, without their ends; `TOO_LONG` for one that is too long.

    An empty line is a line of one space, so that nothing else is `TOO_LONG`.
    """
    while line := file.readline(LINE_BYTES_MAX):
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            while (rest := file.readline(LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
                pass
            yield TOO_LONG
            continue
        yield line.rstrip(b"\r\n") or b" "


def followed(
    path: Path,
    is_stopped: Callable[[], bool],
    on_pause: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[bytes]:
    """The lines of a file, as `lines_of`, and those that are written to it later.

    A log that is rotated is followed: the file that has its name now is read from its
    start when the one before it is at its end; one that was cut short, anew.

    Args:
        path: The file; where it is missing it is waited for.
        is_stopped: Whether to end.
        on_pause: Called when all lines that are there have been told.
        sleep: Waits some seconds.
    """
    while not is_stopped():
        try:
            file = path.open("rb")
        except FileNotFoundError:
            on_pause()
            sleep(FOLLOW_SECONDS)
            continue
        with file:
            yield from _until_replaced(path, file, is_stopped, on_pause, sleep)


def _until_replaced(
    path: Path,
    file: BinaryIO,
    is_stopped: Callable[[], bool],
    on_pause: Callable[[], None],
    sleep: Callable[[float], None],
) -> Iterator[bytes]:
    while not is_stopped():
        replaced = _is_replaced(path, file)
        start = file.tell()
        # A line is read when its end is written.
        yield from _whole_lines(file, is_stopped)
        if file.tell() != start:
            continue
        if replaced:
            rest = file.read(LINE_BYTES_MAX)
            if rest:
                yield rest.rstrip(b"\r\n")
            return
        on_pause()
        sleep(FOLLOW_SECONDS)


def _whole_lines(file: BinaryIO, is_stopped: Callable[[], bool]) -> Iterator[bytes]:
    while not is_stopped():
        start = file.tell()
        line = file.readline(LINE_BYTES_MAX)
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            while (rest := file.readline(LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
                pass
            yield TOO_LONG
        elif line.endswith(b"\n"):
            yield line.rstrip(b"\r\n") or b" "
        else:
            file.seek(start)
            return


def _is_replaced(path: Path, file: BinaryIO) -> bool:
    """Whether another file has the name now, or this one was cut short."""
    here = os.fstat(file.fileno())
    if here.st_size < file.tell():
        return True
    try:
        there = path.stat()
    except FileNotFoundError:
        return False  # between its renaming and the new one's making
    return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)
