"""What the engine answers when its disk fails; real faults of a file are in tests/power."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from footfall.counters.port import translate, translate_read
from footfall.embedded import EmbeddedClient, StoreFileError, storage
from footfall.embedded.exceptions import (
    InternalServerError,
    StorageFailedException,
    StorageFullException,
    ThrottlingException,
)
from footfall.errors import IndeterminateError, ThrottledError, UnavailableError
from tests.contract.requests import create_table

ITEM = {"id": {"S": "x" * 1_000}}


class FailingDisk:
    """SQLite's connection, whose COMMIT fails as it is told."""

    def __init__(self, client: EmbeddedClient, code: int) -> None:
        self._code = code
        self.connection = client._storage._writer.sqlite
        client._storage._writer.sqlite = self  # type: ignore[assignment]

    def execute(self, statement: str, *values: Any) -> Any:
        if statement == "COMMIT":
            error = sqlite3.OperationalError("the disk says no")
            error.sqlite_errorcode = self._code
            raise error
        return self.connection.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[EmbeddedClient]:
    with EmbeddedClient(str(tmp_path / "store.db")) as client:
        create_table(client, "items", id="S")
        yield client


@pytest.mark.parametrize(
    ("code", "error", "translated"),
    [
        (sqlite3.SQLITE_FULL, StorageFullException, UnavailableError),
        (sqlite3.SQLITE_IOERR_FSYNC, InternalServerError, IndeterminateError),
        (sqlite3.SQLITE_IOERR_WRITE, InternalServerError, IndeterminateError),
        (sqlite3.SQLITE_CORRUPT, InternalServerError, IndeterminateError),
        (sqlite3.SQLITE_BUSY, ThrottlingException, ThrottledError),
        (sqlite3.SQLITE_ERROR, InternalServerError, IndeterminateError),
    ],
)
def test_an_error_tells_whether_it_was_written(
    client: EmbeddedClient, code: int, error: type[Exception], translated: type
) -> None:
    """Only what is surely rolled back is said not to be written."""
    FailingDisk(client, code)

    with pytest.raises(error) as caught:
        client.put_item(TableName="items", Item=ITEM)

    assert isinstance(translate(caught.value, "PutItem", "items"), translated)


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB]
)
def test_a_disk_that_failed_is_not_trusted_again(
    client: EmbeddedClient, code: int
) -> None:
    """A later fsync may succeed without what the first could not write."""
    disk = FailingDisk(client, code)
    with pytest.raises(InternalServerError):
        client.put_item(TableName="items", Item=ITEM)
    client._storage._writer.sqlite = disk.connection

    for call in (
        ("PutItem", {"TableName": "items", "Item": ITEM}),
        ("GetItem", {"TableName": "items", "Key": ITEM}),
    ):
        with pytest.raises(StorageFailedException, match="start the program") as caught:
            client.batch([call])
        assert isinstance(
            translate_read(caught.value, "GetItem", "items"), UnavailableError
        )


def test_a_full_disk_is_used_again_when_there_is_room(client: EmbeddedClient) -> None:
    """A real one, of a hundred pages."""
    sqlite = client._storage._writer.sqlite
    pages: Any = sqlite.execute("PRAGMA page_count").fetchone()[0]
    sqlite.execute(f"PRAGMA max_page_count = {pages + 5}")
    puts = [
        ("PutItem", {"TableName": "items", "Item": {"id": {"S": f"{n}" + "x" * 1_000}}})
        for n in range(100)
    ]

    def put_until_full() -> int:
        for stored, put in enumerate(puts):
            try:
                client.batch([put])
            except StorageFullException:
                return stored
        return len(puts)

    stored = put_until_full()

    assert 0 < stored < 100
    assert len(client.scan(TableName="items")["Items"]) == stored
    sqlite.execute("PRAGMA max_page_count = 100000")
    client.put_item(TableName="items", Item=ITEM)
    assert len(client.scan(TableName="items")["Items"]) == stored + 1


@pytest.mark.parametrize(
    ("name", "says"),
    [("SQLITE_FULL", "free some space"), ("SQLITE_IOERR_READ", "mend it")],
)
def test_a_store_that_cannot_be_opened_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    """Before anything is asked of it."""

    def fail(*_: Any) -> None:
        error = sqlite3.OperationalError("no")
        error.sqlite_errorname = name
        raise error

    monkeypatch.setattr(storage, "execute_patiently", fail)

    with pytest.raises(StoreFileError, match=says):
        EmbeddedClient(str(tmp_path / "store.db"))
