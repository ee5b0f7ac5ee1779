"""A progress bar on standard error, where somebody looks; else nothing."""

import os
import stat
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO, Self

_STEP_BYTES = 262_144  # a bar that moves with each line would cost more than it


class Progress:
    """How much of something is done.

    Args:
        of: How much there is, or the file whose bytes are counted; 0 where nobody
            knows.
        unit: What is counted, where it is not bytes.
    """

    def __init__(self, of: int | BinaryIO, unit: str = "") -> None:
        self._total = of if isinstance(of, int) else _size(of)
        self._file = None if isinstance(of, int) or not self._total else of
        self._unit = unit
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = _bar(self._unit)
            self._task = self._bar.add_task("", total=self._total or None)
            self._bar.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is None:
            return
        if exc_type is None and self._total:
            self._bar.update(self._task, completed=self._total)
        self._bar.stop()

    def of_lines(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        """The same lines, counted by their bytes as they go by."""
        if self._bar is None:
            yield from lines
            return
        done = 0
        for line in lines:
            done += len(line) + 1
            if done >= _STEP_BYTES:
                self.read(done)
                done = 0
            yield line

    def at(self, done: int, of: int) -> None:
        """So much of so much is done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=of)

    def read(self, amount: int) -> None:
        """So many bytes more were read; of a file that is unpacked, where it stands."""
        if self._bar is not None and self._file is not None:
            self._bar.update(self._task, completed=self._file.tell())
        else:
            self.add(amount)

    def add(self, amount: int) -> None:
        """So much more is done."""
        if self._bar is not None:
            self._bar.advance(self._task, amount)


def _size(file: BinaryIO) -> int:
    """The bytes of a file; 0 of a pipe."""
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _bar(unit: str) -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (MofNCompleteColumn(), TextColumn(unit)) if unit else (DownloadColumn(),)
    return Bar(
        BarColumn(), *columns, TimeRemainingColumn(), console=Console(stderr=True)
    )
