"""What the engine answers when its disk fails; real faults of a file are in tests/power."""

import multiprocessing
import os
import sqlite3
import tempfile
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


def _open_as_nobody(path: str, answers: Any) -> None:
    if os.getuid() == 0:  # root may do all that modes forbid
        os.setgid(65_534)
        os.setuid(65_534)
    try:
        EmbeddedClient(path).close()
    except StoreFileError as error:
        answers.put(str(error))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "says"),
    [
        (0o444, 0o777, "cannot be written; give the user write access"),
        (0o444, 0o555, "cannot be written; give the user write access"),
        (0o666, 0o555, "cannot be written; give the user write access"),
        (0o000, 0o777, "cannot be read; give this user access"),
        (0o666, 0o700, "its folder must exist and be writable"),
    ],
)
def test_a_file_that_its_mode_forbids_is_refused_at_once(
    file_mode: int, folder_mode: int, says: str
) -> None:
    """Not at the first write, whose outcome somebody would wonder about."""
    if says.startswith("its folder") and os.getuid() != 0:
        folder_mode = 0o000  # the folder is one's own
    context = multiprocessing.get_context("fork")
    answers: Any = context.Queue()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/store.db"
        EmbeddedClient(path).close()
        os.chmod(path, file_mode)
        os.chmod(folder, folder_mode)
        process = context.Process(target=_open_as_nobody, args=(path, answers))
        process.start()
        said = answers.get(timeout=60)
        process.join()
        os.chmod(folder, 0o700)

    assert says in said


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_file_that_is_moved_while_it_is_open_is_missed(
    client: EmbeddedClient, tmp_path: Path, suffix: str
) -> None:
    """Else what is acknowledged would go where no name leads to."""
    file = tmp_path / f"store.db{suffix}"
    file.rename(tmp_path / "elsewhere")

    for call in (
        ("PutItem", {"TableName": "items", "Item": ITEM}),
        ("GetItem", {"TableName": "items", "Key": ITEM}),
    ):
        with pytest.raises(StorageFailedException, match="put it back") as caught:
            client.batch([call])
        assert translate(caught.value, "PutItem", "items").written == "no"
    assert not file.exists()
    (tmp_path / "elsewhere").rename(file)
    client.put_item(TableName="items", Item=ITEM)
    assert client.scan(TableName="items")["Count"] == 1


def test_a_file_in_whose_place_another_was_put_is_missed(
    client: EmbeddedClient, tmp_path: Path
) -> None:
    """As by a restore while the program runs."""
    with EmbeddedClient(str(tmp_path / "other.db")):
        pass
    (tmp_path / "other.db").rename(tmp_path / "store.db")

    with pytest.raises(StorageFailedException, match="replaced while it was open"):
        client.put_item(TableName="items", Item=ITEM)


def test_a_program_may_change_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is still the one that was opened, for readers too."""
    monkeypatch.chdir(tmp_path)
    with EmbeddedClient("store.db") as client:
        create_table(client, "items", id="S")
        monkeypatch.chdir("/")
        client.put_item(TableName="items", Item=ITEM)

        assert client.scan(TableName="items")["Count"] == 1


def test_a_file_that_is_damaged_while_it_is_open_says_so(
    client: EmbeddedClient, tmp_path: Path
) -> None:
    """And that a backup is what helps."""
    client._storage._writer.sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = (tmp_path / "store.db").read_bytes()
    with (tmp_path / "store.db").open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * (len(content) - 4_096))

    with pytest.raises(StorageFailedException, match="from a backup") as caught:
        client.scan(TableName="items")

    assert isinstance(translate_read(caught.value, "Scan", "items"), UnavailableError)


def test_a_file_that_became_read_only_was_not_written(client: EmbeddedClient) -> None:
    """SQLite's own switch: a file system that turns read-only needs root."""
    client._storage._writer.sqlite.execute("PRAGMA query_only = ON")

    with pytest.raises(StorageFailedException, match="cannot be written") as caught:
        client.put_item(TableName="items", Item=ITEM)

    assert caught.value.operation_name == "PutItem"
    assert translate(caught.value, "PutItem", "items").written == "no"
