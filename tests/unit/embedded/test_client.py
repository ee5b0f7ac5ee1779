"""The client: groups of threads, batches, failing disks, clocks and tokens."""

import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from footfall.embedded import EmbeddedClient
from footfall.embedded.client import EXPIRY_AGE_SECONDS_MAX, EXPIRY_PAUSE_SECONDS
from footfall.embedded.exceptions import (
    ClientError,
    ConditionalCheckFailedException,
    InternalServerError,
    ResourceNotFoundException,
    SerializationException,
    UnknownOperationException,
    ValidationException,
)
from footfall.embedded.transaction import TOKEN_SECONDS

NOW = 1_800_000_000.0
KEY = {"id": {"S": "x"}}


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def create(client: EmbeddedClient, ttl: bool = False) -> None:
    client.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    if ttl:
        switch(client, enabled=True)


def switch(client: EmbeddedClient, *, enabled: bool) -> None:
    client.update_time_to_live(
        TableName="items",
        TimeToLiveSpecification={"Enabled": enabled, "AttributeName": "until"},
    )


def put(client: EmbeddedClient, id: str, until: float | None = None) -> None:
    item = {"id": {"S": id}}
    if until is not None:
        item["until"] = {"N": str(int(until))}
    client.put_item(TableName="items", Item=item)


def ids(client: EmbeddedClient) -> set[str]:
    return {each["id"]["S"] for each in client.scan(TableName="items")["Items"]}


def add(amount: int = 1, id: str = "x") -> tuple[str, dict[str, Any]]:
    return (
        "UpdateItem",
        {
            "TableName": "items",
            "Key": {"id": {"S": id}},
            "UpdateExpression": "ADD n :n",
            "ExpressionAttributeValues": {":n": {"N": str(amount)}},
        },
    )


def number(client: EmbeddedClient, id: str = "x") -> int:
    item = client.get_item(TableName="items", Key={"id": {"S": id}}).get("Item", {})
    return int(item.get("n", {"N": "0"})["N"])


class CountingDisk:
    """Counts COMMITs, and lets them fail."""

    def __init__(self, client: EmbeddedClient) -> None:
        self.commits = 0
        self.broken = False
        self.connection = client._storage._writer.sqlite
        client._storage._writer.sqlite = self  # type: ignore[assignment]

    def execute(self, statement: str, *values: Any) -> Any:
        if statement == "COMMIT":
            self.commits += 1
            if self.broken:
                raise sqlite3.OperationalError("disk I/O error")
        return self.connection.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


@pytest.fixture
def disk_client(tmp_path: Path) -> Any:
    with EmbeddedClient(str(tmp_path / "store.db")) as client:
        create(client)
        yield client


def test_a_batch_is_one_commit_and_each_request_stands_alone(
    disk_client: EmbeddedClient,
) -> None:
    disk = CountingDisk(disk_client)
    answers = disk_client.batch(
        [
            add(1),
            ("PutItem", {"TableName": "none", "Item": KEY}),
            add(2),
            (
                "PutItem",
                {
                    "TableName": "items",
                    "Item": KEY,
                    "ConditionExpression": "attribute_not_exists(id)",
                },
            ),
            ("GetItem", {"TableName": "items", "Key": KEY}),
        ]
    )

    kinds = [type(answer) for answer in answers]
    assert kinds == [
        dict,
        ResourceNotFoundException,
        dict,
        ConditionalCheckFailedException,
        dict,
    ]
    last: Any = answers[-1]
    assert last["Item"]["n"] == {"N": "3"}
    assert disk.commits == 1


