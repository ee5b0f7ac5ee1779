"""A proxy before a DynamoDB endpoint that fails as networks and AWS do.

    client ── faults ── contention ── DynamoDB Local or `footfall dynamodb`
              what goes    what AWS
              wrong        refuses

Each request meets at most one fault (`faults`). Whatever is then delivered to the
store must be admitted first (`contention`); a transaction is answered when the time
that it holds its items is over, as AWS answers when it has committed. What is
delivered twice or late is admitted each time.

One core carries some 6,000 single writes a second, or 1,400 transactions of 23 actions,
if the store has another core.

In a test:

    with Proxy(endpoint, faults=Faults({"lost_after": 0.1})) as proxy:
        boto3.client("dynamodb", endpoint_url=proxy.url)

As a process, which prints its address and answers GET /tally with its counts:

    python -m tests.proxy.server --upstream URL [--port N] [--hold 0.010-0.020]
        [--delay SECONDS] [--seed N] [--faults NAME=PROBABILITY,...]
"""

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from tests.proxy.contention import HOLD_SECONDS, Contention
from tests.proxy.faults import Draw, Fault, Faults
from tests.proxy.messages import (
    Message,
    json_answer,
    read_body,
    read_head,
    refusal_answer,
)
from tests.proxy.refusals import Refusal

BACKLOG = 512
SLOW_SECONDS = 11.0  # `footfall.connect` lets boto3 wait for 10
IDLE_SECONDS_MAX = 2.0  # of a connection to the store; servers end theirs after 5
STOP_SECONDS = 5.0  # for what is still to be delivered

_GONE = (OSError, asyncio.IncompleteReadError)


class Proxy:
    """Passes requests on to a DynamoDB endpoint, and spoils some.

    Entered, it listens on a loopback port, on a thread of its own. Left, it first
    delivers what is still on its way.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        contention: Contention | None = None,
        faults: Faults | None = None,
        delay_seconds: float = SLOW_SECONDS,
        port: int = 0,
    ) -> None:
        """Make a proxy.

        Args:
            endpoint: The store's address.
            contention: What AWS refuses; None lets everything through.
            faults: What goes wrong; None spoils nothing.
            delay_seconds: How late a slow answer is: longer than the client waits.
            port: The port to listen on; 0 takes a free one.
        """
        self.contention = contention
        self.faults = faults or Faults()
        self._delay_seconds = delay_seconds
        self._port = port
        self._requests: Counter[str] = Counter()
        self._store = _Store(endpoint)
        self._later: set[asyncio.Task[Any]] = set()
        self._fault_done = threading.Condition()
        self._stop = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it listens, once it does."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", self._port), backlog=BACKLOG)
        self._port = listener.getsockname()[1]
        self._runner = asyncio.Runner()
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._run, args=(listener,))
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def tally(self) -> dict[str, Any]:
        """What came by operation, what was spoiled, and what contention did."""
        return {
            "requests": dict(self._requests),
            "faults": dict(self.faults.tally),
            "contention": self.contention and self.contention.tally.as_dict(),
        }

    def wait_for(self, fault: str, *, times: int = 1, timeout: float = 30) -> bool:
        """Wait until a fault was done so many times; whether it was.

        What the store is to apply of such a request, it has applied then.
        """
        with self._fault_done:
            return self._fault_done.wait_for(
                lambda: self.faults.tally[fault] >= times, timeout
            )

    def _run(self, listener: socket.socket) -> None:
        with self._runner:
            self._runner.run(self._listen(listener))

    async def _listen(self, listener: socket.socket) -> None:
        connections: set[asyncio.Task[None]] = set()

        def connected(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            _keep(connections, self._serve(reader, writer))

        server = await asyncio.start_server(connected, sock=listener)
        await self._stop.wait()
        server.close()
        if self._later:
            await asyncio.wait(self._later, timeout=STOP_SECONDS)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        self._store.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer a client's requests until one side hangs up."""
        try:
            while await self._serve_one(reader, writer):
                pass
        except _GONE:
            pass  # the client left, or the store did and its answer is lost
        finally:
            writer.transport.abort()

    async def _serve_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; whether the connection goes on."""
        request = await read_head(reader)
        if request.start.startswith("GET "):
            answer = self._look(request)
            return await _send(writer, answer.encode(), last=request.is_last)
        self._requests[request.operation] += 1
        draw = self.faults.draw(request.operation)
        if draw.fault is Fault.CUT_REQUEST:
            await reader.readexactly(request.length // 2)
            self._done(draw)
            return False
        await read_body(reader, request)
        spoiled = await self._answer(request, draw)
        if spoiled is None:
            return False
        encoded = spoiled.encode()
        if draw.fault is Fault.CUT_ANSWER:
            half = encoded[: -(len(spoiled.body) // 2)]
            return await _send(writer, half, last=True)
        return await _send(writer, encoded, last=request.is_last)

    def _look(self, request: Message) -> Message:
        """The counts, for a person or a benchmark."""
        if request.start.split(" ")[1] == "/tally":
            return json_answer(self.tally())
        return json_answer({"see": "/tally"}, 404)

    async def _answer(self, request: Message, draw: Draw) -> Message | None:
        """What the client hears of a request; None if nothing."""
        if draw.pause_seconds is not None:
            _keep(self._later, self._deliver_later(request, draw))
        answer = await self._deliver(request) if draw.delivered else None
        if draw.pause_seconds is None:
            self._done(draw)
        if draw.fault is Fault.SLOW:
            await asyncio.sleep(self._delay_seconds)
        if draw.refusal is not None:
            return refusal_answer(draw.refusal)
        return answer if draw.answered else None

    async def _deliver_later(self, request: Message, draw: Draw) -> None:
        assert draw.pause_seconds is not None
        await asyncio.sleep(draw.pause_seconds)
        with contextlib.suppress(*_GONE):
            await self._deliver(request)
        self._done(draw)

    async def _deliver(self, request: Message) -> Message:
        """Send a request to the store, if contention admits it; the answer."""
        if self.contention is None:
            return await self._store.send(request)
        content = _decoded(request.body)
        for table in self.contention.unknown_tables(request.operation, content):
            await self._describe(request, table)
        admission = self.contention.admit(request.operation, content, time.monotonic())
        if isinstance(admission, Refusal):
            return refusal_answer(admission)
        committed = False
        try:
            answer = await self._store.send(request)
            committed = answer.status == 200
            if committed and request.operation in ("CreateTable", "DescribeTable"):
                self._learn(answer)
            await asyncio.sleep(admission.until - time.monotonic())
        finally:
            self.contention.finish(admission, committed=committed, now=time.monotonic())
        return answer

    async def _describe(self, request: Message, table: str) -> None:
        """Ask the store for a table's key, signed as the request is."""
        target = request.headers["x-amz-target"].replace(
            request.operation, "DescribeTable"
        )
        answer = await self._store.send(
            Message(
                request.start,
                {**request.headers, "x-amz-target": target},
                json.dumps({"TableName": table}).encode(),
            )
        )
        if answer.status == 200:
            self._learn(answer)

    def _learn(self, answer: Message) -> None:
        assert self.contention is not None
        (description,) = json.loads(answer.body).values()
        self.contention.learn(description)

    def _done(self, draw: Draw) -> None:
        if draw.name is None:
            return
        with self._fault_done:
            self.faults.tally[draw.name] += 1
            self._fault_done.notify_all()


