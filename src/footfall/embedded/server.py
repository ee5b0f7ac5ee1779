"""The endpoint that speaks DynamoDB's HTTP protocol for an embedded client.

A plain ASGI application without a framework. The event loop reads requests and
writes answers; one worker thread does the work, a group at a time:

    requests -> waiting -> client.batch(group) -> each answered after the one fsync

Requests that arrive while a group is being stored form the next group. So the more
connections there are, the fewer fsyncs a request costs, and a single one waits for
nobody. No answer leaves before the whole group is durable.

When others wait already, the next group starts once as many have come as were just
answered, or after a millisecond. Without that pause the callers fall into two groups
that take turns: twice the fsyncs, and a worker and a loop that always contend for
Python's lock (measured with 32 connections: an eighth fewer requests a second).

Only requests whose Host is a loopback name are answered: a web page can make a
browser resolve its own name to 127.0.0.1 (DNS rebinding), but not change the Host
that the browser then sends. A page that names 127.0.0.1 itself cannot send
X-Amz-Target without a preflight, which is refused.
"""

import asyncio
import ipaddress
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Protocol

from footfall.embedded import wire
from footfall.embedded.exceptions import (
    AccessDeniedException,
    ClientError,
    InternalServerError,
)

GROUP_MAX = 256  # requests stored under one fsync
GATHERING_SECONDS = 0.001
HEADERS_BYTES_MAX = 16 * 1024  # of a request's line and headers, together
DISCARDED_BYTES_MAX = 64 * 1024 * 1024  # of a body that is too large
EXPIRY_PAUSE_SECONDS = 5.0

_HEADERS = frozenset((b"host", b"content-type", b"x-amz-target"))  # all that is used

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Call = tuple[str, dict[str, Any]]
Answer = dict[str, Any] | ClientError

_log = logging.getLogger("footfall.embedded")


class Client(Protocol):
    """What the endpoint needs of `client.EmbeddedClient`."""

    def batch(self, calls: Sequence[Call]) -> list[Answer]:
        """Do many independent requests under one fsync."""

    def expire_items(self) -> int:
        """Delete some of the items whose time has come; return how many."""


def create_app(client: Client) -> "Endpoint":
    """Return the ASGI application that serves the client's tables.

    It does not close the client, which may have other users.
    """
    return Endpoint(client)


class Endpoint:
    """The ASGI application; all its methods run in the event loop."""

    def __init__(self, client: Client) -> None:
        """Serve the client's tables; see `create_app`."""
        self._groups = _Groups(client)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's whole life."""
        if scope["type"] == "http":
            response = await self._respond(scope, receive)
            if response is not None:
                await send(
                    {
                        "type": "http.response.start",
                        "status": response.status,
                        "headers": response.headers,
                    }
                )
                await send({"type": "http.response.body", "body": response.body})
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        expiry = asyncio.create_task(self._expire())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        expiry.cancel()
        await self._groups.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _expire(self) -> None:
        """Delete expired items for ever, a slice at a time."""
        while True:
            await asyncio.sleep(EXPIRY_PAUSE_SECONDS)
            await self._groups.expire()

    async def _respond(self, scope: Message, receive: Receive) -> wire.Response | None:
        """Return the response; None if the other side has gone."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in _HEADERS
        }
        host = headers.get("host", "")
        if not _is_loopback(host):
            return wire.encode_error(
                AccessDeniedException(
                    f"The request's Host is {host!r}; only localhost, 127.0.0.1 and"
                    " [::1] are answered, so that no web page can reach this database"
                )
            )
        early = _without_body(scope, host)
        if early is not None:
            return early
        try:
            body = await _body(receive)
        except _TooLargeError:
            return wire.too_large()
        if body is None:
            return None
        if body and not wire.is_json(headers):
            return wire.no_operation()
        try:
            operation, request = wire.decode_request(headers, body)
        except ClientError as error:
            return wire.encode_error(error)
        if operation == "DescribeEndpoints":
            return wire.endpoint(host)
        answer = await self._groups.add((operation, request))
        if isinstance(answer, ClientError):
            return wire.encode_error(answer)
        return wire.encode_answer(operation, answer)


class _TooLargeError(Exception):
    """The body is larger than DynamoDB takes."""


async def _body(receive: Receive) -> bytes | None:
    """Return the request's body; None if the other side has gone.

    A body that is too large is read to its end, or nearly, and thrown away: many
    clients send it all before they look at the answer.
    """
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        whole: bytes = message.get("body", b"")
        if len(whole) > wire.BODY_BYTES_MAX:
            raise _TooLargeError
        return whole
    parts: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        part = message.get("body", b"")
        size += len(part)
        if size <= wire.BODY_BYTES_MAX:
            parts.append(part)
        else:
            parts.clear()
        if not message.get("more_body") or size > DISCARDED_BYTES_MAX:
            if size > wire.BODY_BYTES_MAX:
                raise _TooLargeError
            return b"".join(parts)
        message = await receive()
    return None


def _without_body(scope: Message, host: str) -> wire.Response | None:
    """Return the answer to what needs no body to be answered, else None."""
    if _is_too_long(scope):
        return wire.bad_request()
    if scope["method"] == "GET" and scope["path"] == "/":
        return wire.healthy(host)
    if scope["method"] != "POST" or scope["path"] != "/":
        return wire.no_operation()
    return None


def _is_too_long(scope: Message) -> bool:
    """Say whether the request's line and headers are longer than DynamoDB takes."""
    line = len(scope["path"]) + len(scope["query_string"])
    headers = sum([len(name) + len(text) for name, text in scope["headers"]])
    return line + headers > HEADERS_BYTES_MAX


