"""HTTP connections within bounds: slow ones are cut off, large heads refused.

uvicorn's protocol bounds nothing before a request is whole: not the bytes of a head,
nor how long it takes to come, nor a reader that never reads. Here each connection is
always in one state, and each state has its time:

    IDLE     nothing of a request has come      30 s    closed in silence; a proxy's
                                               180 s    later than proxies close theirs
    HEAD     some of the line or headers has    10 s    408
    BODY     the head has, the body not         30 s    408
    WORKING  the request is whole                       the answer is ours to give
    (any)    what we write is not read          30 s    cut off

A state's time runs from its start, so a byte now and then does not extend it. `sweep`
looks at all connections once a second; a request sets a number when its state
changes, and no timer.

Connections are bounded in all, and of one address; this machine's own and named
proxies' are not bounded by address. What is refused before it becomes a request is
answered as a problem, like everything else (`problems`), and logged by nobody: a
scanner would write the log full.
"""

import resource
from collections import Counter as Tally
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from footfall.web.problems import HttpError, problem_of
from footfall.web.proxies import is_this_machine, reader_network

URL_BYTES_MAX = 8 * 1024
HEAD_BYTES_MAX = 32 * 1024  # the line, and all headers
HEADERS_MAX = 100
PIPELINED_MAX = 64  # requests that wait behind one that is answered
CONNECTIONS_MAX = 4_096
CONNECTIONS_OF_ADDRESS_MAX = 128
_FILES_KEPT = 128  # for the store, the log, what is opened for a moment

IDLE, HEAD, BODY, WORKING = range(4)

