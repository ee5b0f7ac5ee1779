"""The endpoint that speaks DynamoDB's HTTP protocol for an embedded client.

A plain ASGI application without a framework. The event loop reads requests and
writes answers; one worker thread does the work, a group at a time:

    requests -> waiting -> client.batch(group) -> each answered after the one fsync

Requests that arrive while a group is being stored form the next group. So the more
connections there are, the fewer fsyncs a request costs, and a single one waits for
nobody. No answer leaves before the whole group is durable.

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
DISCARDED_BYTES_MAX = 64 * 1024 * 1024  # of a body that is too large
EXPIRY_PAUSE_SECONDS = 5.0
EXPIRY_ITEMS_MAX = 1000  # deleted in one go, so that requests need not wait long

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

    def expire_items(self, budget: int) -> int:
        """Delete at most `budget` items whose time has come."""


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
        self._client = client

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
        expiry.add_done_callback(_log_failure)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        expiry.cancel()
        await self._groups.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _expire(self) -> None:
        """Delete expired items for ever, a bounded number at a time."""
        while True:
            await asyncio.sleep(EXPIRY_PAUSE_SECONDS)
            while (
                await asyncio.to_thread(self._client.expire_items, EXPIRY_ITEMS_MAX)
                >= EXPIRY_ITEMS_MAX
            ):
                pass

    async def _respond(self, scope: Message, receive: Receive) -> wire.Response | None:
        """Return the response; None if the other side has gone."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        host = headers.get("host", "")
        if not _is_loopback(host):
            return wire.encode_error(
                AccessDeniedException(
                    f"The request's Host is {host!r}; only localhost, 127.0.0.1 and"
                    " [::1] are answered, so that no web page can reach this database"
                )
            )
        if scope["method"] == "GET":
            return wire.healthy()
        if scope["method"] != "POST":
            return wire.no_operation()
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
        answer = await self._groups.add((operation, request))
        if isinstance(answer, ClientError):
            return wire.encode_error(answer)
        return wire.encode_answer(operation, answer)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        _log.error("Expired items are no longer deleted", exc_info=task.exception())


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
        self._idle = asyncio.Event()
        self._idle.set()

    async def add(self, call: Call) -> Answer:
        """Do a request in the next group and return its answer, durable."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((call, answer))
        if not self._busy:
            self._busy = True
            self._idle.clear()
            # Not at once: what the loop has read already goes into the same group
            loop.call_soon(self._start)
        return await answer

    def _start(self) -> None:
        group, self._waiting = self._waiting[:GROUP_MAX], self._waiting[GROUP_MAX:]
        if not group:
            self._busy = False
            self._idle.set()
            return
        stored = asyncio.get_running_loop().run_in_executor(
            self._worker, self._client.batch, [call for call, _ in group]
        )
        stored.add_done_callback(lambda done: self._finish(group, done))

    def _finish(
        self,
        group: list[tuple[Call, asyncio.Future[Answer]]],
        stored: asyncio.Future[list[Answer]],
    ) -> None:
        self._start()
        failure = stored.exception()
        if failure is not None:
            _log.error("A group of requests failed", exc_info=failure)
            answers: list[Answer] = [
                InternalServerError(
                    "The engine failed and the write may have happened; its log says"
                    " why"
                )
                for _ in group
            ]
        else:
            answers = stored.result()
        for (_, waiting), answer in zip(group, answers, strict=True):
            if not waiting.done():  # whoever waited may have been cancelled
                waiting.set_result(answer)

    async def close(self) -> None:
        """Answer what was accepted, then end the worker."""
        await self._idle.wait()
        self._worker.shutdown()
