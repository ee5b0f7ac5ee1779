"""A function as Lambda runs it: AWS's own runtime client, against a Runtime API here.

`awslambdaric` is the process that Lambda starts. It loads the handler, asks the Runtime
API for the next event, and posts what the handler answered. Here is that API, on
loopback, for one process each, as Lambda has it for each execution environment.

Source: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
"""

import base64
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

HANDLER = "footfall.aws_lambda.handler"
VERSION = "/2018-06-01/runtime"
SECONDS_MAX = 60  # of one invocation; our functions have 30
STOP_SECONDS = 2  # the application's threads outlive it
_ARN = "arn:aws:lambda:us-east-1:000000000000:function:footfall"


def event(
    method: str,
    target: str,
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    cookies: list[str] | None = None,
    stage: str = "$default",
) -> dict[str, Any]:
    """A request as an HTTP API sends it, in payload format 2.0.

    Args:
        method: "POST".
        target: The path and the query, "/badge.json?site=a.example".
        body: What is sent; it goes as base64, as of a type that is not known.
        headers: Further headers; AWS sends their names in lower case.
        cookies: What the Cookie header held, one each.
        stage: The API's stage.
    """
    parts = urlsplit(target)
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": parts.path if stage == "$default" else f"/{stage}{parts.path}",
        "rawQueryString": parts.query,
        "headers": {
            "host": "abc.execute-api.us-east-1.amazonaws.com",
            "user-agent": "Mozilla/5.0 Firefox/144.0",
            "x-forwarded-for": "203.0.113.7",
            **({} if body is None else {"content-type": "text/plain"}),
            **(headers or {}),
        },
        "requestContext": {
            "domainName": "abc.execute-api.us-east-1.amazonaws.com",
            "http": {
                "method": method,
                "path": parts.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "Mozilla/5.0 Firefox/144.0",
            },
            "stage": stage,
        },
        "isBase64Encoded": body is not None,
    }
    if body is not None:
        made["body"] = base64.b64encode(body).decode()
    if cookies is not None:
        made["cookies"] = cookies
    return made


def visit(id: str, url: str, **fields: object) -> dict[str, Any]:
    """A visit, as a beacon sends it."""
    body = json.dumps({"id": id, "url": url, **fields}).encode()
    return event("POST", "/v1/visits", body)


class InvocationError(Exception):
    """The handler raised, or the function could not be started."""


class LocalFunction:
    """One execution environment: entered it runs, left it is ended."""

    def __init__(
        self,
        *,
        log: Path,
        environment: Mapping[str, str],
        handler: str = HANDLER,
        python: str = sys.executable,
    ) -> None:
        self._log = log
        self._environment = {**os.environ, **environment}
        self._handler = handler
        self._python = python
        self._api = _RuntimeApi()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._api.start()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._python, "-m", "awslambdaric", self._handler],
                env={
                    **self._environment,
                    "AWS_LAMBDA_RUNTIME_API": self._api.address,
                    "AWS_LAMBDA_FUNCTION_NAME": "footfall",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None, "it was entered"
        self._api.stop()  # without it the process ends, and its coverage is kept
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def output(self) -> str:
        """What the function logged."""
        return self._log.read_text(errors="replace")

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """The handler's answer to an event.

        Raises:
            InvocationError: It raised, or the process did not answer.
        """
        self._api.events.put(json.dumps(event).encode())
        try:
            failed, body = self._api.answers.get(timeout=SECONDS_MAX)
        except queue.Empty:
            raise InvocationError(f"no answer; it printed:\n{self.output}") from None
        answer = json.loads(body)
        if failed:
            raise InvocationError(answer["errorMessage"])
        return answer


class _RuntimeApi:
    """The Runtime API of one process."""

    def __init__(self) -> None:
        self.events: queue.Queue[bytes | None] = queue.Queue()
        self.answers: queue.Queue[tuple[bool, bytes]] = queue.Queue()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            invocations = 0

            def do_GET(self) -> None:
                assert self.path == f"{VERSION}/invocation/next", self.path
                event = api.events.get()
                if event is None:
                    self.close_connection = True
                    return
                Handler.invocations += 1
                deadline_ms = int((time.time() + SECONDS_MAX) * 1000)
                self.send_response(200)
                for name, text in {
                    "Lambda-Runtime-Aws-Request-Id": f"request-{Handler.invocations}",
                    "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
                    "Lambda-Runtime-Invoked-Function-Arn": _ARN,
                    "Content-Type": "application/json",
                    "Content-Length": str(len(event)),
                }.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(event)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                # Of an invocation or of the start, which fails before any event.
                api.answers.put((self.path.endswith("/error"), body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.events.put(None)  # whoever still waits for an event
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
