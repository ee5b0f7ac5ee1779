"""Tables of items in one SQLite database: all SQL is here and in `statements`.

A DynamoDB table is an SQL table of its own, clustered by its key:

    items_ID (pk, sk, expires, item)   primary key (pk, sk), without rowid

`pk` and `sk` are the key's values as bytes that sort as DynamoDB sorts them
(`attribute.key_bytes`); a table without a sort key has an empty `sk`. Clustering
makes keys that grow with time an append, which is what receipts are. `item` is the
item in MessagePack, `expires` its time to live in seconds, if it has one.

A secondary index is two more columns and an SQL index over them:

    hk_N, rk_N    the item's key in index N, NULL if it is not in it
    items_ID_N    on (hk_N, rk_N, pk, sk), of the rows that are in it

So SQLite itself keeps an index true to its table, in the same transaction, whoever
writes or deletes a row; and a table without indexes costs what it did.

Durability: write-ahead log, synchronous=FULL, so COMMIT returns after an fsync.

Processes: BEGIN IMMEDIATE takes the one write lock of the file and waits for it.
Table definitions are remembered until `PRAGMA data_version` tells that another
connection has changed the file.

Threads: one writing connection under a lock; on disk whoever reads takes a connection
of its own for that time and reads a snapshot, so that nobody waits for a writer.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from footfall.embedded.attribute import Item
from footfall.embedded.backup import copy_database
from footfall.embedded.disk import (
    BUSY_SECONDS,
    DiskFailedError,
    Identity,
    StoppedError,
    StoreFileError,
    execute_patiently,
    explained,
    meaning,
    unwritable,
)
from footfall.embedded.measures import Measures, Size
from footfall.embedded.schema import NOWHERE, Index, Key, Span, Table, expiry_of
from footfall.embedded.statements import (
    put_rows,
    select_keys,
    span_conditions,
    sql_name,
)

MEMORY = ":memory:"
APPLICATION_ID = 0x466F6F74  # "Foot": SQLite's mark of whose database a file is
FORMAT_VERSION = 2  # the newest we know; a file has it once a table has an index
_FORMAT_VERSION_FIRST = 1  # and this until then, so that older versions still open it
CACHE_KIB = 16_384
READER_CACHE_KIB = 2_048  # each reading thread has one
_ROWS_AT_ONCE = 128  # of one statement; SQLite takes 32,766 parameters
_ROWS_IN_PASSING = 1_000  # of a whole table that is rewritten; keeps memory flat

_SCHEMA = """
CREATE TABLE tables (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition BLOB NOT NULL
) STRICT;
CREATE TABLE tokens (
    token TEXT PRIMARY KEY, digest BLOB NOT NULL, stored REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_age ON tokens (stored);
"""

_decode: Any = msgspec.msgpack.Decoder().decode
_encode = msgspec.msgpack.Encoder().encode
_decode_table = msgspec.msgpack.Decoder(Table).decode


class Session:
    """One SQLite transaction: what is read and written belongs together."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        tables: dict[str, Table],
        measures: Measures,
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._measures = measures

    @property
    def rows_written(self) -> int:
        """Rows that the connection has written so far, in any transaction."""
        return self._connection.total_changes

    # Tables

    def table(self, name: str) -> Table | None:
        """The table's definition, None if there is none of that name."""
        return self._tables.get(name)

    def table_names(self) -> list[str]:
        """The names of all tables, sorted."""
        return sorted(self._tables)

    def create_table(self, table: Table) -> Table:
        """Make a table; returns its definition with its id."""
        cursor = self._connection.execute(
            "INSERT INTO tables (name, definition) VALUES (?, ?)",
            (table.name, _encode(table)),
        )
        assert cursor.lastrowid is not None
        bare = msgspec.structs.replace(table, id=cursor.lastrowid, indexes=())
        self._connection.execute(
            f"CREATE TABLE {sql_name(bare)} ("
            " pk BLOB NOT NULL, sk BLOB NOT NULL, expires INTEGER, item BLOB NOT NULL,"
            " PRIMARY KEY (pk, sk)) STRICT, WITHOUT ROWID"
        )
        self.update_table(bare)
        made = bare
        for index in table.indexes:
            made = self.create_index(made, index)
        return made

    def update_table(self, table: Table) -> None:
        """Store another definition of a table that exists."""
        self._connection.execute(
            "UPDATE tables SET definition = ? WHERE id = ?", (_encode(table), table.id)
        )
        self._tables[table.name] = table

    def delete_table(self, table: Table) -> None:
        """Delete a table and its items."""
        self._connection.execute("DELETE FROM tables WHERE id = ?", (table.id,))
        self._connection.execute(f"DROP TABLE {sql_name(table)}")
        del self._tables[table.name]

    def measure(self, table: Table, index: Index | None = None) -> Size:
        """How many items a table, or an index, has, and their stored bytes."""
        number, where = 0, ""
        if index is not None:
            number, where = index.id, f" WHERE hk_{index.id:d} IS NOT NULL"

        def count() -> Size:
            items, size = self._connection.execute(
                "SELECT count(*), coalesce(sum(length(item)), 0)"
                f" FROM {sql_name(table)}{where}"
            ).fetchone()
            return items, size

        return self._measures.size((table.id, number), count)

    def set_expiry(self, table: Table, attribute: str | None) -> None:
        """Note each item's time to live anew, after the attribute changed."""
        statement = f"UPDATE {sql_name(table)} SET expires = ? WHERE pk = ? AND sk = ?"
        for rows in self._all_rows(table):
            self._connection.executemany(
                statement,
                [(expiry_of(item, attribute), *key) for key, item in rows],
            )

    # Indexes

    def create_index(self, table: Table, index: Index) -> Table:
        """Make an index of what the table holds; returns the table's definition.

        An item that cannot be in the index, as an attribute of its key has another
        type or is empty or too long, is left out: what is stored stays.
        """
        number = max((each.id for each in table.indexes), default=0) + 1
        index = msgspec.structs.replace(index, id=number)
        name = sql_name(table)
        for column in (f"hk_{number:d}", f"rk_{number:d}"):
            self._connection.execute(f"ALTER TABLE {name} ADD COLUMN {column} BLOB")
        self._connection.execute(
            f"CREATE INDEX {name}_{number:d} ON {name}"
            f" (hk_{number:d}, rk_{number:d}, pk, sk) WHERE hk_{number:d} IS NOT NULL"
        )
        statement = (
            f"UPDATE {name} SET hk_{number:d} = ?, rk_{number:d} = ?"
            " WHERE pk = ? AND sk = ?"
        )
        for rows in self._all_rows(table):
            self._connection.executemany(
                statement, [(*index.place_if_any(item), *key) for key, item in rows]
            )
        self._connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        changed = msgspec.structs.replace(table, indexes=(*table.indexes, index))
        self.update_table(changed)
        return changed

    def delete_index(self, table: Table, index: Index) -> Table:
        """Delete an index; returns the table's definition."""
        name = sql_name(table)
        self._connection.execute(f"DROP INDEX {name}_{index.id:d}")
        for column in (f"hk_{index.id:d}", f"rk_{index.id:d}"):
            self._connection.execute(f"ALTER TABLE {name} DROP COLUMN {column}")
        rest = tuple(each for each in table.indexes if each.name != index.name)
        changed = msgspec.structs.replace(table, indexes=rest)
        self.update_table(changed)
        return changed

    def _all_rows(self, table: Table) -> Iterator[list[tuple[Key, Item]]]:
        """All items, some at a time, so that they may be written meanwhile."""
        name = sql_name(table)
        pk, sk = b"", b""  # before every key
        while rows := self._connection.execute(
            f"SELECT pk, sk, item FROM {name} WHERE (pk, sk) > (?, ?)"
            " ORDER BY pk, sk LIMIT ?",
            (pk, sk, _ROWS_IN_PASSING),
        ).fetchall():
            yield [((pk, sk), _decode(item)) for pk, sk, item in rows]
            pk, sk, _ = rows[-1]

    # Items

    def get(self, table: Table, key: Key) -> Item | None:
        """The item at a key."""
        row = self._connection.execute(
            f"SELECT item FROM {sql_name(table)} WHERE pk = ? AND sk = ?", key
        ).fetchone()
        return _decode(row[0]) if row else None

    def get_many(self, table: Table, keys: Sequence[Key]) -> dict[Key, Item]:
        """The items that exist of some keys; quicker than to get each."""
        found: dict[Key, Item] = {}
        name, is_sorted = sql_name(table), len(table.keys) > 1
        for start in range(0, len(keys), _ROWS_AT_ONCE):
            chunk = keys[start : start + _ROWS_AT_ONCE]
            values: list[Any] = (
                [part for key in chunk for part in key]
                if is_sorted
                else [key[0] for key in chunk]
            )
            rows = self._connection.execute(
                select_keys(name, len(chunk), is_sorted), values
            )
            for pk, sk, item in rows:
                found[pk, sk] = _decode(item)
        return found

    def put(self, table: Table, rows: Sequence[tuple[Key, Item, bytes]]) -> None:
        """Store items, with their encodings, in place of what was at their keys."""
        name, attribute = sql_name(table), table.ttl_attribute
        indexes = table.indexes
        numbers = tuple([index.id for index in indexes]) if indexes else ()
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            chunk = rows[start : start + _ROWS_AT_ONCE]
            values: list[Any] = []
            for (pk, sk), item, encoded in chunk:
                values += (pk, sk, expiry_of(item, attribute), encoded)
                for index in indexes:
                    values += index.place(item) or NOWHERE
            self._connection.execute(put_rows(name, len(chunk), numbers), values)

    def delete(self, table: Table, keys: Iterable[Key]) -> None:
        """Delete the items at some keys; those without an item are fine."""
        self._connection.executemany(
            f"DELETE FROM {sql_name(table)} WHERE pk = ? AND sk = ?", keys
        )

    def read(
        self, table: Table, span: Span, index: Index | None = None
    ) -> Iterator[tuple[tuple[bytes, ...], Item, int]]:
        """The items of a span, in order, with their places and their stored bytes.

        An item's place is its key, (pk, sk); in an index it is its key there and then
        the table's, (hk, rk, pk, sk), which is the order of its items.
        """
        source = sql_name(table)
        columns: tuple[str, ...] = ("pk", "sk")
        conditions: list[str] = []
        if index is not None:
            columns = (f"hk_{index.id:d}", f"rk_{index.id:d}", *columns)
            source += f" INDEXED BY {source}_{index.id:d}"
            conditions.append(f"{columns[0]} IS NOT NULL")
        more, values = span_conditions(span, columns)
        conditions += more
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        direction = " DESC" if span.descending else ""
        order = ", ".join(f"{column}{direction}" for column in columns)
        cursor = self._connection.execute(
            f"SELECT item, {', '.join(columns)} FROM {source}{where} ORDER BY {order}",
            values,
        )
        try:
            for row in cursor:
                item = row[0]
                yield row[1:], _decode(item), len(item)
        finally:
            cursor.close()

    def delete_expired(
        self, table: Table, after: Key | None, rows_max: int, from_: int, until: int
    ) -> tuple[Key | None, int]:
        """Look at some rows from a place on, and delete those whose time has come.

        Args:
            table: The table, which has a time to live.
            after: The last key looked at before; None begins again.
            rows_max: How many rows to look at.
            from_: The earliest time to live that expires, seconds since the epoch.
            until: The latest one.

        Returns:
            The last key looked at, None at the table's end; and how many were deleted.
        """
        name = sql_name(table)
        pk, sk = after or (b"", b"")
        rows = self._connection.execute(
            f"SELECT pk, sk, expires FROM {name} WHERE (pk, sk) > (?, ?)"
            f" ORDER BY pk, sk LIMIT ?",
            (pk, sk, rows_max),
        ).fetchall()
        expired = [
            (pk, sk)
            for pk, sk, expires in rows
            if expires is not None and from_ <= expires <= until
        ]
        self.delete(table, expired)
        last = (rows[-1][0], rows[-1][1]) if len(rows) == rows_max else None
        return last, len(expired)

    # Tokens of transactions

    def token(self, token: str, since: float) -> bytes | None:
        """The digest of the request that a token came with, since some time."""
        row = self._connection.execute(
            "SELECT digest FROM tokens WHERE token = ? AND stored >= ?", (token, since)
        ).fetchone()
        return row[0] if row else None

    def put_token(self, token: str, digest: bytes, now: float) -> None:
        """Remember a token."""
        self._connection.execute(
            "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?)", (token, digest, now)
        )

    def forget_tokens(self, before: float) -> None:
        """Forget the tokens that are older."""
        self._connection.execute("DELETE FROM tokens WHERE stored < ?", (before,))


class _Connection:
    """A connection, and the tables' definitions as it saw them last."""

    def __init__(self, path: str, measures: Measures) -> None:
        self._measures = measures
        self.sqlite = sqlite3.connect(
            path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        self.sqlite.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._tables: dict[str, Table] = {}
        self._version: int | None = None

    def session(self) -> Session:
        """What runs in the transaction that has begun."""
        (version,) = self.sqlite.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            rows = self.sqlite.execute("SELECT name, definition FROM tables")
            self._tables = {name: _decode_table(each) for name, each in rows}
            self._version = version
        return Session(self.sqlite, self._tables, self._measures)

    def undo(self) -> None:
        """Roll back, and forget the definitions, which may be of what is undone."""
        self._version = None
        if self.sqlite.in_transaction:
            self.sqlite.execute("ROLLBACK")


class Storage:
    """The database file, its writing connection and its readers'.

    Args:
        path: A file's path, made if it is missing, or ":memory:".

    Raises:
        StoreFileError: The file is no store, cannot be written, or is too new.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        # Readers that nobody uses now; there are as many as ever read at once.
        self._readers: list[_Connection] = []
        self._readers_lock = threading.Lock()
        self._closed = False
        self._identity: Identity | None = None
        self._measures = Measures()
        self._failure = ""  # what the disk said when it failed
        try:
            self._writer = _Connection(path, self._measures)
        except sqlite3.Error as error:
            raise StoreFileError(explained(path, error)) from error
        try:
            self._prepare(self._writer.sqlite)
        except sqlite3.Error as error:
            self.close()
            raise StoreFileError(explained(path, error)) from error
        except StoreFileError:
            self.close()
            raise
        if not self.in_memory:
            # The program may change its folder; where the file is does not change.
            self.path = os.path.abspath(path)
            self._identity = Identity(path)

    @property
    def in_memory(self) -> bool:
        """Whether nothing outlives the process."""
        return self.path == MEMORY

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that writes; committed, with an fsync, when the block ends.

        Only one thread may be in it. An exception of the block rolls it back.

        After a failed fsync the system may have dropped the pages that it could not
        write, and the next fsync succeeds without them. So once the disk has failed
        this process neither reads nor writes any more; another one begins with what is
        on the disk, which the log's checksums tell.

        Raises:
            DiskFullError: There is no room. Nothing was written.
            DiskFailedError: Whether it was written is unknown.
            StoppedError: The file is gone or read-only, or the disk had failed before.
                Nothing was written.
            FileBusyError: Another process holds the file. Nothing was written.
            sqlite3.Error: SQLite refused; whether it was written is unknown.
        """
        self._require_disk()
        try:
            execute_patiently(self._writer.sqlite, "BEGIN IMMEDIATE")
            yield self._writer.session()
            self._writer.sqlite.execute("COMMIT")
        except sqlite3.Error as error:
            self._writer.undo()
            raise self._note(error) from error
        except BaseException:
            self._writer.undo()
            raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that reads one snapshot, beside any writer.

        In memory there is one connection, so the caller must hold the writer's lock.

        Raises:
            StoppedError: The file is gone, or the disk has failed.
        """
        with self._snapshot() as reader:
            yield reader.session()

    @contextmanager
    def _snapshot(self) -> Iterator[_Connection]:
        """A connection in a transaction that reads what stood when it first read."""
        self._require_disk()
        reader = self._writer if self.in_memory else self._take_reader()
        try:
            reader.sqlite.execute("BEGIN")
            try:
                reader.session()
                yield reader
            finally:
                reader.sqlite.execute("COMMIT")
        finally:
            if reader is not self._writer:
                self._give_back(reader)

    def copy_to(self, path: str, on_pages: Callable[[int, int], None]) -> None:
        """Write what stands now to a new file; others read and write meanwhile.

        As `backup.copy_database`; in memory the caller must hold the writer's lock.
        """
        with self._snapshot() as reader:
            copy_database(reader.sqlite, path, on_pages, "PRAGMA integrity_check(1)")

    def empty_log(self) -> None:
        """Write the log into the file and empty it, unless others read of it now."""
        self._require_disk()
        self._writer.sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close every connection; whoever reads or writes afterwards gets an error."""
        self._identity = None  # the last that closes a file removes its log
        with self._readers_lock:
            self._closed = True
            readers, self._readers = self._readers, []
        for connection in (self._writer, *readers):
            connection.sqlite.close()

    def _require_disk(self) -> None:
        if self._failure:
            raise StoppedError(
                f"The disk failed earlier ({self._failure}) and nothing was done; mend"
                " it, then start the program again"
            )
        if self._identity is not None:
            self._identity.require()

    def _note(self, error: sqlite3.Error) -> Exception:
        """What an error at a write says; remembered, if the disk failed."""
        failure = meaning(error)
        if isinstance(failure, DiskFailedError):
            self._failure = str(failure)
        return failure

    def _take_reader(self) -> _Connection:
        with self._readers_lock:
            if self._closed:
                raise sqlite3.ProgrammingError("the store is closed")
            if self._readers:
                return self._readers.pop()
        reader = _Connection(self.path, self._measures)
        reader.sqlite.execute("PRAGMA query_only = ON")
        reader.sqlite.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
        return reader

    def _give_back(self, reader: _Connection) -> None:
        with self._readers_lock:
            if not self._closed:
                self._readers.append(reader)
                return
        reader.sqlite.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """See whose file it is; make it ours if it is new."""
        connection.execute("BEGIN")  # one moment, while another process may make it
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("COMMIT")
        if application != APPLICATION_ID and (application or version or objects):
            raise StoreFileError(
                f"{self.path!r} is another program's SQLite database; name another file"
            )
        # SQLite tells only at the first write, and only if its log was there before
        if not self.in_memory and not os.access(self.path, os.W_OK):
            raise StoreFileError(unwritable(self.path))
        if version > FORMAT_VERSION:
            raise StoreFileError(
                f"{self.path!r} was written by a newer version of Footfall (format"
                f" {version}, this one knows {FORMAT_VERSION}); upgrade Footfall"
            )
        execute_patiently(connection, "PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("BEGIN IMMEDIATE")  # fails here if it cannot be written
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {_FORMAT_VERSION_FIRST}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA busy_timeout = 0")  # `execute_patiently` waits


def encode_item(item: Item) -> bytes:
    """The item as it is stored: never shorter than DynamoDB's own size of it."""
    return _encode(item)
