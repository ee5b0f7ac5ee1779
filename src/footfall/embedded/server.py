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

With keys, each request must be signed (`signature`); who is nobody is refused before
the body is read. Without keys only requests whose Host is a loopback name are answered:
a web page can make a browser resolve its own name to 127.0.0.1 (DNS rebinding), but not
change the Host that the browser then sends. A page that names 127.0.0.1 itself cannot send
X-Amz-Target without a preflight, which is refused.
"""

import asyncio
import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

from footfall.embedded import wire
from footfall.embedded.exceptions import (
    AccessDeniedException,
    ClientError,
    InternalServerError,
)
from footfall.embedded.request_log import Exchange, tables_of
from footfall.embedded.signature import Claim, claim_of

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


def create_app(
    client: Client,
    *,
    keys: Mapping[str, str] | None = None,
    on_answer: Callable[[Exchange], None] | None = None,
    clock: Callable[[], float] = time.time,
) -> "Endpoint":
    """Return the ASGI application that serves the client's tables.

    It does not close the client, which may have other users.

    Args:
        client: Whose tables are served.
        keys: The secret key of each access key id. Then every request must be signed,
            and may have come under any name; without keys it must have come to a
            loopback name, and whose it is nobody looks at.
        on_answer: Told of each request when it is answered.
        clock: Seconds since the epoch, for tests.
    """
    return Endpoint(client, keys or {}, on_answer, clock)


class Endpoint:
    """The ASGI application; all its methods run in the event loop."""

    def __init__(
        self,
        client: Client,
        keys: Mapping[str, str],
        on_answer: Callable[[Exchange], None] | None,
        clock: Callable[[], float],
    ) -> None:
        """Serve the client's tables; see `create_app`."""
        self._groups = _Groups(client)
        self._keys = keys
        self._on_answer = on_answer
        self._clock = clock

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's whole life."""
        if scope["type"] == "http":
            if self._on_answer is None:
                response = await self._respond(scope, receive, None)
            else:
                response = await self._tell(self._on_answer, scope, receive)
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

    async def _tell(
        self, on_answer: Callable[[Exchange], None], scope: Message, receive: Receive
    ) -> wire.Response | None:
        """Return the response, and tell of it."""
        exchange = Exchange(self._clock())
        begun = time.perf_counter()
        response = await self._respond(scope, receive, exchange)
        exchange.seconds = time.perf_counter() - begun
        if response is not None:
            exchange.status = response.status
            exchange.code = wire.error_code(response)
        on_answer(exchange)
        return response

    async def _respond(
        self, scope: Message, receive: Receive, exchange: Exchange | None
    ) -> wire.Response | None:
        """Return the response; None if the other side has gone."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in _HEADERS
        }
        if exchange is not None:
            exchange.operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            read = await self._read(scope, receive, headers)
        except _TooLargeError:
            return wire.too_large()
        except ClientError as error:
            return wire.encode_error(error)
        if read is None or isinstance(read, wire.Response):
            return read
        operation, request = read
        if exchange is not None:
            exchange.tables = tables_of(request)
        if operation == "DescribeEndpoints":
            return wire.endpoint(headers.get("host", ""))
        answer = await self._groups.add((operation, request))
        if isinstance(answer, ClientError):
            return wire.encode_error(answer)
        return wire.encode_answer(operation, answer)

    async def _read(
        self, scope: Message, receive: Receive, headers: Mapping[str, str]
    ) -> Call | wire.Response | None:
        """Return what is asked for, or the answer if that is known already.

        None if the other side has gone.
        """
        host = headers.get("host", "")
        if not self._keys and not _is_loopback(host):
            raise AccessDeniedException(
                f"The request's Host is {host!r}; only localhost, 127.0.0.1 and [::1]"
                " are answered, so that no web page can reach this database"
            )
        early = _without_body(scope, host)
        if early is not None:
            return early
        claim = self._claim(scope)
        body = await _body(receive)
        if body is None:
            return None
        if claim is not None:
            claim.verify("POST", "/", scope["query_string"], scope["headers"], body)
        if body and not wire.is_json(headers):
            return wire.no_operation()
        return wire.decode_request(headers, body)

    def _claim(self, scope: Message) -> Claim | None:
        """Return whose the request says that it is; None if nobody asks."""
        if not self._keys:
            return None
        now = datetime.fromtimestamp(self._clock(), UTC)
        return claim_of(scope["headers"], self._keys, now)


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