class _Store:
    """The endpoint behind the proxy, over connections that are kept."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._address = parts.hostname, parts.port or 80
        self._idle: list[tuple[float, _Connection]] = []  # since when

    async def send(self, request: Message) -> Message:
        """Send a request; the answer.

        Raises:
            OSError: The store is away.
            IncompleteReadError: It hung up, and may have done the request.
        """
        connection = self._kept() or await asyncio.open_connection(*self._address)
        reader, writer = connection
        try:
            writer.write(request.encode())
            answer = await read_head(reader)
            await read_body(reader, answer)
        except BaseException:
            writer.transport.abort()
            raise
        if answer.is_last:
            writer.close()
        else:
            self._idle.append((time.monotonic(), connection))
        return answer

    def close(self) -> None:
        """Hang up."""
        for _, (_, writer) in self._idle:
            writer.transport.abort()

    def _kept(self) -> "_Connection | None":
        """A connection that the store has not ended, nor is about to."""
        while self._idle:
            since, (reader, writer) = self._idle.pop()
            if not reader.at_eof() and time.monotonic() - since < IDLE_SECONDS_MAX:
                return reader, writer
            writer.transport.abort()
        return None


_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _keep(tasks: "set[asyncio.Task[Any]]", work: Coroutine[Any, Any, None]) -> None:
    """Start a task and hold it until it is done, as the loop alone would not."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def _send(writer: asyncio.StreamWriter, data: bytes, *, last: bool) -> bool:
    """Send to a client, and hang up if it is the last; whether it is not."""
    writer.write(data)
    if last:
        writer.close()
        await writer.wait_closed()
    else:
        await writer.drain()
    return not last


def _decoded(body: bytes) -> Any:
    """A request's parameters; none where the store is to say what is wrong."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}


def main(arguments: list[str] | None = None) -> None:
    """Run a proxy until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.proxy.server")
    parser.add_argument("--upstream", required=True, metavar="URL")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--hold", type=_seconds, default=HOLD_SECONDS, metavar="0.010-0.020"
    )
    parser.add_argument("--delay", type=float, default=SLOW_SECONDS, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--faults", type=_rates, default={}, metavar="NAME=PROBABILITY,..."
    )
    options = parser.parse_args(arguments)
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    with Proxy(
        options.upstream,
        contention=Contention(hold_seconds=options.hold, seed=options.seed),
        faults=Faults(options.faults, seed=options.seed),
        delay_seconds=options.delay,
        port=options.port,
    ) as proxy:
        print(proxy.url, flush=True)
        signal.sigwait(stops)


def _seconds(text: str) -> tuple[float, float]:
    least, _, most = text.partition("-")
    return float(least), float(most or least)


def _rates(text: str) -> dict[str, float]:
    pairs = (entry.partition("=") for entry in text.split(","))
    return {Fault(name).value: float(rate) for name, _, rate in pairs}


if __name__ == "__main__":
    main()
