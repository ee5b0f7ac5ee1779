"""The database file: what it refuses to be, and what it keeps."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from footfall.embedded import EmbeddedClient
from footfall.embedded.disk import StoreFileError
from footfall.embedded.schema import Span, Table, expiry_of
from footfall.embedded.storage import (
    APPLICATION_ID,
    FORMAT_VERSION,
    Storage,
    encode_item,
)
from tests.contract.requests import create_table

TABLE = Table("items", (("id", "S"), ("at", "N")), 0.0, "unique")


def row(pk: bytes, sk: bytes = b"", **item: Any) -> Any:
    return (pk, sk), item, encode_item(item)


def refused(path: object) -> str:
    with pytest.raises(StoreFileError) as caught:
        Storage(str(path))
    return str(caught.value)


def test_a_text_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but longer than a header of SQLite is " * 20)

    assert refused(path) == f"{str(path)!r} is not a database; name another file"


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE users (name TEXT)")
    theirs.close()
    before = path.read_bytes()

    assert "another program's SQLite database" in refused(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("pragma", ["application_id", "user_version"])
def test_an_empty_database_with_somebodys_mark_is_left_alone(
    tmp_path: Path, pragma: str
) -> None:
    path = tmp_path / "theirs.db"
    theirs = sqlite3.connect(path)
    theirs.execute(f"PRAGMA {pragma} = 7")
    theirs.close()

    assert "another program's SQLite database" in refused(path)


def test_a_newer_format_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "newer.db"
    Storage(str(path)).close()
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    newer.close()

    words = refused(path)
    assert "written by a newer version of Footfall" in words
    assert "upgrade Footfall" in words


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{str(tmp_path)!r} is a folder; name a file"


def test_a_file_in_no_folder_cannot_be_made(tmp_path: Path) -> None:
    path = tmp_path / "no" / "such" / "folder.db"

    assert refused(path).endswith("its folder must exist and be writable")


def test_a_file_that_cannot_be_written_is_refused() -> None:
    """Nobody, not even root, writes below /proc."""
    assert "cannot be opened" in refused("/proc/footfall.db")


def test_a_read_only_database_is_refused(tmp_path: Path) -> None:
    """SQLite's own switch: root may write to any ordinary file."""
    path = tmp_path / "store.db"
    Storage(str(path)).close()

    class ReadOnly(Storage):
        def _prepare(self, connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA query_only = ON")
            super()._prepare(connection)

    with pytest.raises(StoreFileError, match="give the user write access to it"):
        ReadOnly(str(path))


def test_a_damaged_file_is_told_from_a_foreign_one(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    with EmbeddedClient(str(path)) as client:
        create(client)
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996  # the first page, behind SQLite's header
    path.write_bytes(content)

    words = refused(path)
    assert "is damaged" in words
    assert "restore it from a backup" in words


def test_a_file_that_another_holds_is_named_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "held.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    for module in ("disk", "storage"):
        monkeypatch.setattr(f"footfall.embedded.{module}.BUSY_SECONDS", 0.01)
    words = refused(path)
    holder.close()

    assert "is held by another program" in words


def test_an_error_without_a_name_is_told_as_it_is(tmp_path: Path) -> None:
    class Full(Storage):
        def _prepare(self, connection: sqlite3.Connection) -> None:
            raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(StoreFileError, match="cannot be opened: disk I/O error"):
        Full(str(tmp_path / "store.db"))


def create(client: EmbeddedClient, name: str = "items") -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_what_was_stored_is_there_again(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    with EmbeddedClient(path) as first:
        create(first)
        first.put_item(TableName="items", Item={"id": {"S": "x"}, "n": {"N": "1"}})
        described = first.describe_table(TableName="items")["Table"]
    with EmbeddedClient(path) as second:
        found = second.get_item(TableName="items", Key={"id": {"S": "x"}})["Item"]
        again = second.describe_table(TableName="items")["Table"]

    assert found == {"id": {"S": "x"}, "n": {"N": "1"}}
    assert again == described


def test_the_file_is_marked_as_ours_and_durable(tmp_path: Path) -> None:
    """COMMIT returns after an fsync: the log is synchronous, FULL is 2."""
    path = str(tmp_path / "store.db")
    storage = Storage(path)
    with storage.writing() as session:
        (synchronous,) = session._connection.execute("PRAGMA synchronous").fetchone()
        (journal,) = session._connection.execute("PRAGMA journal_mode").fetchone()
        (mark,) = session._connection.execute("PRAGMA application_id").fetchone()
    storage.close()

    assert (synchronous, journal, mark) == (2, "wal", APPLICATION_ID)


def test_an_exception_undoes_the_block_and_its_tables(tmp_path: Path) -> None:
    """The second table has the first one's name."""
    storage = Storage(str(tmp_path / "store.db"))
    with pytest.raises(sqlite3.IntegrityError), storage.writing() as session:
        [session.create_table(TABLE) for _ in range(2)]
    with storage.writing() as session:
        names = session.table_names()
    storage.close()

    assert names == []


def test_a_reader_sees_one_moment_beside_a_writer(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "store.db"))
    with storage.writing() as session:
        table = session.create_table(TABLE)
    with storage.reading() as reader:
        before = reader.get(table, (b"a", b""))
        with storage.writing() as writer:
            writer.put(table, [row(b"a", n={"N": "1"})])
        still = reader.get(table, (b"a", b""))
    with storage.reading() as reader:
        after = reader.get(table, (b"a", b""))
    storage.close()

    assert (before, still, after) == (None, None, {"n": {"N": "1"}})


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "store.db"))
    with storage.writing() as session:
        table = session.create_table(TABLE)
    with storage.reading() as reader, pytest.raises(sqlite3.OperationalError):
        reader.put(table, [row(b"a")])
    storage.close()


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(), ["a1", "a2", "a3", "b1"]),
        (Span(after=(b"a", b"2")), ["a3", "b1"]),
        (Span(after=(b"a", b"2"), descending=True), ["a1"]),
        (Span(b"a"), ["a1", "a2", "a3"]),
        (Span(b"a", descending=True), ["a3", "a2", "a1"]),
        (Span(b"a", low=b"2"), ["a2", "a3"]),
        (Span(b"a", low=b"2", low_inclusive=False), ["a3"]),
        (Span(b"a", high=b"2"), ["a1", "a2"]),
        (Span(b"a", high=b"2", high_inclusive=False), ["a1"]),
        (Span(b"a", after=(b"a", b"1")), ["a2", "a3"]),
        (Span(b"a", after=(b"a", b"3"), descending=True), ["a2", "a1"]),
        (Span(b"c"), []),
    ],
)
def test_a_span_is_read_in_order(span: Span, expected: list[str]) -> None:
    storage = Storage(":memory:")
    with storage.writing() as session:
        table = session.create_table(TABLE)
        session.put(
            table,
            [row(bytes([key[0]]), key[1:]) for key in (b"b1", b"a3", b"a1", b"a2")],
        )
        found = [(pk + sk).decode() for (pk, sk), _, _ in session.read(table, span)]
    storage.close()

    assert found == expected


