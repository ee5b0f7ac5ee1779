"""The counting routes: POST /v1/visits, and /v1/pixel.gif for pages without a script.

This is the path of every visit that its connection does not take by itself
(`fast_path`), so it is plain ASGI: a body is decoded, resolved and submitted, and the
request waits for its group. A group has one future for all its requests, and an answer is
encoded once for all that share it. What a request says and what is answered is
`exchange`'s.
"""

import asyncio
import logging
import secrets
import time
from concurrent.futures import Future
from typing import Any

from footfall.counters.port import Store
from footfall.errors import (
    FootfallError,
    IndeterminateError,
    SiteNotFoundError,
)
from footfall.visits.group import GroupCommit
from footfall.visits.ids import uuid7
from footfall.visits.lanes import Group
from footfall.visits.reader import Reader
from footfall.visits.record import Result
from footfall.visits.site import Site
from footfall.visits.visit import Outcome, Submission, Visit, resolve
from footfall.web.bodies import (
    DisconnectedError,
    Receive,
    Scope,
    Send,
    read_body,
)
from footfall.web.directory import SiteDirectory
from footfall.web.exchange import (
    PIXEL_PATH,
    PREFLIGHT,
    VISITS_PATH,
    Reply,
    answer,
    check_method,
    check_sender,
    image,
    pixel_submission,
    posted,
    refusal,
)
from footfall.web.limits import Limits
from footfall.web.problems import STORE_AWAY
from footfall.web.readers import Readers

_log = logging.getLogger("footfall.web")


class _SharedFuture(asyncio.Future[None]):
    """Many requests await it; one that is cancelled must not cancel the others'."""

    def cancel(self, msg: object = None) -> bool:
        """Leave it as it is: the request learns of its cancellation when it is done."""
        return False


class Response:
    """An answer, ready to be sent: made once for all requests that share it."""

    __slots__ = ("body", "start")

    def __init__(self, reply: Reply) -> None:
        headers, body = reply.headers, reply.body
        if reply.status != 204:  # RFC 9110, 8.6: a 204 must have no Content-Length
            headers = [*headers, (b"content-length", str(len(body)).encode())]
        self.start: dict[str, Any] = {
            "type": "http.response.start",
            "status": reply.status,
            "headers": headers,
        }
        self.body: dict[str, Any] = {"type": "http.response.body", "body": body}


class Waiting:
    """The requests of one group: their future, and the answers once it is done."""

    __slots__ = ("done", "responses", "results")

    def __init__(self, results: list[Result]) -> None:
        self.done = _SharedFuture(loop=asyncio.get_running_loop())
        self.results = results
        self.responses: dict[int, Response] = {}

    def response(self, index: int, *, private: bool) -> Response:
        """The answer to one of the requests; made once for all that share it."""
        result = self.results[index]
        response = self.responses.get(id(result))
        if response is None:
            response = Response(answer(result, private=private))
            self.responses[id(result)] = response
        return response