@lru_cache(maxsize=64)
def _is_loopback(host: str) -> bool:
    """Say whether a Host header, with or without a port, names this machine."""
    if host.startswith("["):
        name = host[1:].partition("]")[0]
    else:
        name = host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class _Groups:
    """Requests waiting for the worker, and the group that it has."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="dynamodb")
        self._waiting: list[tuple[Call, asyncio.Future[Answer]]] = []
        self._busy = False
        self._expected = 0  # requests that the next group need not wait for more of
        self._pause: asyncio.TimerHandle | None = None  # while it does wait
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, call: Call) -> asyncio.Future[Answer]:
        """Put a request into the next group; its answer comes when it is durable."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((call, answer))
        if not self._busy:
            self._busy = True
            self._idle.clear()
            # Not at once: what the loop has read already goes into the same group
            loop.call_soon(self._start)
        elif self._pause is not None and len(self._waiting) >= self._expected:
            self._pause.cancel()
            self._pause = None
            loop.call_soon(self._start)
        return answer

    async def expire(self) -> None:
        """Delete a slice of the expired items, between two groups."""
        loop = asyncio.get_running_loop()
        slice_ = loop.run_in_executor(self._worker, self._client.expire_items)
        await asyncio.wait((slice_,))
        failure = slice_.exception()
        if failure is not None:
            _log.error("Expired items were not deleted", exc_info=failure)

    def _start(self) -> None:
        self._pause = None
        group, self._waiting = self._waiting[:GROUP_MAX], self._waiting[GROUP_MAX:]
        stored = asyncio.get_running_loop().run_in_executor(
            self._worker, self._client.batch, [call for call, _ in group]
        )
        stored.add_done_callback(lambda done: self._finish(group, done))

    def _gather(self, answered: int) -> None:
        """Start the next group, once those just answered may have asked again."""
        if not self._waiting:
            self._busy = False
            self._idle.set()
            return
        loop = asyncio.get_running_loop()
        self._expected = min(len(self._waiting) + answered, GROUP_MAX)
        if len(self._waiting) >= self._expected:
            loop.call_soon(self._start)
        else:
            self._pause = loop.call_later(GATHERING_SECONDS, self._start)

    def _finish(
        self,
        group: list[tuple[Call, asyncio.Future[Answer]]],
        stored: asyncio.Future[list[Answer]],
    ) -> None:
        self._gather(len(group))
        failure = stored.exception()
        if failure is None:
            answers = stored.result()
        else:
            _log.error("A group of requests failed", exc_info=failure)
            if not isinstance(failure, ClientError):
                failure = InternalServerError(
                    "The engine failed and the request may have been done; the log"
                    " says why"
                )
            answers = [failure] * len(group)
        for (_, waiting), answer in zip(group, answers, strict=True):
            if not waiting.done():  # whoever waited may have been cancelled
                waiting.set_result(answer)

    async def close(self) -> None:
        """Answer what was accepted, then end the worker."""
        await self._idle.wait()
        self._worker.shutdown()
