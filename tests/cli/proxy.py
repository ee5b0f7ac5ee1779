"""A network between `footfall` and DynamoDB that loses and spoils answers."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

HELD_SECONDS_MAX = 30.0


class Proxy:
    """Passes requests on to a DynamoDB endpoint, but for the operations named.

    Attributes:
        held: An operation that is passed on and never answered.
        failing: Operations, each with the error code that is answered in its stead;
            they are not passed on.
        reached: Set when a held operation was done.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        held: str | None = None,
        failing: dict[str, str] | None = None,
    ) -> None:
        self.held = held
        self.failing = failing or {}
        self.reached = threading.Event()
        self._upstream = urlsplit(endpoint).netloc
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                operation = self.headers["X-Amz-Target"].partition(".")[2]
                code = proxy.failing.get(operation)
                if code is not None:
                    self._answer(400, json.dumps({"__type": code}).encode())
                    return
                status, answer = self._pass_on(body)
                if operation == proxy.held:
                    proxy.reached.set()
                    proxy._ended.wait(HELD_SECONDS_MAX)
                    self.close_connection = True
                    return
                self._answer(status, answer)

            def _pass_on(self, body: bytes) -> tuple[int, bytes]:
                upstream = http.client.HTTPConnection(proxy._upstream, timeout=30)
                headers = {
                    name: self.headers[name]
                    for name in ("X-Amz-Target", "Content-Type", "Authorization")
                }
                upstream.request("POST", "/", body, headers)
                response = upstream.getresponse()
                answer = response.status, response.read()
                upstream.close()
                return answer

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        return Handler
