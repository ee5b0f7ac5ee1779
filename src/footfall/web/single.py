"""Counting one visit at a time, without an event loop: the path of a function on Lambda.

A function's process has one request at a time, and nothing of it runs between two. So
there is no group to wait for and nothing reads in the background: the visit is recorded
by the caller's own thread, and the sites are looked at again when a visit comes and the
last look is old.

Each value that a visit is broken down by is one more item of its transaction, at two
write units, and no group shares them here. So a site is broken down by what both it and
the function are set to; totals alone unless the function's owner says otherwise.
"""

import logging
import secrets
import time
from collections.abc import Callable, Collection

from footfall.counters.port import Store
from footfall.errors import FootfallError, SiteNotFoundError
from footfall.visits.ids import uuid7
from footfall.visits.record import Recorder, Result
from footfall.visits.site import SiteIndex
from footfall.visits.sites import load_sites, sites_version
from footfall.visits.visit import Outcome, Submission, resolve
from footfall.web.bodies import Scope
from footfall.web.exchange import (
    PIXEL_PATH,
    PREFLIGHT,
    Reply,
    answer,
    check_method,
    check_sender,
    image,
    pixel_submission,
    posted,
)
from footfall.web.problems import STORE_AWAY
from footfall.web.readers import Readers

LOOK_SECONDS = 1.0

_log = logging.getLogger("footfall.web")


class SingleCounting:
    """Answers the counting routes, one request at a time.

    Args:
        store: Where the visits are counted.
        readers: Reads what a request tells of its reader.
        breakdowns: What sites may be broken down by here.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        store: Store,
        readers: Readers,
        breakdowns: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._window_seconds = store.window_seconds
        self._recorder = Recorder(store, clock=clock)
        self._readers = readers
        self._sites = _Sites(store, breakdowns, self._recorder.forget, clock)

    def reply(self, scope: Scope, body: bytes) -> Reply:
        """Count what a request says; its answer, once it is durable.

        Args:
            scope: The request, its path one of `COUNTING_PATHS`.
            body: Its whole body.
        """
        path, method = scope["path"], scope["method"]
        if method == "OPTIONS":
            return PREFLIGHT
        result: Result
        private = False
        try:
            check_method(path, method)
            if path == PIXEL_PATH:
                submission = pixel_submission(
                    scope["query_string"], scope["headers"], _new_id
                )
            else:
                submission = posted(scope["headers"], body)
            result, private = self._count(submission, scope)
        except FootfallError as error:
            result = error
        if isinstance(result, STORE_AWAY):
            _log.error("a visit was refused: %s", result)
        return image(result) if path == PIXEL_PATH else answer(result, private=private)

    def destroy_salts(self) -> None:
        """Destroy the salts of days that are over, as `Recorder.destroy_salts`."""
        self._recorder.destroy_salts()

    def _count(self, submission: Submission, scope: Scope) -> tuple[Result, bool]:
        """What became of a visit, and whether its site's total is its owner's alone."""
        now_ms, window = time.time_ns() // 1_000_000, self._window_seconds
        reader = self._readers.reader_of(scope)
        sites = self._sites.now()
        try:
            visit = resolve(submission, sites, now_ms, window, reader)
        except SiteNotFoundError:
            sites = self._sites.again()
            visit = resolve(submission, sites, now_ms, window, reader)
        if isinstance(visit, Outcome):
            return visit, sites.named(visit.site).private
        check_sender(visit.site, scope["headers"])
        (result,) = self._recorder.record([visit])
        return result, visit.site.private


class _Sites:
    """The sites as they were a second ago at most."""

    def __init__(
        self,
        store: Store,
        breakdowns: Collection[str],
        on_change: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._breakdowns = frozenset(breakdowns)
        self._on_change = on_change
        self._clock = clock
        self._sites = SiteIndex(())
        self._version = -1
        self._looked_at: float | None = None
        self._read_at: float | None = None

    def now(self) -> SiteIndex:
        """The sites, read again if somebody changed them.

        Raises:
            UnavailableError: The store is away.
        """
        if self._is_old(self._looked_at):
            looked_at = self._clock()
            version = sites_version(self._store)
            if version != self._version:
                self._read()
                self._version = version
                self._on_change()
            self._looked_at = looked_at
        return self._sites

    def again(self) -> SiteIndex:
        """The sites, read again unless that was a moment ago.

        A site that somebody put into the table by hand moves no version.

        Raises:
            UnavailableError: The store is away.
        """
        if self._is_old(self._read_at):
            self._read()
        return self._sites

    def _is_old(self, at: float | None) -> bool:
        return at is None or self._clock() - at >= LOOK_SECONDS

    def _read(self) -> None:
        read_at = self._clock()
        self._sites = load_sites(self._store).broken_down_by(self._breakdowns)
        self._read_at = read_at


def _new_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, secrets.randbits(74))
