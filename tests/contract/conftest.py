"""One suite for every client: the engine in memory, on disk, and DynamoDB Local."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from footfall.connect import create_tables
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.embedded import EmbeddedClient
from tests.contract.logs import NOW_MS
from tests.contract.requests import create_table
from tests.leftovers import delete_tables

_numbers = itertools.count()


@pytest.fixture(scope="session")
def local_client(dynamodb_local_endpoint: str) -> Any:
    """boto3's client of DynamoDB Local.

    It sends requests as they are: their faults are the server's to find.
    """
    config = Config(
        retries={"total_max_attempts": 1},
        max_pool_connections=32,
        parameter_validation=False,
    )
    return boto3.client("dynamodb", endpoint_url=dynamodb_local_endpoint, config=config)


@pytest.fixture(params=["memory", "disk", "local"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Each client in turn; DynamoDB Local's tables are shared by all tests."""
    if request.param == "local":
        yield request.getfixturevalue("local_client")
        return
    path = ":memory:" if request.param == "memory" else str(tmp_path / "contract.db")
    with EmbeddedClient(path) as embedded:
        yield embedded


@pytest.fixture
def prefix() -> str:
    """What a test's own tables begin with."""
    return f"t{next(_numbers)}-"


@pytest.fixture
def on_local(client: Any) -> bool:
    """Whether this is DynamoDB Local, for what it says otherwise than AWS."""
    return not isinstance(client, EmbeddedClient)


@pytest.fixture
def table(client: Any, prefix: str) -> Iterator[str]:
    """An empty table with the partition key `id`, a string."""
    name = f"{prefix}items"
    create_table(client, name, id="S")
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def sorted_table(client: Any, prefix: str) -> Iterator[str]:
    """An empty table with the partition key `id`, a string, and `at`, a number."""
    name = f"{prefix}sorted"
    create_table(client, name, id="S", at="N")
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def store(client: Any, prefix: str) -> Iterator[Store]:
    """Footfall's tables, empty, on each client."""
    store = Store(client, Tables(prefix))
    create_tables(store)
    yield store
    delete_tables(client, store.tables)


@pytest.fixture
def other() -> Iterator[Store]:
    """Another store, at the moment of the tests' logs, to bring an export to."""
    with EmbeddedClient(":memory:", clock=lambda: NOW_MS / 1000) as client:
        store = Store(client)
        create_tables(store)
        yield store


@pytest.fixture
def ranged(client: Any, prefix: str) -> Iterator[str]:
    """A table whose key is `pk` (S) and `sk` (N)."""
    name = f"{prefix}ranged"
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    yield name
    client.delete_table(TableName=name)


# Where DynamoDB Local words an error otherwise than AWS; the engine follows AWS.
LOCAL_WORDS = {
    "Member must have length less than or equal to 100": "Too many items requested",
    "Member must have length less than or equal to 25": "Too many items requested",
    "Attempting to store more than 38 significant digits": (
        "DynamoDB only supports precision up to 38 digits"
    ),
    "cannot be converted to a numeric value": "cannot be converted into a number",
    "Missing the key sk in the item": "One of the required keys was not given a value",
    "Type mismatch for key pk expected: S actual: N": "Type mismatch for key",
    "Size of hashkey has exceeded the maximum size limit of": "under 2048 bytes",
    "The provided key element does not match the schema": "",  # three others
    "The provided starting key is invalid": "Exclusive Start Key must have same size",
    "The provided starting key is outside query boundaries": (
        "The provided starting key does not match the range key predicate"
    ),
}


class Refused:
    """What DynamoDB answered a request that it refused."""

    def __init__(self, on_local: bool) -> None:
        self._on_local = on_local
        self.code = self.message = ""
        self.response: Any = {}

    def says(self, words: str) -> bool:
        """Whether the message has AWS's words, or on DynamoDB Local its own."""
        local = LOCAL_WORDS.get(words, words)
        return words in self.message or (self._on_local and local in self.message)


@pytest.fixture
def refused(client: Any, on_local: bool) -> Any:
    """A block in which a request must be refused; what it yields tells how."""

    @contextmanager
    def refused() -> Iterator[Refused]:
        answer = Refused(on_local)
        with pytest.raises(client.exceptions.ClientError) as caught:
            yield answer
        answer.response = caught.value.response
        answer.code = answer.response["Error"]["Code"]
        answer.message = answer.response["Error"]["Message"]

    return refused


def key(pk: str, sk: int) -> dict[str, dict[str, str]]:
    """A key of the fixture `ranged`."""
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}}


def read(client: Any, table: str, pk: str = "a", sk: int = 1) -> Any:
    """The item at a key, None if there is none."""
    answer = client.get_item(TableName=table, Key=key(pk, sk), ConsistentRead=True)
    return answer.get("Item")
