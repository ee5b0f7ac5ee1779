"""A copy of the database file, whole and durable, while others read and write.

SQLite's online backup copies pages from a transaction's snapshot, so what is copied
stood at one moment, and nobody waits. The copy is a database of its own: it needs no log
beside it. Rejected: `VACUUM INTO`, which rewrites every row and reports no progress.
"""

import sqlite3
from collections.abc import Callable

from footfall.embedded.disk import StoreFileError, explained

_PAGES_AT_ONCE = 1_024  # between two reports of how far it is: some milliseconds


def copy_database(
    source: sqlite3.Connection,
    path: str,
    on_pages: Callable[[int, int], None],
    check: str,
) -> None:
    """Write a database to a new file, durably, and see that it is whole.

    Args:
        source: A connection in a transaction: its snapshot is what is written.
        path: A file that is not there.
        on_pages: Told now and again how many pages of how many are written.
        check: The statement that answers "ok" of a database that is whole.

    Raises:
        StoreFileError: It could not be written, or what was written is damaged.
    """
    try:
        target = sqlite3.connect(path, isolation_level=None)
        try:
            source.backup(
                target,
                pages=_PAGES_AT_ONCE,
                progress=lambda _, left, of: on_pages(of - left, of),
            )
            (found,) = target.execute(check).fetchone()
        finally:
            target.close()
    except sqlite3.Error as error:
        raise StoreFileError(explained(path, error)) from error
    if found != "ok":
        raise StoreFileError(f"the copy {path!r} is damaged: {found}")
