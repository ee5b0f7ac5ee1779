"""The counting server with more routes that do less, in the same process.

The empty route is what the server could answer if counting cost nothing: the measure of
everything above it. The parsed route does all that a visit takes but to count it. Run
as `python -m benchmarks.served STORE PORT [proxied]`; the store "nothing" answers every write with
a success and keeps none.
"""

import sys
import time
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

from footfall.connect import connect
from footfall.counters.port import Store
from footfall.counters.tables import Request
from footfall.visits.sites import add_site, load_sites
from footfall.visits.visit import Outcome, resolve
from footfall.web.app import App, create_app
from footfall.web.bodies import read_body
from footfall.web.exchange import answer, posted
from footfall.web.proxies import Proxies
from footfall.web.readers import Readers
from footfall.web.server import serve
from footfall.web.settings import Settings

EMPTY_PATH = "/empty"
PARSED_PATH = "/parsed"
NOTHING = "nothing"
PAGE_SITE = "https://a.example/"  # broken down by page alone
FULL_SITE = "https://full.example/"  # and by all there is

_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-length", b"2")],
}
_BODY = {"type": "http.response.body", "body": b"ok"}


class _Nothing:
    """The engine in memory, but for what is written in a batch, which is not."""

    def __init__(self) -> None:
        self._client = connect(":memory:")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch(self, calls: Sequence[tuple[str, Request]], **_: bool) -> list[Any]:
        """Answer each write with a success, and each reading as of no items."""
        return [
            {}
            if operation == "TransactWriteItems"
            else {"Items": [], "Responses": dict.fromkeys(request["RequestItems"], ())}
            if operation == "BatchGetItem"
            else {"Items": []}
            for operation, request in calls
        ]


class _WithLesserRoutes:
    """The application, and before it the routes that do less."""

    def __init__(self, app: App, store: Store) -> None:
        self.counting = app.counting
        self._app, self._store = app, store
        self._readers, self._sites = Readers(None, Proxies()), load_sites(store)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == EMPTY_PATH:
            await receive()
            await send(_START)
            await send(_BODY)
        elif path == PARSED_PATH:
            await self._parsed(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _parsed(self, scope: Any, receive: Any, send: Any) -> None:
        submission = posted(scope["headers"], await read_body(receive))
        now_ms, reader = time.time_ns() // 1_000_000, self._readers.reader_of(scope)
        resolve(submission, self._sites, now_ms, self._store.window_seconds, reader)
        reply = answer(Outcome("counted", PAGE_SITE, visits=1), private=False)
        headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
        await send({**_START, "headers": headers})
        await send({**_BODY, "body": reply.body})


def main(location: str, port: str, proxied: str = "") -> None:
    """Serve a store with two sites."""
    store = Store(_Nothing() if location == NOTHING else connect(location))
    add_site(store, PAGE_SITE, dimensions=("page",))
    add_site(store, FULL_SITE)
    # Then wrk is a proxy, whose word on its readers' addresses is taken.
    proxies = (ip_network("127.0.0.1"),) if proxied else ()
    settings = Settings(proxies=proxies)
    serve(
        lambda _: _WithLesserRoutes(create_app(store, settings), store),
        host="127.0.0.1",
        port=int(port),
        on_started=lambda port: None,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