_BUSY = HttpError(
    503, "Too many connections", "the server has too many connections; come again soon"
)
_SLOW = HttpError(408, "Too slow", "the request did not come to its end in time")
_MALFORMED = HttpError(400, "Not HTTP", "the request cannot be read as HTTP/1.1")
_LONG_URL = HttpError(414, "Too long", f"a URL may have {URL_BYTES_MAX} bytes")
_LARGE_HEAD = HttpError(
    431,
    "Head too large",
    f"a request's line and headers may have {HEAD_BYTES_MAX} bytes and"
    f" {HEADERS_MAX} headers",
)


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds a connection may be in each state."""

    idle_seconds: float = 30.0
    # nginx keeps a connection for 60 s and Caddy for 120: a POST that meets our close
    # would be answered 502.
    proxy_idle_seconds: float = 180.0
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    unread_seconds: float = 30.0


class Connections:
    """What the connections of one server share: how many there are, and of whom.

    Args:
        is_proxy: Whether an address is a proxy's that was named; such are not bounded
            by address.
        patience: How long a connection may take.
        count_max: How many connections there may be.
    """

    def __init__(
        self,
        is_proxy: Callable[[str], bool] = lambda _: False,
        patience: Patience = Patience(),
        count_max: int = CONNECTIONS_MAX,
    ) -> None:
        self.now = 0.0  # as of the last sweep: what a request's state begins at
        self.patience = patience
        self._is_proxy = is_proxy
        self._of_address: Tally[str] = Tally()
        self._count_max = min(count_max, _files_max() - _FILES_KEPT)

    def protocol(
        self, config: Config, server_state: ServerState, **rest: Any
    ) -> "BoundedProtocol":
        """A protocol for one connection: what uvicorn takes for a protocol's class."""
        return BoundedProtocol(config, server_state, bounds=self, **rest)

    def opened(self, count: int, address: str) -> str | None:
        """Note a connection, the `count`th.

        Returns:
            What `closed` is to be told; None if there are too many.
        """
        if count > self._count_max:
            return None
        if is_this_machine(address) or self._is_proxy(address):
            return ""
        network = reader_network(address)
        if self._of_address[network] >= CONNECTIONS_OF_ADDRESS_MAX:
            return None
        self._of_address[network] += 1
        return network

    def closed(self, network: str) -> None:
        """Forget a connection."""
        if network:
            self._of_address[network] -= 1
            if not self._of_address[network]:
                del self._of_address[network]

    def sweep(self, connections: Iterable[Any], now: float) -> None:
        """Cut off those whose time is over.

        Args:
            connections: All of the server's.
            now: The event loop's time, in seconds.
        """
        self.now = now
        for connection in list(connections):
            connection.look(now)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, within bounds.

    A protocol that answers some requests by itself extends this one: it overrides
    `on_headers_complete`, `on_body` and `on_message_complete` for its own requests,
    and calls `_enter` where these do.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        *,
        bounds: Connections,
        **rest: Any,
    ) -> None:
        super().__init__(config, server_state, **rest)
        self._bounds = bounds
        self._network: str | None = None
        self._state = IDLE
        self._since = bounds.now
        self._unread_since: float | None = None
        self._head_bytes = 0
        self._began = False  # in the bytes that are parsed now
        self._refusal = _MALFORMED

    def connection_made(self, transport: Any) -> None:
        """Take the connection, or refuse it."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self._network = self._bounds.opened(len(self.connections), address)
        if self._network is None:
            self.connections.discard(self)
            self._refuse(_BUSY)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._network is not None:
            self._bounds.closed(self._network)
        super().connection_lost(exc)

    def look(self, now: float) -> None:
        """Cut the connection off if its time is over."""
        if self.transport.is_closing():
            return
        patience, seconds = self._bounds.patience, now - self._since
        if self._unread_since is not None:
            if now - self._unread_since > patience.unread_seconds:
                self._cut()
        elif self._state == IDLE:
            may = (
                patience.idle_seconds if self._network else patience.proxy_idle_seconds
            )
            if seconds > may:
                self.transport.close()
        elif (self._state == HEAD and seconds > patience.head_seconds) or (
            self._state == BODY and seconds > patience.body_seconds
        ):
            self._refuse(_SLOW)

    def data_received(self, data: bytes) -> None:
        """Parse what has come."""
        if self.transport.is_closing():
            return
        self._began = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # nothing here is upgraded to: the request is answered as it is
        except httptools.HttpParserError:
            self._refuse(self._refusal)
            return
        if self._state == HEAD and not self._began:
            # What the parser holds of a header that has not ended, it tells nobody.
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(_LARGE_HEAD)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._begin()

    def on_url(self, url: bytes) -> None:
        """Some of the request's line has come."""
        super().on_url(url)
        if len(self.url) > URL_BYTES_MAX:
            self._stop(_LONG_URL)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has come. As uvicorn's own, which would be a call more for each."""
        name = name.lower()
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES_MAX:
            self._stop(_LARGE_HEAD)
        if self._state == BODY:
            # A trailer (RFC 9110, 6.5.1): who sends it, no proxy looked at. As a header
            # it would say whose request this is.
            return
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        if len(self.headers) > HEADERS_MAX:
            self._stop(_LARGE_HEAD)

    def on_headers_complete(self) -> None:
        """The head has come."""
        if len(self.pipeline) >= PIPELINED_MAX:
            self._stop(_BUSY)
        super().on_headers_complete()
        self._enter(BODY)

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        self._enter(IDLE if self.cycle.response_complete else WORKING)

    def on_response_complete(self) -> None:
        """The answer is given, perhaps before the request was whole.

        As uvicorn's own, but for the timer that it starts for each idle connection:
        `sweep` sees to those.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._state == WORKING:
            self._enter(IDLE)

    def pause_writing(self) -> None:
        """What was written waits for its reader."""
        super().pause_writing()
        self._unread_since = self._bounds.now

    def resume_writing(self) -> None:
        """It was read."""
        super().resume_writing()
        self._unread_since = None

    def _begin(self) -> None:
        self._began = True
        self._head_bytes = 0
        self._enter(HEAD)

    def _enter(self, state: int) -> None:
        self._state = state
        self._since = self._bounds.now

    def _stop(self, refusal: HttpError) -> None:
        """End the parsing, from within one of its callbacks."""
        self._refusal = refusal
        raise refusal

    def _refuse(self, error: HttpError) -> None:
        """Answer what is no request of ours, unless an answer is under way; and close."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._cut()
            return
        problem = problem_of(error)
        head = [
            b"HTTP/1.1 %d %s" % (problem.status, error.title.encode()),
            b"access-control-allow-origin: *",
            b"connection: close",
            b"content-length: %d" % len(problem.body),
            *(name + b": " + value for name, value in problem.headers),
        ]
        self.transport.write(b"\r\n".join(head) + b"\r\n\r\n" + problem.body)
        self.transport.close()

    def _cut(self) -> None:
        """End the connection at once; what waits to be read is thrown away."""
        if self.cycle is not None:
            # uvloop raises where a transport is written to that is closed.
            self.cycle.disconnected = True
        self.transport.abort()


def _files_max() -> int:
    """How many files the process may have open, raised as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + _FILES_KEPT
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return wanted
