"""`footfall backup` and `restore`: a store that is a file, copied while it is used.

The copy is written beside its place under another name, checked, and put there by a link,
which never replaces a file: whoever kills the command leaves the old state or the new.
SIGTERM ends it as Ctrl+C does, and what was written is taken away; after SIGKILL the next
run of the command does that.
"""

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from footfall.cli.agreement import sites_and_agreement
from footfall.cli.options import store_location, store_options
from footfall.cli.output import say
from footfall.cli.progress import Progress
from footfall.connect import DYNAMODB, MEMORY, missing_tables
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.errors import (
    AlreadyExistsError,
    InvalidInputError,
    StoreError,
)

_PARTIAL = ".partial"
# SQLite's own files beside a database. A log that outlived its database would be
# applied to whatever is put in its place.
_BESIDE = ("-wal", "-shm", "-journal")


@click.command(short_help="Copy the store to FILE while it is used.")
@click.argument("file", type=click.Path(path_type=Path))
@store_options
def backup(file: Path, **settings: Any) -> int:
    """Copy the store to FILE, as it stands at one moment, while it is used.

    Every visit that was counted before is in it. FILE must not be there; it is checked
    as `footfall verify` does.

    \b
    Examples:
      footfall backup visits-2026-11-25.db
      footfall backup /mnt/backups/visits.db --store visits.db
    """
    options = store_location(settings)
    source = _require_file(options.store, "backup")
    _require_source(
        source, "no store {} to back up; --store or FOOTFALL_STORE names another"
    )
    _require_free(file, "name another file for the backup")
    sites, agreed = _copy(source, file, options.table_prefix)
    say(f"copied {source} with {sites} sites to {file}")
    return 0 if agreed else 1


@click.command(short_help="Make the store of a backup.")
@click.argument("file", type=click.Path(path_type=Path))
@store_options
def restore(file: Path, **settings: Any) -> int:
    """Make the store of FILE, a backup.

    The store must not be there: move it away first.

    \b
    Example:
      footfall restore visits-2026-11-25.db --store visits.db
    """
    options = store_location(settings)
    target = _require_file(options.store, "restore")
    _require_source(
        file, "no backup {} to restore; name the file that `footfall backup` made"
    )
    _require_free(
        target,
        "stop its server and move it away, with the files beside it that end in -wal"
        " and -shm, or name another by --store",
    )
    sites, agreed = _copy(file, target, options.table_prefix)
    say(f"restored {target} with {sites} sites from {file}")
    return 0 if agreed else 1


def _require_file(location: str, command: str) -> Path:
    """The store's path, if it is a file."""
    if location.startswith(DYNAMODB):
        raise InvalidInputError(
            "store",
            f"`footfall {command}` is for files; on DynamoDB switch on point-in-time"
            " recovery, which restores tables to any second of the last 35 days, or"
            " run `footfall copy`",
        )
    if location == MEMORY or not location or "://" in location:
        raise InvalidInputError("store", f"{location!r} is no file")
    return Path(location)


def _require_source(source: Path, missing: str) -> None:
    if not source.is_file():
        raise StoreError(f"there is {missing.format(repr(str(source)))}")
    if not source.stat().st_size:
        raise StoreError(f"{str(source)!r} is empty, so no store is in it")


def _require_free(target: Path, remedy: str) -> None:
    for each in (target, *(Path(f"{target}{suffix}") for suffix in _BESIDE)):
        if os.path.lexists(each):
            raise AlreadyExistsError(f"the file {str(each)!r}", remedy)
    if not target.parent.is_dir():
        raise StoreError(f"the folder of {str(target)!r} is missing; make it first")


def _copy(source: Path, target: Path, prefix: str) -> tuple[int, bool]:
    """Copy a store; how many sites it has, and whether its numbers agree."""
    partial = Path(f"{target}{_PARTIAL}")
    _discard(partial)
    with _ended_by_sigterm():
        try:
            _write(source, partial)
            with _opened(partial) as client:
                found = _verified(Store(client, Tables(prefix)))
            _put_in_place(partial, target)
        finally:
            _discard(partial)
    return found


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl+C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _write(source: Path, partial: Path) -> None:
    with _opened(source) as client, Progress(0, "pages") as progress:
        from footfall.embedded import StoreFileError

        try:
            client.backup(str(partial), progress.at)
        except StoreFileError as error:
            raise StoreError(str(error)) from error
    # Nobody gets to read what could not be read before.
    partial.chmod(stat.S_IMODE(source.stat().st_mode))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from footfall.embedded import EmbeddedClient, StoreFileError

    try:
        client = EmbeddedClient(str(path))
    except StoreFileError as error:
        raise StoreError(str(error)) from error
    with client:
        yield client


def _verified(store: Store) -> tuple[int, bool]:
    if missing_tables(store):
        return 0, True  # a file of `footfall dynamodb`, with tables of its own
    return sites_and_agreement(store)


def _put_in_place(partial: Path, target: Path) -> None:
    """Give the copy its name, durably, unless somebody took the name meanwhile."""
    _sync(partial)
    try:
        os.link(partial, target)
    except FileExistsError:
        raise AlreadyExistsError(f"the file {str(target)!r}") from None
    except OSError as error:
        raise StoreError(f"{str(target)!r} cannot be made: {error}") from error
    partial.unlink()
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(partial: Path) -> None:
    for each in (partial, *(Path(f"{partial}{suffix}") for suffix in _BESIDE)):
        each.unlink(missing_ok=True)
