"""The counting routes: POST /v1/visits, and /v1/pixel.gif for pages without a script.

This is the path that every visit takes, so it is plain ASGI: a body is decoded, resolved
and submitted, and the request waits for its group. A group has one future for all its
requests, and an answer is encoded once for all that share it.

A page of any origin may count, and its script must read every answer, refusals too:
whether to send again depends on it. So each answer allows every origin and exposes
Retry-After; no answer depends on cookies.
"""

import asyncio
import base64
import logging
import secrets
import time
from concurrent.futures import Future
from urllib.parse import parse_qsl

import msgspec

from footfall.counters.port import Store
from footfall.errors import (
    FootfallError,
    IndeterminateError,
    InvalidInputError,
    SiteNotFoundError,
)
from footfall.visits.group import GroupCommit
from footfall.visits.ids import uuid7
from footfall.visits.lanes import Group
from footfall.visits.record import Result
from footfall.visits.site import Site
from footfall.visits.visit import Outcome, Submission, resolve
from footfall.web.bodies import (
    DisconnectedError,
    Receive,
    Scope,
    Send,
    check_json_type,
    decode,
    read_body,
)
from footfall.web.directory import SiteDirectory
from footfall.web.problems import Headers, HttpError, Problem, problem_of
from footfall.web.readers import Readers

VISITS_PATH = "/v1/visits"
PIXEL_PATH = "/v1/pixel.gif"

_CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Retry-After, Footfall-Outcome"),
    (b"cache-control", b"no-store"),
]
_PREFLIGHT: Headers = [
    *_CORS,
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"Content-Type"),
    (b"access-control-max-age", b"86400"),
]
_JSON: Headers = [*_CORS, (b"content-type", b"application/json")]
# The smallest transparent GIF: one pixel.
_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PIXEL_FIELDS = frozenset({"id", "url", "referrer", "age"})
_AGE_DIGITS_MAX = 13

_log = logging.getLogger("footfall.web")

_decoder = msgspec.json.Decoder(Submission)
_encode = msgspec.json.Encoder().encode


class _SharedFuture(asyncio.Future[None]):
    """Many requests await it; one that is cancelled must not cancel the others'."""

    def cancel(self, msg: object = None) -> bool:
        """Leave it as it is: the request learns of its cancellation when it is done."""
        return False


class _Response:
    """An answer, ready to be sent: made once for all requests that share it."""

    __slots__ = ("body", "start")

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        if status != 204:  # RFC 9110, 8.6: a 204 must have no Content-Length
            headers = [*headers, (b"content-length", str(len(body)).encode())]
        self.start = {
            "type": "http.response.start",
            "status": status,
            "headers": headers,
        }
        self.body = {"type": "http.response.body", "body": body}


class _Waiting:
    """The requests of one group: their future, and the answers once it is done."""

    __slots__ = ("done", "responses", "results")

    def __init__(self, results: list[Result]) -> None:
        self.done = _SharedFuture(loop=asyncio.get_running_loop())
        self.results = results
        self.responses: dict[int, _Response] = {}

    def response(self, index: int, *, private: bool) -> _Response:
        result = self.results[index]
        response = self.responses.get(id(result))
        if response is None:
            response = self.responses[id(result)] = _response_to(result, private)
        return response


