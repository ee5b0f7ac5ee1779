"""Several processes on one file, and processes that are killed in mid-load."""

import multiprocessing
import random
import signal
import sqlite3
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from footfall.embedded import EmbeddedClient

# Fresh interpreters: a forked one would share SQLite's locks with this one.
_processes = multiprocessing.get_context("spawn")


def create(client: EmbeddedClient, name: str = "items") -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def add(id: str) -> dict[str, Any]:
    return {
        "TableName": "items",
        "Key": {"id": {"S": id}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def number(client: EmbeddedClient, id: str) -> int:
    item = client.get_item(TableName="items", Key={"id": {"S": id}}).get("Item", {})
    return int(item.get("n", {"N": "0"})["N"])


def count_up(path: str, times: int) -> None:
    """Add to the one number that all processes share."""
    with EmbeddedClient(path) as client:
        for _ in range(times):
            client.update_item(**add("shared"))


def move_pairs(path: str, answers: Connection) -> None:
    """Add to two numbers in one transaction, and tell each answer, until killed."""
    with EmbeddedClient(path) as client:
        while True:
            client.transact_write_items(
                TransactItems=[{"Update": add(id)} for id in ("left", "right")]
            )
            answers.send(None)


def create_on_demand(path: str, orders: Connection) -> None:
    """Make and delete the table as ordered; the client stays open meanwhile."""
    with EmbeddedClient(path) as client:
        while (order := orders.recv()) != "stop":
            if order == "create":
                create(client, "theirs")
            else:
                client.delete_table(TableName="theirs")
            orders.send("done")


def test_processes_on_one_file_lose_no_update(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    with EmbeddedClient(path) as client:
        create(client)
        workers = [
            _processes.Process(target=count_up, args=(path, 100)) for _ in range(3)
        ]
        for worker in workers:
            worker.start()
        count_up(path, 100)
        for worker in workers:
            worker.join(60)

        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        assert number(client, "shared") == 400


def test_a_table_made_by_one_process_is_seen_by_the_other(tmp_path: Path) -> None:
    """And so is its end, by clients that remembered the definitions."""
    path = str(tmp_path / "store.db")
    ours, theirs = _processes.Pipe()
    worker = _processes.Process(target=create_on_demand, args=(path, theirs))
    worker.start()

    def order(what: str) -> None:
        ours.send(what)
        assert ours.recv() == "done"

    item = {"id": {"S": "x"}}
    with EmbeddedClient(path) as client:
        assert client.list_tables()["TableNames"] == []
        order("create")
        assert client.list_tables()["TableNames"] == ["theirs"]
        client.put_item(TableName="theirs", Item=item)
        order("delete")
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.put_item(TableName="theirs", Item=item)
        order("create")
        assert client.scan(TableName="theirs")["Items"] == []
    ours.send("stop")
    worker.join(60)

    assert worker.exitcode == 0


def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    """Nor leaves half a transaction: both numbers are the same.

    One more than was acknowledged may be there: killed between COMMIT and answer.
    """
    path = str(tmp_path / "store.db")
    with EmbeddedClient(path) as client:
        create(client)
    acknowledged = 0
    for _ in range(3):
        ours, theirs = _processes.Pipe(duplex=False)
        worker = _processes.Process(target=move_pairs, args=(path, theirs))
        worker.start()
        theirs.close()
        acknowledged += told(ours, at_least=20)
        time.sleep(random.random() / 50)
        worker.kill()
        worker.join(60)
        assert worker.exitcode == -signal.SIGKILL
        acknowledged += rest(ours)
        with EmbeddedClient(path) as client:
            left, right = number(client, "left"), number(client, "right")

        assert left == right
        assert acknowledged <= left <= acknowledged + 1
        acknowledged = left
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    plain.close()


def told(answers: Connection, at_least: int) -> int:
    for _ in range(at_least):
        assert answers.poll(60), "the worker writes nothing"
        answers.recv()
    return at_least


def rest(answers: Connection) -> int:
    """How many more answers were sent before the end."""
    count = 0
    while True:
        try:
            answers.recv()
        except EOFError:
            return count
        count += 1
