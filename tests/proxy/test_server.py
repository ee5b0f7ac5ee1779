"""The proxy before DynamoDB Local, with real boto3: what clients meet, what is stored."""

import itertools
import json
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from footfall.connect import connect
from tests.processes import Server
from tests.proxy.contention import Contention
from tests.proxy.faults import Faults
from tests.proxy.refusals import Refusal
from tests.proxy.server import Proxy

_numbers = itertools.count()


def client_of(url: str, attempts: int = 1, read_timeout: float = 30) -> Any:
    """boto3's client, which tries so often."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        read_timeout=read_timeout,
    )
    return boto3.client("dynamodb", endpoint_url=url, config=config)


@pytest.fixture
def direct(dynamodb_local_endpoint: str) -> Any:
    """A client that does not meet the proxy."""
    return client_of(dynamodb_local_endpoint)


@pytest.fixture
def table(direct: Any) -> Iterator[str]:
    """An empty table with the partition key `id`."""
    name = f"proxied-{next(_numbers)}"
    direct.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield name
    direct.delete_table(TableName=name)


def key(table: str, id: str = "a") -> dict[str, Any]:
    return {"TableName": table, "Key": {"id": {"S": id}}}


def increment(table: str, id: str = "a") -> dict[str, Any]:
    """One more: not idempotent, so that each time it is applied shows."""
    return {
        **key(table, id),
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def applied(direct: Any, table: str, id: str = "a") -> int:
    """How often `increment` was applied."""
    item = direct.get_item(**key(table, id), ConsistentRead=True).get("Item", {})
    return int(item.get("n", {"N": "0"})["N"])


def test_what_is_not_spoiled_passes_as_it_came(direct: Any, table: str) -> None:
    """Chunked bodies, errors, checksums and the store's own headers."""
    with Proxy(direct.meta.endpoint_url, contention=Contention()) as proxy:
        client = client_of(proxy.url)
        for id in "abc":
            client.put_item(
                TableName=table, Item={"id": {"S": id}, "text": {"S": "ü" * 100_000}}
            )
        answers = [each.scan(TableName=table) for each in (client, direct)]
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_item(**key("absent"))

    ours, stores = (answer.pop("ResponseMetadata") for answer in answers)
    assert answers[0] == answers[1]
    assert len(answers[0]["Items"]) == 3
    assert ours["HTTPHeaders"]["server"] == stores["HTTPHeaders"]["server"]
    assert ours["HTTPHeaders"]["x-amz-crc32"] == stores["HTTPHeaders"]["x-amz-crc32"]
    assert ours["RequestId"]
    assert proxy.tally()["requests"] == {"PutItem": 3, "Scan": 1, "GetItem": 1}


@pytest.mark.parametrize(
    ("fault", "raised", "times"),
    [
        ("lost_before", ConnectionClosedError, 0),
        ("cut_request", ConnectionClosedError, 0),
        ("error_before", "InternalServerError", 0),
        ("throttled", "ThrottlingException", 0),
        ("throughput", "ProvisionedThroughputExceededException", 0),
        ("in_progress", "TransactionInProgressException", 0),
        (Refusal("AccessDeniedException"), "AccessDeniedException", 0),
        ("lost_after", ConnectionClosedError, 1),
        # botocore sees by the checksum that it must retry, and when it has no try left
        # it takes half an answer for an empty one
        ("cut_answer", None, 1),
        ("error_after", "InternalServerError", 1),
        ("slow", ReadTimeoutError, 1),
        ("late", ConnectionClosedError, 1),
        ("twice", None, 2),
    ],
)
def test_a_fault_does_what_it_says(
    direct: Any,
    table: str,
    fault: str | Refusal,
    raised: type[Exception] | str | None,
    times: int,
) -> None:
    """The client's error, and how often the store has applied the request."""
    faults = Faults(only={"UpdateItem": [fault]})
    with Proxy(direct.meta.endpoint_url, faults=faults, delay_seconds=0.5) as proxy:
        client = client_of(proxy.url, read_timeout=0.3)
        if raised is None:
            client.update_item(**increment(table))
        elif isinstance(raised, str):
            with pytest.raises(ClientError) as refused:
                client.update_item(**increment(table))
            assert refused.value.response["Error"]["Code"] == raised
        else:
            with pytest.raises(raised):
                client.update_item(**increment(table))

    # Left, the proxy has delivered what was late
    assert applied(direct, table) == times
    assert sum(proxy.tally()["faults"].values()) == 1