class Counting:
    """The ASGI application of the counting routes."""

    def __init__(
        self,
        store: Store,
        commit: GroupCommit,
        directory: SiteDirectory,
        readers: Readers,
    ) -> None:
        self._commit = commit
        self._directory = directory
        self._readers = readers
        self._window_seconds = store.window_seconds
        self._waiting: dict[Group, _Waiting] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what one request says, and answer when it is durable."""
        try:
            if scope["path"] == VISITS_PATH:
                response = await self._post(scope, receive)
            else:
                response = await self._pixel(scope)
        except FootfallError as error:  # before it came into a group
            self._commit.statistics.note_refused(error)
            response = _refusal(problem_of(error))
        except DisconnectedError:
            return
        await send(response.start)
        await send(response.body)

    async def _post(self, scope: Scope, receive: Receive) -> _Response:
        method = scope["method"]
        if method != "POST":
            if method == "OPTIONS":
                return _Response(204, _PREFLIGHT, b"")
            raise _not_allowed(method, "POST, OPTIONS")
        check_json_type(scope["headers"])
        submission = decode(_decoder, await read_body(receive))
        waiting, index, site = await self._count(submission, scope)
        return waiting.response(index, private=site.private)

    async def _pixel(self, scope: Scope) -> _Response:
        method = scope["method"]
        if method == "OPTIONS":
            return _Response(204, _PREFLIGHT, b"")
        try:
            if method != "GET":
                raise _not_allowed(method, "GET, OPTIONS")
            waiting, index, _ = await self._count(_pixel_submission(scope), scope)
            result = waiting.results[index]
        except FootfallError as error:
            self._commit.statistics.note_refused(error)
            result = error
        if isinstance(result, Outcome):
            return _image(200, result.outcome, [])
        # An image all the same: a page must not show a broken one.
        problem = problem_of(result)
        return _image(problem.status, "refused", problem.headers)

    async def _count(
        self, submission: Submission, scope: Scope
    ) -> tuple[_Waiting, int, Site]:
        """Count a visit; where its result is, once it is durable, and its site."""
        now_ms = time.time_ns() // 1_000_000
        sites, window = self._directory.sites, self._window_seconds
        reader = self._readers.reader_of(scope)
        try:
            visit = resolve(submission, sites, now_ms, window, reader)
        except SiteNotFoundError:
            sites = await self._directory.look_again()
            visit = resolve(submission, sites, now_ms, window, reader)
        if isinstance(visit, Outcome):
            self._commit.statistics.note_filtered(str(visit.reason))
            return _Waiting([visit]), 0, sites.named(visit.site)
        ticket = self._commit.submit(visit)
        waiting = self._waiting.get(ticket.group)
        if waiting is None:
            waiting = self._wait_for(ticket.group)
        await waiting.done
        return waiting, ticket.index, visit.site

    def _wait_for(self, group: Group) -> _Waiting:
        loop = asyncio.get_running_loop()
        waiting = self._waiting[group] = _Waiting([])

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
        waiting.done.set_result(None)


def _pixel_submission(scope: Scope) -> Submission:
    try:
        query = dict(
            parse_qsl(
                scope["query_string"].decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=10,
            )
        )
    except ValueError as error:
        raise InvalidInputError("query", f"cannot be read: {error}") from error
    unknown = sorted(query.keys() - _PIXEL_FIELDS)
    if unknown:
        raise InvalidInputError(
            unknown[0], "is no parameter: use url, id, referrer and age"
        )
    referer = next(
        (value for name, value in scope["headers"] if name == b"referer"), b""
    )
    age = query.get("age", "0")
    if not (age.isascii() and age.isdigit() and len(age) <= _AGE_DIGITS_MAX):
        raise InvalidInputError("age", "must be a whole number of milliseconds")
    # Without an id nothing tells a retry from another visit, so it counts again.
    id = query.get("id") or uuid7(time.time_ns() // 1_000_000, secrets.randbits(74))
    return Submission(
        id=id,
        url=query.get("url") or referer.decode("latin-1"),
        referrer=query.get("referrer"),
        age=int(age),
    )


def _response_to(result: Result, private: bool) -> _Response:
    if isinstance(result, Outcome):
        if private:  # its total is for its owner alone
            result = msgspec.structs.replace(result, visits=None)
        return _Response(200, _JSON, _encode(result))
    return _refusal(problem_of(result))


def _refusal(problem: Problem) -> _Response:
    return _Response(problem.status, [*_CORS, *problem.headers], problem.body)


def _image(status: int, outcome: str, headers: Headers) -> _Response:
    """A pixel; none where a retry is worth it, so that a script's image fails."""
    own = [(b"content-type", b"image/gif"), (b"footfall-outcome", outcome.encode())]
    further = [header for header in headers if header[0] != b"content-type"]
    return _Response(status, [*_CORS, *own, *further], b"" if status == 503 else _GIF)


def _not_allowed(method: str, allowed: str) -> HttpError:
    return HttpError(
        405, "Method not allowed", f"{method} is none of {allowed}", allow=allowed
    )
