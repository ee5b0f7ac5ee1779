"""What one caller does wrong, or many do at once, harms nobody else."""

import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from footfall.embedded import EmbeddedClient
from footfall.embedded.exceptions import ClientError, InternalServerError

TABLE: Any = {
    "TableName": "items",
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def put(key: str, **more: Any) -> tuple[str, Any]:
    return "PutItem", {"TableName": "items", "Item": {"k": {"S": key}, **more}}


def nested(levels: int) -> Any:
    value: Any = {"S": "deep"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize(
    "bad",
    [
        (
            "TransactWriteItems",
            {
                "TransactItems": [{"Put": put("t", n={"N": 1 << 70})[1]}],
                "ClientRequestToken": "token",
            },
        ),
        (
            "TransactWriteItems",
            {
                "TransactItems": [{"Put": put("t")[1]}],
                "ClientRequestToken": "\ud800",
            },
        ),
        put("t", x={"S": "\ud800"}),
        put("t", x=nested(5_000)),
        (
            "UpdateItem",
            {
                "TableName": "items",
                "Key": {"k": {"S": "t"}},
                "UpdateExpression": "SET #n = :v",
                "ExpressionAttributeNames": {5: "n"},
                "ExpressionAttributeValues": {":v": {"N": "1"}},
            },
        ),
    ],
    ids=["number", "token", "surrogate", "deep", "placeholder"],
)
def test_a_request_that_cannot_be_read_fails_alone(bad: tuple[str, Any]) -> None:
    """Its neighbours in the group are written and answered."""
    with EmbeddedClient(":memory:") as client:
        client.create_table(**TABLE)
        first, refused, last = client.batch([put("a"), bad, put("b")])

        assert isinstance(refused, ClientError)
        assert not isinstance(first, ClientError)
        assert not isinstance(last, ClientError)
        assert client.scan(TableName="items")["Count"] == 2


def _open(path: str, start: Any, problems: Any) -> None:
    start.wait()
    try:
        EmbeddedClient(path).close()
    except BaseException as error:
        problems.put(str(error))
        raise


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_many_processes_may_make_one_file(tmp_path: Path) -> None:
    """None takes the other's half-made file for a stranger's."""
    context = multiprocessing.get_context("fork")
    problems: Any = context.Queue()
    for attempt in range(15):
        start = context.Event()
        path = str(tmp_path / f"{attempt}.db")
        processes = [
            context.Process(target=_open, args=(path, start, problems))
            for _ in range(4)
        ]
        for process in processes:
            process.start()
        start.set()
        for process in processes:
            process.join()

    assert problems.empty()


def test_threads_that_end_leave_no_files_open(tmp_path: Path) -> None:
    """A program may have a thread for each request."""
    with EmbeddedClient(str(tmp_path / "items.db")) as client:
        client.create_table(**TABLE)

        def read() -> None:
            client.scan(TableName="items")

        read()
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(50):
            thread = threading.Thread(target=read)
            thread.start()
            thread.join()

        assert len(os.listdir("/proc/self/fd")) <= before


def test_a_closed_client_reads_nothing(tmp_path: Path) -> None:
    """And does not open the file again, in whichever thread."""
    for path in (":memory:", str(tmp_path / "items.db")):
        client = EmbeddedClient(path)
        client.create_table(**TABLE)
        client.scan(TableName="items")
        client.close()

        with pytest.raises(InternalServerError, match="could not be read"):
            client.scan(TableName="items")


def test_a_reader_in_use_is_closed_when_it_is_given_back(tmp_path: Path) -> None:
    """Closing waits for nobody who reads."""
    client = EmbeddedClient(str(tmp_path / "items.db"))
    client.create_table(**TABLE)
    with client._storage.reading() as session:
        client.close()
        assert session.table_names() == ["items"]

    with pytest.raises(InternalServerError):
        client.list_tables()