@pytest.mark.parametrize("fault", ["lost_after", "cut_answer", "late", "twice"])
def test_a_retry_counts_twice_but_under_a_token(
    direct: Any, table: str, fault: str
) -> None:
    """Why the recipe's update is not enough, and a transaction is."""
    faults = Faults(only={"UpdateItem": [fault], "TransactWriteItems": [fault]})
    with Proxy(
        direct.meta.endpoint_url, faults=faults, contention=Contention()
    ) as proxy:
        client = client_of(proxy.url, attempts=3)
        client.update_item(**increment(table, "recipe"))
        client.transact_write_items(
            TransactItems=[{"Update": increment(table, "token")}]
        )
        assert proxy.wait_for(fault, times=2)

    assert applied(direct, table, "recipe") == 2
    assert applied(direct, table, "token") == 1


class Held:
    """A transaction that increments `a` and `b`, and holds them for a while."""

    def __init__(self, client: Any, direct: Any, table: str) -> None:
        self._client, self._direct, self._table = client, direct, table
        self.request = {
            "TransactItems": [{"Update": increment(table, id)} for id in "ab"],
            "ClientRequestToken": f"held-{table}",
        }
        self._thread = threading.Thread(target=self._run)
        self.failed: Exception | None = None

    def _run(self) -> None:
        try:
            self._client.transact_write_items(**self.request)
        except Exception as error:  # noqa: BLE001 - the test's own thread tells
            self.failed = error

    def __enter__(self) -> "Held":
        self._thread.start()
        while not applied(self._direct, self._table):
            pass
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        assert self.failed is None


@pytest.fixture
def contended(direct: Any) -> Iterator[Any]:
    """A client whose transactions hold their items long enough to meet them."""
    contention = Contention(hold_seconds=(1.5, 1.5))
    with Proxy(direct.meta.endpoint_url, contention=contention) as proxy:
        yield client_of(proxy.url)


def test_a_held_item_is_refused_to_others(
    contended: Any, direct: Any, table: str
) -> None:
    """In AWS's words, as boto3's own errors, and only while it is held."""
    errors = contended.exceptions
    put = {"TableName": table, "Item": {"id": {"S": "b"}}}
    with Held(contended, direct, table) as holding:
        with pytest.raises(errors.TransactionCanceledException) as cancelled:
            contended.transact_write_items(
                TransactItems=[{"Update": increment(table, "c")}, {"Put": put}]
            )
        with pytest.raises(errors.TransactionConflictException) as rejected:
            contended.put_item(**put)
        with pytest.raises(errors.TransactionCanceledException):
            contended.transact_get_items(TransactItems=[{"Get": key(table)}])
        with pytest.raises(errors.TransactionInProgressException):
            contended.transact_write_items(**holding.request)
        assert applied(contended, table) == 1

    assert cancelled.value.response["CancellationReasons"] == [
        {"Code": "None"},
        {
            "Code": "TransactionConflict",
            "Message": "Transaction is ongoing for the item",
        },
    ]
    assert "Transaction is ongoing for the item" in str(rejected.value)
    contended.transact_write_items(**holding.request)
    contended.put_item(**put)
    assert applied(direct, table) == 1
    assert applied(direct, table, "c") == 0


