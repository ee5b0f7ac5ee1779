"""One suite for every client: the engine in memory, on disk, and DynamoDB Local."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from footfall.connect import create_tables
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.embedded import EmbeddedClient

_numbers = itertools.count()


@pytest.fixture(scope="session")
def local_client(dynamodb_local_endpoint: str) -> Any:
    """boto3's client of DynamoDB Local."""
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
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
def store(client: Any, prefix: str) -> Iterator[Store]:
    """Footfall's tables, empty, on each client."""
    store = Store(client, Tables(prefix))
    create_tables(store)
    yield store
    for request in store.tables.create_requests():
        client.delete_table(TableName=request["TableName"])
