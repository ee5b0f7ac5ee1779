"""A DynamoDB for each test: fixtures for pytest, on the embedded engine.

    pytest_plugins = ["footfall.testing"]  # in conftest.py

    dynamodb             a client in this process, with the methods of boto3's
    dynamodb_endpoint    the address of a server, which boto3 finds by itself

Each test's is empty, in memory and its own: a server on a port of its own, so that a
thread that outlives its test meets nobody else's tables. All servers of a run share one
thread with an event loop, which makes the next in some milliseconds.

It is no entry point of pytest's: a project in whose environment Footfall is gets no
fixture that it did not ask for. Only this module imports pytest.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from footfall.embedded import EmbeddedClient
from footfall.embedded.server import create_app
from footfall.web.connections import Connections
from footfall.web.server import Server, listen

MEMORY = ":memory:"
HOST = "127.0.0.1"

_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}
# These would lead boto3 elsewhere all the same.
_ELSEWHERE = (
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
)


class _Loop:
    """A thread that runs an event loop, and what it still has to end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="footfall.testing", daemon=True
        )
        self._thread.start()
        self._ending: list[Any] = []

    def do(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine to its end."""
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def do_later(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine; the next test need not wait for it."""
        self._ending.append(asyncio.run_coroutine_threadsafe(coroutine, self._loop))

    def close(self) -> None:
        """End when all is done."""
        for each in self._ending:
            each.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="session")
def _dynamodb_loop() -> Iterator[_Loop]:
    loop = _Loop()
    yield loop
    loop.close()


@pytest.fixture
def dynamodb() -> Iterator[EmbeddedClient]:
    """An empty DynamoDB in this process: a client with the methods of boto3's."""
    with EmbeddedClient(MEMORY) as client:
        yield client


@pytest.fixture
def dynamodb_endpoint(
    _dynamodb_loop: _Loop, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of an empty DynamoDB: "http://127.0.0.1:PORT".

    While the test runs the environment names it, with a region and made-up keys, so
    that `boto3.client("dynamodb")` leads to it, and never to an account.
    """
    client = EmbeddedClient(MEMORY)
    listener = listen(HOST, 0)
    server = Server(create_app(client), Connections())
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    _dynamodb_loop.do(server.startup([listener]))
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    for name in _ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_ENDPOINT_URL_DYNAMODB": url, **_ENVIRONMENT}.items():
        monkeypatch.setenv(name, value)
    yield url
    _dynamodb_loop.do_later(_end(server, client))


async def _end(server: Server, client: EmbeddedClient) -> None:
    await server.shutdown()
    client.close()
