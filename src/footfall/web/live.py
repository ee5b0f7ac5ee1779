"""A site's numbers as they move: server-sent events, or one answer for whoever polls.

All who listen to one site share one reader of the store, which looks once a second and
tells them what moved. Each listener is told the newest numbers and never a list of old
ones, so a slow one costs no memory. A comment is sent now and then, so that proxies
keep the connection and a listener that is gone is noticed.

    data: {"visits": 1042, "today": 17, "visitors": 9, "day": "2026-11-25"}

When the server stops, the streams end at once (`close`); a browser opens its own again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date
from time import time_ns

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from footfall.counters.port import Store
from footfall.errors import FootfallError, UnavailableError
from footfall.visits.report import daily, today, total
from footfall.visits.site import Site
from footfall.web.access import check_reader
from footfall.web.answers import in_thread, json_answer, query_of
from footfall.web.directory import SiteDirectory
from footfall.web.problems import HttpError

LOOK_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
LISTENERS_MAX = 200
AGAIN_MS = 3_000  # after which a browser opens a stream again that was cut

_JSON, _STREAM = "application/json", "text/event-stream"
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Numbers(msgspec.Struct, frozen=True):
    """What a site has now: its total, and its own day's visits and readers."""

    visits: int
    today: int
    visitors: int
    day: date


class Live:
    """The route, and whoever listens."""

    def __init__(self, store: Store, directory: SiteDirectory) -> None:
        self._store = store
        self._directory = directory
        self._channels: dict[str, _Channel] = {}
        self._listeners = 0
        self._closed = False

    async def get(self, request: Request) -> Response:
        """The numbers as a stream, to whoever accepts one; else as one document."""
        name = query_of(request, "site").get("site", "")
        sites = self._directory.sites
        site, _ = check_reader(request, sites, name)
        wants_stream = _STREAM in request.headers.get("accept", "")
        if not wants_stream or request.method == "HEAD":
            return json_answer(await in_thread(_numbers, self._store, site))
        if self._closed:
            raise UnavailableError("listen", "the server is stopping")
        self._require_room()
        # An error is an answer of its own, not the end of a stream that had begun.
        first = await in_thread(_numbers, self._store, site)
        self._require_room()  # many may have come meanwhile

        def may_listen() -> bool:
            try:
                now, _ = check_reader(request, self._directory.sites, name)
            except FootfallError:
                return False
            return now == site

        stream = self._stream(site, first, may_listen)
        return StreamingResponse(stream, 200, _HEADERS, _STREAM)

    def _require_room(self) -> None:
        if self._listeners >= LISTENERS_MAX:
            raise HttpError(
                503,
                "Too many listen",
                f"{LISTENERS_MAX} streams are open; ask again with Accept: {_JSON}",
                retry_after="60",
            )

    def close(self) -> None:
        """End all streams; call it in the event loop's thread."""
        self._closed = True
        for channel in self._channels.values():
            channel.tell(None)

    async def _stream(
        self, site: Site, told: Numbers, may_listen: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        # The owner may close the page, or remove the site, while somebody listens.
        self._listeners += 1
        channel = self._channels.get(site.url)
        if channel is None:
            channel = self._channels[site.url] = _Channel(self._store, site, told)
        channel.tell(told)  # what was read just now, for all
        channel.listeners += 1
        try:
            yield b"retry: %d\n\n%s" % (AGAIN_MS, _event(told))
            while not self._closed:
                newest = await channel.moved(told)
                if not may_listen():
                    return  # what moved meanwhile is not theirs any more
                if newest is None:
                    yield b": still here\n\n"
                elif newest != told:
                    told = newest
                    yield _event(told)
        finally:
            self._listeners -= 1
            channel.listeners -= 1
            if not channel.listeners:
                channel.close()
                self._channels.pop(site.url, None)


class _Channel:
    """One site's newest numbers, read while anybody listens."""

    def __init__(self, store: Store, site: Site, numbers: Numbers) -> None:
        self.listeners = 0
        self._store = store
        self._site = site
        self._newest: Numbers | None = numbers
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._look())

    def tell(self, numbers: Numbers | None) -> None:
        """Wake all listeners if numbers moved; without numbers, to let them end."""
        if numbers is not None and numbers == self._newest:
            return
        self._newest = numbers
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self) -> None:
        """Read no more."""
        self._task.cancel()

    async def moved(self, told: Numbers) -> Numbers | None:
        """The newest numbers once they are others than were told; None after a while."""
        if self._newest is not None and self._newest != told:
            return self._newest
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            return None
        return self._newest

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                numbers = await in_thread(_numbers, self._store, self._site)
            except FootfallError:
                continue  # away for now: the heartbeat goes on, the number stays
            self.tell(numbers)


def _numbers(store: Store, site: Site) -> Numbers:
    day = daily(store, site, *[today(site, time_ns() // 1_000_000)] * 2)[0]
    return Numbers(total(store, site), day.visits, day.visitors, day.date)


def _event(numbers: Numbers) -> bytes:
    return b"data: %s\n\n" % msgspec.json.encode(numbers)
