"""Visits without an ASGI request: a POST that goes straight to the group commit.

A scope, a task and a conversation by messages cost a request more than to count it
does. So the one request that comes by the thousand is answered by its connection:

    parsed, decoded, submitted              no task, no future, no message
    when the group is durable               all of its answers, each in one write

Only the plain case is: a POST to exactly this path, over HTTP/1.1 that is kept alive,
behind nothing on its connection that is not answered yet, whose body is a visit to
count. All else goes on to the application as if nobody had looked: another method or
path, Expect, a body that is too large or no visit, a page of a site that is not known
yet, a connection whose reader is slow. That is decided before anything has happened. What a
request says, what refuses it and what it is answered is `counting`'s and `exchange`'s.

Nothing knows of this file but the line of `server` that names it: without the two, each
visit takes the ASGI route.
"""

from asyncio import Future
from functools import partial
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from footfall.errors import FootfallError
from footfall.visits.visit import Outcome
from footfall.web.bodies import BODY_BYTES_MAX, Scope
from footfall.web.connections import BODY, WORKING, BoundedProtocol, Connections
from footfall.web.counting import Counting, Response, Waiting
from footfall.web.exchange import VISITS_PATH, posted

_URL = VISITS_PATH.encode()
_END = b"\r\n\r\n"  # of an answer's head
_CLOSE = b"\r\nconnection: close" + _END


class Answers:
    """The requests that wait for their groups, of all connections of a server."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._waiting: dict[Waiting, list[_Request]] = {}

    def take(self, request: "_Request", scope: Scope) -> bool:
        """Submit what a request says; False, and nothing has happened, if it is odd."""
        counting = self._counting
        try:
            submission = posted(scope["headers"], request.body)
            visit = counting.resolve(submission, counting.reader_of(scope))
        except FootfallError:
            return False
        if isinstance(visit, Outcome):
            return False
        try:
            counting.check_visit(scope)
            waiting, request.index = counting.submit(visit, scope)
        except FootfallError as error:
            request.answer(request.written(counting.refused(error)))
            return True
        request.is_private = visit.site.private
        requests = self._waiting.get(waiting)
        if requests is None:
            requests = self._waiting[waiting] = []
            waiting.done.add_done_callback(partial(self._answer, waiting))
        requests.append(request)
        return True

    def _answer(self, waiting: Waiting, _: Future[None]) -> None:
        written, before = b"", None
        for request in self._waiting.pop(waiting):
            response = waiting.response(request.index, private=request.is_private)
            if response is not before:
                written, before = request.written(response), response
            request.answer(written)


class _Unheard:
    """An event that nobody waits for."""

    def set(self) -> None:
        """Tell nobody."""


class _Request:
    """One visit's request: to uvicorn what its own of a request are.

    Attributes:
        body: What of it has come.
        index: Its place in its group.
        is_private: Whether its site's total is for the owner alone.
        keep_alive: Whether another request may follow; a stop says no.
        disconnected: Whether nobody is there any more to be answered.
        response_complete: Whether it is answered.
    """

    __slots__ = (
        "_protocol",
        "body",
        "disconnected",
        "index",
        "is_private",
        "keep_alive",
        "response_complete",
    )
    message_event = _Unheard()

    def __init__(self, protocol: "VisitsProtocol") -> None:
        self._protocol = protocol
        self.body = b""
        self.index = 0
        self.is_private = False
        self.keep_alive = True
        self.disconnected = self.response_complete = False

    def written(self, response: Response) -> bytes:
        """An answer as bytes, as uvicorn writes it; all that share one can send them."""
        parts = [STATUS_LINE[response.start["status"]]]
        for headers in (
            self._protocol.server_state.default_headers,
            response.start["headers"],
        ):
            for name, value in headers:
                parts += (name, b": ", value, b"\r\n")
        return b"".join([*parts, b"\r\n", response.body["body"]])

    def answer(self, written: bytes) -> None:
        """Send the answer, if somebody is there to read it."""
        self.response_complete = True
        self._protocol.send(written, self)


class VisitsProtocol(BoundedProtocol):
    """A connection that counts plain visits by itself."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        *,
        answers: Answers,
        **rest: Any,
    ) -> None:
        super().__init__(config, server_state, **rest)
        self._answers = answers

    def on_message_begin(self) -> None:
        """A request begins; its scope is made where the application has it."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._begin()

    def on_headers_complete(self) -> None:
        """Take the request for a visit's, or let the application have it."""
        parser, before = self.parser, self.cycle
        if (
            self.url == _URL
            and (before is None or before.response_complete)
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and not self.flow.write_paused
        ):
            self.cycle = _Request(self)  # type: ignore[assignment]
            self._enter(BODY)
        else:
            self._make_scope()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of the body has come."""
        request: Any = self.cycle
        if type(request) is not _Request:
            super().on_body(body)
            return
        request.body += body
        if len(request.body) > BODY_BYTES_MAX:
            self._hand_over(request)

    def on_message_complete(self) -> None:
        """The request is whole: count it, or let the application."""
        request: Any = self.cycle
        if type(request) is _Request:
            self._enter(WORKING)
            scope = {"headers": self.headers, "client": self.client}
            if self._answers.take(request, scope):
                return
            self._hand_over(request)
        super().on_message_complete()

    def send(self, written: bytes, request: _Request) -> None:
        """Send the answer to a request, and see to what follows it."""
        transport = self.transport
        # uvloop raises where a transport is written to that is closed.
        if request.disconnected or transport.is_closing():
            return
        if request.keep_alive:
            transport.write(written)
        else:
            transport.write(written.replace(_END, _CLOSE, 1))
            transport.close()
        self.on_response_complete()

    def _hand_over(self, request: _Request) -> None:
        """Begin again, as if the head had just come; nothing else is in flight."""
        self.cycle = None  # type: ignore[assignment]
        self._make_scope()
        super().on_headers_complete()
        super().on_body(request.body)

    def _make_scope(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        HttpToolsProtocol.on_message_begin(self)
        self.url, self.expect_100_continue = url, expects
        self.headers += headers  # the scope's own list


def visits_protocol(connections: Connections, app: Any) -> Any:
    """What uvicorn makes a protocol by, for each connection.

    Args:
        connections: The server's.
        app: The ASGI application; one that does not count visits takes all its requests.
    """
    counting = getattr(app, "counting", None)
    if counting is None:
        return connections.protocol
    return partial(VisitsProtocol, bounds=connections, answers=Answers(counting))