class Counting:
    """The ASGI application of the counting routes."""

    def __init__(
        self,
        store: Store,
        commit: GroupCommit,
        directory: SiteDirectory,
        readers: Readers,
        limits: Limits,
    ) -> None:
        self._commit = commit
        self._directory = directory
        self._readers = readers
        self._limits = limits
        self._window_seconds = store.window_seconds
        self._waiting: dict[Group, Waiting] = {}
        self._refused = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what one request says, and answer when it is durable."""
        try:
            if scope["path"] == VISITS_PATH:
                response = await self._post(scope, receive)
            else:
                response = await self._pixel(scope)
        except FootfallError as error:  # before it came into a group
            response = self.refused(error)
        except DisconnectedError:
            return
        await send(response.start)
        await send(response.body)

    async def _post(self, scope: Scope, receive: Receive) -> Response:
        method = scope["method"]
        if method == "OPTIONS":
            return Response(PREFLIGHT)
        check_method(VISITS_PATH, method)
        self.check_visit(scope)
        submission = posted(scope["headers"], await read_body(receive))
        reader = self.reader_of(scope)
        waiting, index, site = await self._count(submission, reader, scope)
        return waiting.response(index, private=site.private)

    async def _pixel(self, scope: Scope) -> Response:
        method = scope["method"]
        if method == "OPTIONS":
            return Response(PREFLIGHT)
        try:
            check_method(PIXEL_PATH, method)
            self.check_visit(scope)
            submission = pixel_submission(
                scope["query_string"], scope["headers"], _new_id
            )
            reader = self.reader_of(scope)
            waiting, index, _ = await self._count(submission, reader, scope)
            result = waiting.results[index]
        except FootfallError as error:
            self._commit.statistics.note_refused(error)
            result = error
        return Response(image(result))

    async def count(
        self, submission: Submission, reader: Reader | None, scope: Scope
    ) -> Result:
        """Count a visit; its result, once it is durable.

        Args:
            submission: The visit.
            reader: Its reader, None for nobody in particular.
            scope: The request that says so.

        Raises:
            FootfallError: It came into no group, so nothing is counted.
        """
        try:
            self.check_visit(scope)
            waiting, index, _ = await self._count(submission, reader, scope)
        except FootfallError as error:
            self._commit.statistics.note_refused(error)
            raise
        return waiting.results[index]

    async def _count(
        self, submission: Submission, reader: Reader | None, scope: Scope
    ) -> tuple[Waiting, int, Site]:
        """Count a visit; where its result is, once it is durable, and its site."""
        try:
            visit = self.resolve(submission, reader)
        except SiteNotFoundError:
            await self._directory.look_again()
            visit = self.resolve(submission, reader)
        if isinstance(visit, Outcome):
            self._commit.statistics.note_filtered(visit.site, str(visit.reason))
            return Waiting([visit]), 0, self._directory.sites.named(visit.site)
        waiting, index = self.submit(visit, scope)
        await waiting.done
        return waiting, index, visit.site

    def check_visit(self, scope: Scope) -> None:
        """Let a request's address count another visit; errors as `Limits.check_visit`."""
        self._limits.check_visit(scope)

    def reader_of(self, scope: Scope) -> Reader:
        """The reader of a request."""
        return self._readers.reader_of(scope)

    def resolve(self, submission: Submission, reader: Reader | None) -> Visit | Outcome:
        """The visit that was said, by the sites that are known now.

        Raises:
            InvalidInputError: A field is not valid.
            SiteNotFoundError: No site that is known holds the page.
        """
        now_ms = time.time_ns() // 1_000_000
        sites, window = self._directory.sites, self._window_seconds
        return resolve(submission, sites, now_ms, window, reader)

    def submit(self, visit: Visit, scope: Scope) -> tuple[Waiting, int]:
        """Put a visit into the group that forms; where its result will be.

        Raises:
            HttpError: Its page may not send it, or its site is sent too many.
            OverloadedError, UnavailableError: The group commit does not take it.
        """
        check_sender(visit.site, scope["headers"])
        self._limits.check_site(visit.site)
        group, index = self._commit.submit(visit)
        waiting = self._waiting.get(group)
        if waiting is None:
            waiting = self._wait_for(group)
        return waiting, index

    def refused(self, error: FootfallError) -> Response:
        """The answer to a request of which nothing came into a group."""
        self._commit.statistics.note_refused(error)
        return Response(refusal(error))

    def _wait_for(self, group: Group) -> Waiting:
        loop = asyncio.get_running_loop()
        waiting = self._waiting[group] = Waiting([])

        def settle(done: Future[list[Result]]) -> None:
            loop.call_soon_threadsafe(self._settle, group, done)

        group.done.add_done_callback(settle)
        return waiting

    def _settle(self, group: Group, done: Future[list[Result]]) -> None:
        waiting = self._waiting.pop(group)
        fault = done.exception()
        if fault is None:
            waiting.results = done.result()
        else:
            _log.error("a group of visits failed", exc_info=fault)
            unknown = IndeterminateError("count", "the server failed")
            waiting.results = [unknown] * len(group.visits)
        self._note(waiting.results[0])
        waiting.done.set_result(None)

    def _note(self, result: Result) -> None:
        """Log when the store begins to refuse visits, and when it takes them again.

        The first of a group stands for all of it: they met the same store.
        """
        if isinstance(result, STORE_AWAY):
            if not self._refused:
                _log.error("visits are refused: %s", result)
            self._refused = True
        elif self._refused and isinstance(result, Outcome):
            _log.warning("visits are counted again")
            self._refused = False


def _new_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, secrets.randbits(74))
