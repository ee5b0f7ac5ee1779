"""What must go from the store in time, and goes by itself as long as a server runs.

    salts of days that are over    a site that nobody visits again would keep its last one
                                   for ever, and the means to tell whose visits those were
    what has expired               receipts and markers, of a file; DynamoDB does it itself
    days that are not kept         of sites with a retention (`visits.retention`)

Each is looked at when the server starts and every few minutes, days every hour: in steps
so small that no visit waits for one, with a pause between. A store that is away is asked
again at the next look. Several servers may do the same at once.
"""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic, time_ns

from footfall.counters.port import Store, batching, store_errors, translate
from footfall.errors import FootfallError, NotANumberError, SiteNotFoundError
from footfall.visits.group import GroupCommit
from footfall.visits.retention import take_away
from footfall.visits.sites import load_sites

LOOK_SECONDS = 300.0
DAYS_SECONDS = 3_600.0
PAUSE_SECONDS = 0.05  # between two steps

Step = Callable[[], bool]  # does some of it; whether there is more

_log = logging.getLogger("footfall.web")


class Upkeep:
    """Looks at the start, and again and again, between `start` and `stop`."""

    def __init__(self, store: Store, commit: GroupCommit) -> None:
        self._store = store
        self._commit = commit
        self._task: asyncio.Task[None] | None = None
        self._failing: set[str] = set()
        self._days_at = -DAYS_SECONDS

    def start(self) -> None:
        """Take away what must go, from now on."""
        self._task = asyncio.create_task(self._look())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _look(self) -> None:
        while True:
            await self._do("salts that are over", self._destroy_salts)
            if monotonic() - self._days_at >= DAYS_SECONDS:
                self._days_at = monotonic()
                await self._do("days that are not kept", self._take_days_away)
            await self._do("receipts that have expired", self._tidy)
            await asyncio.sleep(LOOK_SECONDS)

    async def _do(self, what: str, step: Step) -> None:
        """Do all steps; a failure is logged once, until it is over."""
        try:
            while await asyncio.to_thread(step):
                await asyncio.sleep(PAUSE_SECONDS)
        except FootfallError as error:
            if what not in self._failing:
                _log.warning("%s may be left: %s", what, error)
            self._failing.add(what)
        else:
            self._failing.discard(what)

    def _destroy_salts(self) -> bool:
        self._commit.destroy_salts()
        return False

    def _tidy(self) -> bool:
        client = batching(self._store.client)
        if client is None:
            return False
        try:
            return client.tidy()
        except store_errors(client) as error:
            table = self._store.tables.visit_receipts
            raise translate(error, "Tidy", table) from error

    def _take_days_away(self) -> bool:
        more = False
        for site in load_sites(self._store).sites:
            try:
                taken = take_away(self._store, site, time_ns() // 1_000_000)
            except (NotANumberError, SiteNotFoundError):
                continue  # to be repaired, or removed meanwhile
            more = more or not taken.is_done
        return more