def test_of_two_overlapping_transactions_one_is_cancelled(
    direct: Any, table: str
) -> None:
    """Sent at once from two threads; afterwards both items agree."""
    contention = Contention(hold_seconds=(0.5, 0.5))
    start = threading.Barrier(2)
    outcomes: list[list[str]] = []
    with Proxy(direct.meta.endpoint_url, contention=contention) as proxy:
        client = client_of(proxy.url)

        def run(ids: str) -> None:
            start.wait()
            try:
                client.transact_write_items(
                    TransactItems=[{"Update": increment(table, id)} for id in ids]
                )
                outcomes.append([])
            except client.exceptions.TransactionCanceledException as error:
                reasons = error.response["CancellationReasons"]
                outcomes.append([reason["Code"] for reason in reasons])

        threads = [threading.Thread(target=run, args=(ids,)) for ids in ("ab", "ca")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    won, lost = sorted(outcomes)
    assert won == []
    assert sorted(lost) == ["None", "TransactionConflict"]
    assert applied(direct, table, "b") + applied(direct, table, "c") == 1
    assert applied(direct, table, "a") == 1
    tally = proxy.tally()["contention"]
    assert tally["committed"] == 1
    assert tally["write_units"] == 4
    assert tally["conflicts"] == {"TransactWriteItems": 1}


def test_two_actions_on_one_item_are_refused(contended: Any, table: str) -> None:
    with pytest.raises(ClientError, match="multiple operations on one item"):
        contended.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": {"id": {"S": "a"}}}},
                {"Update": increment(table)},
            ]
        )


def test_a_spent_item_is_throttled(direct: Any, table: str) -> None:
    """Its second's units are spent at once; the reasons are in order."""
    contention = Contention(units_per_second=5)
    with Proxy(direct.meta.endpoint_url, contention=contention) as proxy:
        client = client_of(proxy.url)
        errors = client.exceptions

        def spend() -> None:
            for _ in range(100):
                client.update_item(**increment(table))

        with pytest.raises(errors.ProvisionedThroughputExceededException):
            spend()
        with pytest.raises(errors.TransactionCanceledException) as cancelled:
            client.transact_write_items(
                TransactItems=[{"Update": increment(table, id)} for id in "ba"]
            )

    reasons = cancelled.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ThrottlingError"]
    assert 5 <= applied(direct, table) < 100


@pytest.mark.parametrize("name", ["there", "absent"])
def test_an_answer_that_is_always_cut_is_no_answer(
    dynamodb_local_endpoint: str, table: str, name: str
) -> None:
    """To Footfall's own client: to boto3 alone the item would seem to be absent."""
    tables = {"there": table, "absent": "absent"}
    faults = Faults(always={"GetItem": "cut_answer"})
    with Proxy(dynamodb_local_endpoint, faults=faults) as proxy:
        client = connect(f"dynamodb:{proxy.url}")
        with pytest.raises(ResponseStreamingError):
            client.get_item(**key(tables[name]))


def test_a_store_that_is_away_is_a_lost_answer(free_port: int) -> None:
    with Proxy(f"http://127.0.0.1:{free_port}") as proxy:
        client = client_of(proxy.url)
        for _ in range(2):
            with pytest.raises(ConnectionClosedError):
                client.list_tables()


def test_it_runs_as_a_process(
    direct: Any, table: str, free_port: int, tmp_path: Path
) -> None:
    """With its counts for a benchmark."""
    command = [sys.executable, "-m", "tests.proxy.server"]
    command += ["--upstream", direct.meta.endpoint_url, "--port", str(free_port)]
    command += ["--hold", "0.002-0.004", "--delay", "1", "--seed", "3"]
    command += ["--faults", "twice=0.5,late=0.5"]
    with Server(command, port=free_port, log=tmp_path / "log") as server:
        client = client_of(server.url, attempts=10)
        client.transact_write_items(TransactItems=[{"Update": increment(table)}])
        with urllib.request.urlopen(f"{server.url}/tally", timeout=30) as answer:
            tally = json.load(answer)
        server.terminate()
        server.start()

    assert server.output.startswith(server.url)
    assert tally["requests"]["TransactWriteItems"] >= 1
    assert tally["contention"]["committed"] == 1
    assert applied(direct, table) == 1
