"""The web server on an embedded store, in a thread, asked over real HTTP."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from footfall.connect import connect
from footfall.counters.port import Store
from footfall.visits.sites import add_site
from footfall.web.app import create_app
from footfall.web.connections import Connections
from footfall.web.proxies import Proxies
from footfall.web.server import Server
from footfall.web.settings import Settings

SITE = "https://a.example/"


@dataclass(frozen=True)
class Answer:
    """A response: its status, headers in lower case, body, and the cookies it sets."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return json.loads(self.body)


class WebServer:
    """A uvicorn in a thread; `store` is what it serves."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        connections: Connections | None = None,
    ) -> None:
        self.store = store
        self.visits_path = "/v1/visits"
        app = create_app(store, settings)
        self._server = Server(
            app,
            connections or Connections(Proxies(settings.proxies).has),
            on_stopping=app.stop,
        )
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> Answer:
        """One request; a body that is no bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        connection.request(method, path, data, sent)
        response = connection.getresponse()
        answer = Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
            {
                text.partition("=")[0]: text
                for name, text in response.getheaders()
                if name.lower() == "set-cookie"
            },
        )
        connection.close()
        return answer

    def visit(self, id: str, url: str = SITE, **fields: object) -> Answer:
        """One visit, as a beacon sends it."""
        body = {"id": id, "url": url, **fields}
        return self.ask("POST", self.visits_path, body, Content_Type="text/plain")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it never came to hold")


@pytest.fixture
def store() -> Iterator[Store]:
    """A store in memory with some sites."""
    client = connect(":memory:")
    store = Store(client)
    add_site(store, SITE)
    add_site(store, "https://b.example/", visits=10)
    add_site(store, "https://private.example/", private=True)
    yield store
    client.close()  # type: ignore[attr-defined]


@pytest.fixture
def web(store: Store) -> Iterator[WebServer]:
    server = WebServer(store, Settings())
    yield server
    server.stop()
