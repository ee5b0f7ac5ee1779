"""The counting server with one more route that does nothing, in the same process.

The empty route is what the server could answer if counting cost nothing: the measure of
everything above it. Run as `python -m benchmarks.served STORE PORT`.
"""

import sys
from typing import Any

from footfall.connect import connect
from footfall.counters.port import Store
from footfall.visits.sites import add_site
from footfall.web.app import create_app
from footfall.web.server import serve
from footfall.web.settings import Settings

EMPTY_PATH = "/empty"
SITE = "https://a.example/"

_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-length", b"2")],
}
_BODY = {"type": "http.response.body", "body": b"ok"}


def with_empty_route(app: Any) -> Any:
    """The application, and a route before it that reads a request and answers."""

    async def both(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == EMPTY_PATH:
            await receive()
            await send(_START)
            await send(_BODY)
        else:
            await app(scope, receive, send)

    return both


def main(location: str, port: str) -> None:
    """Serve a store with one site."""
    store = Store(connect(location))
    add_site(store, SITE)
    serve(
        lambda _: with_empty_route(create_app(store, Settings())),
        host="127.0.0.1",
        port=int(port),
        on_started=lambda port: None,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
