"""A terminal of a known size, and a person at it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.processes import FOOTFALL

CTRL_C = "\x03"
LINES = 40
PATIENCE_SECONDS = 2

# What is shown, and what a person does then: types keys, or something elsewhere.
Step = tuple[str, str | Callable[[], object]]


class Terminal:
    """`footfall` on a terminal: what it shows, and how it ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.status: int | None = None

    def run(
        self,
        *arguments: str,
        columns: int = 80,
        typed: str = "",
        until: str | None = None,
        steps: Sequence[Step] = (),
        **environment: str,
    ) -> str:
        """Run a command and return what it shows, with line ends as in text.

        Args:
            arguments: The command's.
            columns: The terminal's width.
            typed: What a person types, at once.
            until: Press Ctrl+C when this is shown.
            steps: What a person does, each when its text is shown behind the one before.
            environment: Further variables.
        """
        ours, theirs = pty.openpty()
        size = struct.pack("HHHH", LINES, columns, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        process = subprocess.Popen(
            [FOOTFALL, *arguments],
            cwd=self.folder,
            env={**os.environ, "TERM": "xterm-256color", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # So that Ctrl+C reaches it, as in a shell
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        os.write(ours, typed.encode())
        shown, seen = b"", 0
        waiting = [*steps, *([(until, CTRL_C)] if until is not None else [])]
        is_interrupted = False
        while True:
            # A Ctrl+C just before Python waits for a line goes unseen: press it again.
            if (
                is_interrupted
                and not select.select([ours], [], [], PATIENCE_SECONDS)[0]
            ):
                os.write(ours, CTRL_C.encode())
            if not (part := _read(ours)):
                break
            shown += part
            while waiting and (at := shown.find(waiting[0][0].encode(), seen)) >= 0:
                text, act = waiting.pop(0)
                seen = at + len(text.encode())
                if callable(act):
                    act()
                else:
                    os.write(ours, act.encode())
                    is_interrupted = act == CTRL_C
        os.close(ours)
        self.status = process.wait(20)
        return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other end is closed
        return b""


def plain(shown: str) -> list[str]:
    """The lines without colours and spaces at their ends."""
    return [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", shown).split("\n")]
