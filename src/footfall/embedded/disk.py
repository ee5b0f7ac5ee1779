"""What goes wrong with the database file, and how it is said.

SQLite's codes become the errors that a caller can act on: is there no room, does the
disk fail, is another process at it, or can the file not be used at all?

A file can also go while it is open: whoever moves or removes it, or its log, leaves us
writing to what no name leads to any more, and SQLite does not notice. So `Identity` looks
before each transaction whether the names still lead to the files that are open.
"""

import os
import random
import sqlite3
import time

BUSY_SECONDS = 30.0
BUSY_PAUSE_SECONDS = 0.001
_PRIMARY_CODE = 0xFF  # of an extended result code of SQLite


class StoreFileError(Exception):
    """The file cannot be used as a store; the message says why and what to do."""


class DiskFullError(Exception):
    """There was no room; what was to be written is rolled back, and nothing is."""


class DiskFailedError(Exception):
    """The disk failed while it wrote; what of it is stored nobody knows."""


class FileBusyError(Exception):
    """Another process holds the file too long; nothing was written."""


class StoppedError(Exception):
    """The file cannot be used any more, and nothing was read or written now.

    The message says why and what to do.
    """


class Identity:
    """The file that a path leads to, and its log: those that were opened.

    Args:
        path: The database's, which is open.
    """

    def __init__(self, path: str) -> None:
        database = os.path.realpath(path)  # SQLite's log lies beside the file itself
        self._opened = {name: _inode(name) for name in (database, f"{database}-wal")}

    def require(self) -> None:
        """See that they are where they were.

        Raises:
            StoppedError: One was moved, removed or replaced.
        """
        for name, opened in self._opened.items():
            if _inode(name) != opened:
                raise StoppedError(
                    f"{name!r} was moved, removed or replaced while it was open, and"
                    " nothing was done; put it back, or start the program again"
                )


def _inode(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def meaning(error: sqlite3.Error) -> Exception:
    """What an error at a write says of the disk; itself if nothing."""
    match getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE:
        case sqlite3.SQLITE_FULL:
            # The frame that commits is the last that is written, so it is not
            # there: the log is padded behind it on no file system of today.
            return DiskFullError(str(error))
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DiskFailedError(str(error))
        case sqlite3.SQLITE_READONLY:
            return StoppedError(
                f"The store's file cannot be written ({error}) and nothing was; give"
                " this user write access to it and its folder, then start the program"
                " again"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return FileBusyError(str(error))
        case _:
            return error


def explained(path: str, error: sqlite3.Error) -> str:
    """Why a file cannot be opened, and what to do."""
    code = getattr(error, "sqlite_errorname", "")
    if code == "SQLITE_NOTADB":
        return f"{path!r} is not a database; name another file"
    if code.startswith("SQLITE_CORRUPT"):
        return f"{path!r} is damaged ({error}); restore it from a backup"
    if code.startswith("SQLITE_READONLY"):
        return unwritable(path)
    if code.startswith("SQLITE_CANTOPEN"):
        if os.path.isdir(path):
            return f"{path!r} is a folder; name a file"
        if os.path.exists(path):
            return f"{path!r} cannot be read; give this user access to it"
        return f"{path!r} cannot be opened; its folder must exist and be writable"
    if code.startswith("SQLITE_BUSY"):
        return f"{path!r} is held by another program; stop it and try again"
    if code.startswith("SQLITE_FULL"):
        return f"there is no room for {path!r}; free some space on its disk"
    if code.startswith("SQLITE_IOERR"):
        return f"the disk of {path!r} fails ({error}); mend it"
    return f"{path!r} cannot be opened: {error}"


def unwritable(path: str) -> str:
    """That a file, or the log beside it, may not be written, and what to do."""
    return f"{path!r} cannot be written; give the user write access to it"


def execute_patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Run a statement that needs the file's one write lock, waiting for whoever has it.

    SQLite's own waiting sleeps up to a tenth of a second between tries, and whoever
    sleeps so long is overtaken again and again; and for the switch to a write-ahead log
    it does not wait at all. A short and random pause is fair.

    Raises:
        sqlite3.OperationalError: The lock was not to be had in `BUSY_SECONDS`.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0, BUSY_PAUSE_SECONDS))
        else:
            return
