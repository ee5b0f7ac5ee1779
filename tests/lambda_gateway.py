"""An HTTP API before a function: requests in, events in payload format 2.0, answers out.

What API Gateway does, on loopback, for the tests with a browser. It adds no CORS of its
own, as a Function URL without CORS settings adds none.
"""

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.lambda_runtime import LocalFunction, event


class Gateway:
    """Entered, it listens on a loopback port and asks the function, one at a time."""

    def __init__(self, function: LocalFunction) -> None:
        lock = threading.Lock()  # a function's process has one request at a time

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._pass_on()

            do_POST = do_OPTIONS = do_GET  # noqa: N815 - http.server's names

            def _pass_on(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length) if length else None
                sent = {name.lower(): text for name, text in self.headers.items()}
                with lock:
                    answer = function.invoke(
                        event(self.command, self.path, body, headers=sent)
                    )
                content = answer["body"].encode()
                if answer.get("isBase64Encoded"):  # AWS takes none for no
                    content = base64.b64decode(content)
                self.send_response(answer["statusCode"])
                for name, text in answer["headers"].items():
                    if name != "content-length":
                        self.send_header(name, text)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
