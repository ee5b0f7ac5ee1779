"""Whether the server lives, and whether its store answers and takes visits.

Neither route asks the store, so neither waits for one that hangs: they tell what was
heard last. The directory reads twice a second. Writes are told by the groups of
visits; after one that the store failed, a small write of the server's own is tried
each second, so that a server which gets no visits, being unready, recovers by itself.
"""

import asyncio
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.owners.tokens import READ
from footfall.visits.probe import try_write
from footfall.visits.statistics import Statistics
from footfall.web.access import check_scope
from footfall.web.answers import json_answer
from footfall.web.directory import SiteDirectory
from footfall.web.problems import HttpError

PROBE_SECONDS = 1.0


class HealthAnswer(msgspec.Struct, omit_defaults=True):
    """The process answers; whether its store does, and if not, what it said."""

    status: Literal["ok"]
    store: Literal["ok", "failing"]
    detail: str | None = None


class ReadyAnswer(msgspec.Struct):
    """The store answers and takes visits."""

    status: Literal["ready"]


class Health:
    """The routes that whoever operates the server asks."""

    def __init__(
        self, store: Store, directory: SiteDirectory, statistics: Statistics
    ) -> None:
        self._store = store
        self._directory = directory
        self._statistics = statistics
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Try writes while the store fails them."""
        self._task = asyncio.create_task(self._probe())

    def stop(self) -> None:
        """Try no more."""
        if self._task is not None:
            self._task.cancel()

    @property
    def trouble(self) -> str | None:
        """What the store said when it failed; None while it answers and counts."""
        return self._statistics.failing or self._directory.trouble

    async def live(self, request: Request) -> Response:
        """The process answers; how its store is stands beside it."""
        detail = self._detail(request)
        if detail is None:
            return json_answer(HealthAnswer("ok", "ok"))
        return json_answer(HealthAnswer("ok", "failing", detail))

    async def ready(self, request: Request) -> Response:
        """The store answers and counts; a problem with status 503 if it does not."""
        detail = self._detail(request)
        if detail is not None:
            raise HttpError(503, "Not ready", detail)
        return json_answer(ReadyAnswer("ready"))

    def _detail(self, request: Request) -> str | None:
        """The trouble, in the store's own words for the owner alone."""
        if self.trouble is None:
            return None
        try:
            check_scope(request, READ)
        except HttpError:
            return "the store fails; the server's log says how, and /readyz its owner"
        return self.trouble

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if self._statistics.failing is not None:
                error = await asyncio.to_thread(self._written)
                self._statistics.note_probe(error)

    def _written(self) -> FootfallError | None:
        try:
            try_write(self._store)
        except FootfallError as error:
            return error
        return None