def put_of(number: int, **further: Any) -> dict[str, Any]:
    item = {"id": {"S": f"item {number}"}, "said": {"S": "x"}, **further}
    return {
        "Put": {
            "TableName": "items",
            "Item": item,
            "ConditionExpression": "attribute_not_exists(id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def test_a_batch_takes_large_transactions_where_it_is_asked_to(
    disk_client: EmbeddedClient,
) -> None:
    """A group of many pages moves the same items once; nobody else sees the bound."""
    large = ("TransactWriteItems", {"TransactItems": [put_of(n) for n in range(101)]})

    (refused,) = disk_client.batch([large])
    (taken,) = disk_client.batch([large], large_transactions=True)

    assert isinstance(refused, ValidationException)
    assert "length less than or equal to 100" in refused.message
    assert isinstance(taken, dict)
    assert disk_client.scan(TableName="items", Select="COUNT")["Count"] == 101


@pytest.mark.parametrize(
    ("odd", "problem"),
    [
        (put_of(2, said={"X": "x"}), "Supplied AttributeValue is empty"),
        (put_of(2, id={"N": "1"}), "ValidationError"),
        (put_of(2, said={"N": "1e999"}), "Number overflow"),
        (put_of(1), "cannot include multiple operations on one item"),
        (put_of(0), "ConditionalCheckFailed"),
        ({"Put": {**put_of(2)["Put"], "Item": None}}, "Member must not be null"),
        ({"Put": {**put_of(2)["Put"], "TableName": "none"}}, "Requested resource"),
        ({"Put": {**put_of(2)["Put"], "ConditionExpression": "("}}, "Syntax error"),
        ({"Put": {**put_of(2)["Put"], "Expected": {}}}, "Expected is not supported"),
    ],
)
def test_a_put_among_its_likes_is_checked_as_if_it_were_alone(
    disk_client: EmbeddedClient, odd: dict[str, Any], problem: str
) -> None:
    """What is checked once for all is only what they have in common."""
    disk_client.put_item(TableName="items", Item={"id": {"S": "item 0"}})
    actions = [put_of(1), odd, put_of(3), put_of(4)]

    with pytest.raises(disk_client.exceptions.ClientError, match=problem):
        disk_client.transact_write_items(TransactItems=actions)
    assert disk_client.scan(TableName="items", Select="COUNT")["Count"] == 1


def test_a_batch_of_nothing_answers_nothing(disk_client: EmbeddedClient) -> None:
    assert disk_client.batch([]) == []


def test_a_batch_of_reads_waits_for_no_writer(disk_client: EmbeddedClient) -> None:
    put(disk_client, "x")
    with disk_client._writer:
        answers: Any = disk_client.batch(
            [("GetItem", {"TableName": "items", "Key": KEY})] * 2
        )

    assert [answer["Item"] for answer in answers] == [KEY, KEY]


def test_threads_that_wait_share_one_commit(disk_client: EmbeddedClient) -> None:
    """Whoever gets the writer writes for all who queued meanwhile."""
    disk = CountingDisk(disk_client)
    with ThreadPoolExecutor(8) as pool:
        with disk_client._writer:
            futures = [pool.submit(disk_client.batch, [add()]) for _ in range(8)]
            wait_until(lambda: len(disk_client._groups._queue) == 8)
        for future in futures:
            (answer,) = future.result()
            assert isinstance(answer, dict)

    assert disk.commits == 1
    assert number(disk_client) == 8


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_threads_lose_no_update(where: str, tmp_path: Path) -> None:
    path = ":memory:" if where == "memory" else str(tmp_path / "store.db")
    with EmbeddedClient(path) as client, ThreadPoolExecutor(8) as pool:
        create(client)
        futures = [
            pool.submit(lambda: [client.update_item(**add()[1]) for _ in range(25)])
            for _ in range(8)
        ]
        while not all(future.done() for future in futures):
            assert 0 <= number(client) <= 200
        for future in futures:
            future.result()

        assert number(client) == 200


def test_a_failing_commit_answers_nobody(disk_client: EmbeddedClient) -> None:
    """All who share it hear that the outcome is unknown; the next ones work."""
    disk = CountingDisk(disk_client)
    disk.broken = True
    with ThreadPoolExecutor(3) as pool:
        with disk_client._writer:
            futures = [pool.submit(disk_client.batch, [add()]) for _ in range(3)]
            wait_until(lambda: len(disk_client._groups._queue) == 3)
        failures = [future.exception() for future in futures]
    disk.broken = False

    for failure in failures:
        assert isinstance(failure, InternalServerError)
        assert "disk I/O error" in failure.message
        assert "unknown" in failure.message
    assert number(disk_client) == 0
    disk_client.update_item(**add()[1])
    assert number(disk_client) == 1


def test_an_error_of_ours_fails_the_whole_group(
    disk_client: EmbeddedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is raised where it happened; the others of the group hear of it."""
    failing = threading.Event()

    def fail(*_: Any) -> None:
        failing.set()
        raise ZeroDivisionError

    monkeypatch.setattr(disk_client, "_expire_in_passing", fail)
    with ThreadPoolExecutor(2) as pool:
        with disk_client._writer:
            futures = [pool.submit(disk_client.batch, [add()]) for _ in range(2)]
            wait_until(lambda: len(disk_client._groups._queue) == 2)
        failures = {type(future.exception()) for future in futures}
    monkeypatch.undo()

    assert failing.is_set()
    assert failures == {ZeroDivisionError, InternalServerError}
    assert number(disk_client) == 0


def test_a_table_made_in_a_failed_group_is_forgotten(tmp_path: Path) -> None:
    """The definitions in memory go back too."""
    with EmbeddedClient(str(tmp_path / "store.db")) as client:
        disk = CountingDisk(client)
        disk.broken = True
        with pytest.raises(InternalServerError):
            create(client)
        disk.broken = False
        assert client.list_tables()["TableNames"] == []

        create(client)
        assert client.list_tables()["TableNames"] == ["items"]


def test_an_unknown_operation_is_refused(disk_client: EmbeddedClient) -> None:
    (answer,) = disk_client.batch([("Query2", {})])

    assert isinstance(answer, UnknownOperationException)


def test_a_request_must_be_a_map(disk_client: EmbeddedClient) -> None:
    call: Any = ("GetItem", ["items"])
    (answer,) = disk_client.batch([call])

    assert isinstance(answer, SerializationException)


@pytest.mark.parametrize(
    ("method", "parameter"),
    [
        ("put_item", "AttributeUpdates"),
        ("get_item", "Expected"),
        ("query", "ScanFilter"),
        ("scan", "QueryFilter"),
        ("create_table", "ResourcePolicy"),
    ],
)
def test_a_parameter_that_is_not_supported_is_refused(
    disk_client: EmbeddedClient, method: str, parameter: str
) -> None:
    """Whoever sends it expects it to do something."""
    with pytest.raises(ValidationException, match=f"{parameter} is not supported here"):
        getattr(disk_client, method)(TableName="items", **{parameter: {}})


@pytest.mark.parametrize(
    ("parameter", "switch"),
    [("StreamSpecification", "StreamEnabled"), ("SSESpecification", "Enabled")],
)
def test_what_is_not_here_may_be_off_but_not_on(
    disk_client: EmbeddedClient, parameter: str, switch: str
) -> None:
    """Tools that make tables say of everything whether it is on."""
    request: Any = {
        "TableName": "other",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    with pytest.raises(ValidationException, match=f"{parameter} is not supported here"):
        disk_client.create_table(**request, **{parameter: {switch: True}})
    disk_client.create_table(**request, **{parameter: {switch: False}})

    assert "other" in disk_client.list_tables()["TableNames"]


def test_an_error_names_its_operation_and_request(disk_client: EmbeddedClient) -> None:
    with pytest.raises(disk_client.exceptions.ClientError) as caught:
        disk_client.delete_table(TableName="none")

    assert caught.value.operation_name == "DeleteTable"
    assert len(caught.value.response["ResponseMetadata"]["RequestId"]) == 32


def test_each_answer_has_a_request_id_of_its_own(disk_client: EmbeddedClient) -> None:
    answers: Any = disk_client.batch([add(), add()])
    first, second = (each["ResponseMetadata"]["RequestId"] for each in answers)

    assert first != second


def test_expired_items_go_as_writes_pass(tmp_path: Path) -> None:
    """Once a second at most, and never before their time."""
    clock = Clock()
    with EmbeddedClient(str(tmp_path / "store.db"), clock=clock) as client:
        create(client, ttl=True)
        put(client, "due", NOW + 10)
        put(client, "later", NOW + 1_000)
        put(client, "never")
        clock.now = NOW + 9
        put(client, "tick 1")
        assert ids(client) == {"due", "later", "never", "tick 1"}
        clock.now = NOW + 9 + EXPIRY_PAUSE_SECONDS
        put(client, "tick 2")

        assert ids(client) == {"later", "never", "tick 1", "tick 2"}


def test_expired_items_go_at_most_once_a_second() -> None:
    clock = Clock()
    with EmbeddedClient(":memory:", clock=clock) as client:
        create(client, ttl=True)
        put(client, "due", NOW)
        assert ids(client) == {"due"}
        clock.now = NOW + EXPIRY_PAUSE_SECONDS / 2
        put(client, "tick 1")
        assert ids(client) == {"due", "tick 1"}
        clock.now = NOW + EXPIRY_PAUSE_SECONDS
        put(client, "tick 2")

        assert ids(client) == {"tick 1", "tick 2"}


def test_expired_items_go_on_demand_in_slices() -> None:
    """Each call looks at the next rows, and begins again at the end."""
    with EmbeddedClient(":memory:", clock=Clock()) as client:
        create(client, ttl=True)
        for count in range(25):
            put(client, f"{count:02}", NOW if count % 2 else None)

        assert [client.expire_items(10) for _ in range(4)] == [5, 5, 2, 0]
        assert ids(client) == {f"{count:02}" for count in range(0, 25, 2)}
        put(client, "00", NOW)
        assert [client.expire_items(10) for _ in range(2)] == [0, 1]


def test_tidying_goes_on_until_all_is_looked_at_and_the_log_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is deleted is in no file any more."""
    monkeypatch.setattr("footfall.embedded.client.EXPIRY_ROWS_MAX", 10)
    path = tmp_path / "store.db"
    clock = Clock()
    with EmbeddedClient(str(path), clock=clock) as client:
        create(client, ttl=True)
        for count in range(25):
            put(client, f"secret-{count:02}", NOW + 60)
        clock.now += 120

        assert [client.tidy() for _ in range(3)] == [True, True, False]
        assert ids(client) == set()
        log = Path(f"{path}-wal")
        assert b"secret" not in path.read_bytes() + log.read_bytes()


def test_a_time_long_ago_is_no_time_to_live() -> None:
    """As on AWS, where more than five years is taken for a mistake."""
    with EmbeddedClient(":memory:", clock=Clock()) as client:
        create(client, ttl=True)
        put(client, "mistake", NOW - EXPIRY_AGE_SECONDS_MAX - 1)
        put(client, "old", NOW - EXPIRY_AGE_SECONDS_MAX)

        assert client.expire_items() == 1
        assert ids(client) == {"mistake"}


def test_time_to_live_holds_for_items_put_before_it_was_switched_on() -> None:
    with EmbeddedClient(":memory:", clock=Clock()) as client:
        create(client)
        put(client, "due", NOW - 1)
        assert client.expire_items() == 0
        switch(client, enabled=True)
        put(client, "due too", NOW - 1)
        switch(client, enabled=False)
        assert client.expire_items() == 0
        switch(client, enabled=True)

        assert client.expire_items() == 2


def test_time_to_live_is_switched_off_by_its_own_attribute() -> None:
    with EmbeddedClient(":memory:") as client:
        create(client, ttl=True)
        with pytest.raises(ValidationException, match="AttributeName is until"):
            client.update_time_to_live(
                TableName="items",
                TimeToLiveSpecification={"Enabled": False, "AttributeName": "other"},
            )


def transact(client: EmbeddedClient, token: str, amount: int = 1) -> Any:
    return client.transact_write_items(
        TransactItems=[{"Update": add(amount)[1]}],
        ClientRequestToken=token,
        ReturnConsumedCapacity="TOTAL",
    )["ConsumedCapacity"][0]


def test_a_token_is_known_over_a_restart_for_ten_minutes(tmp_path: Path) -> None:
    """Then it is a new request; a repeat is billed as a read."""
    clock = Clock()
    path = str(tmp_path / "store.db")
    with EmbeddedClient(path, clock=clock) as client:
        create(client)
        assert "WriteCapacityUnits" in transact(client, "token")
    with EmbeddedClient(path, clock=clock) as client:
        clock.now = NOW + TOKEN_SECONDS
        assert "ReadCapacityUnits" in transact(client, "token")
        assert number(client) == 1
        clock.now = NOW + TOKEN_SECONDS + 0.001
        transact(client, "token")

        assert number(client) == 2


def test_old_tokens_are_forgotten() -> None:
    clock = Clock()
    with EmbeddedClient(":memory:", clock=clock) as client:
        create(client)
        for count in range(5):
            transact(client, f"token-{count}")
            clock.now += 1
        clock.now += TOKEN_SECONDS
        transact(client, "last")
        tokens = client._storage._writer.sqlite.execute("SELECT token FROM tokens")

        assert tokens.fetchall() == [("last",)]


def test_a_token_is_known_to_every_client_of_the_file(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    with EmbeddedClient(path) as first, EmbeddedClient(path) as second:
        create(first)
        transact(first, "token")
        transact(second, "token")
        assert number(first) == 1
        with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
            transact(second, "token", amount=2)


def test_a_closed_client_says_so(tmp_path: Path) -> None:
    client = EmbeddedClient(str(tmp_path / "store.db"))
    client.close()
    client.close()

    with pytest.raises(InternalServerError, match="closed"):
        create(client)


def test_a_closed_client_reads_nothing_either(tmp_path: Path) -> None:
    client = EmbeddedClient(str(tmp_path / "store.db"))
    client.close()

    with pytest.raises(InternalServerError, match="closed"):
        client.list_tables()


def test_what_cannot_be_looked_at_spoils_nobody_elses_write(
    disk_client: EmbeddedClient,
) -> None:
    """Half of a surrogate pair has no UTF-8."""
    item = {"id": {"S": "\ud800"}}
    unreadable = {
        "TransactItems": [{"Put": {"TableName": "items", "Item": item}}],
        "ClientRequestToken": "token",
    }
    answers = disk_client.batch([add(), ("TransactWriteItems", unreadable), add()])

    kinds = [type(answer) for answer in answers]
    assert kinds == [dict, SerializationException, dict]
    assert number(disk_client) == 2


def test_a_reader_that_outlives_the_client_is_closed(
    disk_client: EmbeddedClient,
) -> None:
    """It ends its snapshot; nobody reads after it."""
    storage = disk_client._storage
    with storage.reading() as session:
        disk_client.close()
        names = session.table_names()

    assert names == ["items"]
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        storage._take_reader()


def test_a_writer_waits_for_another_process(tmp_path: Path) -> None:
    """SQLite's lock of the file is taken as soon as it is free."""
    path = str(tmp_path / "store.db")
    with EmbeddedClient(path) as client, ThreadPoolExecutor(1) as pool:
        create(client)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        future = pool.submit(client.update_item, **add()[1])
        time.sleep(0.05)
        assert not future.done()
        other.execute("ROLLBACK")
        other.close()

        future.result(10)
        assert number(client) == 1