def test_many_keys_are_read_at_once() -> None:
    """More than one statement takes; those that do not exist are left out."""
    storage = Storage(":memory:")
    with storage.writing() as session:
        table = session.create_table(TABLE)
        session.put(table, [row(b"%d" % n, n={"N": str(n)}) for n in range(0, 400, 2)])
        found = session.get_many(table, [(b"%d" % n, b"") for n in range(400)])
    storage.close()

    assert found == {(b"%d" % n, b""): {"n": {"N": str(n)}} for n in range(0, 400, 2)}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ({"N": "17"}, 17),
        ({"N": "17.9"}, 17),
        ({"N": "-5"}, -5),
        ({"N": "0.5"}, 0),
        ({"N": "1" + "0" * 30}, None),
        ({"S": "17"}, None),
        (None, None),
    ],
)
def test_only_a_number_is_a_time_to_live(value: Any, seconds: int | None) -> None:
    item = {} if value is None else {"until": value}

    assert expiry_of(item, "until") == seconds
    assert expiry_of(item, None) is None


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def test_a_file_gets_the_newer_format_with_its_first_index(tmp_path: Path) -> None:
    """Until then an older version, which would not keep the index, may open it."""
    path = tmp_path / "store.db"
    with EmbeddedClient(str(path)) as client:
        create_table(client, "items", id="S")
        client.put_item(TableName="items", Item={"id": {"S": "a"}, "city": {"S": "x"}})
    before = version_of(path)
    with EmbeddedClient(str(path)) as client:
        client.update_table(
            TableName="items",
            AttributeDefinitions=[{"AttributeName": "city", "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[
                {
                    "Create": {
                        "IndexName": "by-city",
                        "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                }
            ],
        )

    assert (before, version_of(path)) == (1, FORMAT_VERSION)
    with EmbeddedClient(str(path)) as client:
        found = client.scan(TableName="items", IndexName="by-city")["Items"]
    assert found == [{"id": {"S": "a"}, "city": {"S": "x"}}]


def test_what_took_long_to_count_is_kept_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool that describes a large table again and again slows nobody down."""
    storage = Storage(str(tmp_path / "store.db"))
    with storage.writing() as session:
        table = session.create_table(TABLE)
        session.put(table, [row(b"a")])
        assert session.measure(table)[0] == 1
        session.put(table, [row(b"b")])
        assert session.measure(table)[0] == 2
    monkeypatch.setattr("footfall.embedded.measures.SECONDS_MIN", 0.0)
    monkeypatch.setattr("footfall.embedded.measures.KEPT_FACTOR", 1e9)
    with storage.writing() as session:
        assert session.measure(table)[0] == 2
        session.put(table, [row(b"c")])
        assert session.measure(table)[0] == 2
    storage.close()
