"""What the tests of Footfall on AWS share: tables on DynamoDB Local, functions."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import boto3
import pytest

from footfall.connect import create_tables
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.visits.sites import add_site
from tests.lambda_runtime import LocalFunction
from tests.leftovers import delete_tables

PREFIX = "lambda-"
SITE = "https://a.example/"

StartFunction = Callable[..., LocalFunction]


@pytest.fixture
def store(dynamodb_local_endpoint: str) -> Iterator[Store]:
    """Footfall's tables on DynamoDB Local, with a site and a private one."""
    client = boto3.client("dynamodb", endpoint_url=dynamodb_local_endpoint)
    store = Store(client, Tables(PREFIX))
    create_tables(store)
    add_site(store, SITE)
    add_site(store, "https://private.example/", private=True)
    yield store
    delete_tables(client, store.tables)
    client.close()


@pytest.fixture
def start_function(tmp_path: Path) -> Iterator[StartFunction]:
    """Starts a function on a DynamoDB endpoint, as a process of its own."""
    with ExitStack() as running:
        started = 0

        def start(endpoint: str, **environment: str) -> LocalFunction:
            nonlocal started
            started += 1
            return running.enter_context(
                LocalFunction(
                    log=tmp_path / f"function-{started}.log",
                    environment={
                        "FOOTFALL_STORE": f"dynamodb:{endpoint}",
                        "FOOTFALL_TABLE_PREFIX": PREFIX,
                        **environment,
                    },
                )
            )

        yield start
