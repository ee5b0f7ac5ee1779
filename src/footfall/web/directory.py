"""The sites as a running server knows them, never more than a second old.

Every change of the sites moves one version number in the store; it is read twice a
second, and the sites only when it moved. A site that somebody put into the table by
hand moves nothing, so a visit to an unknown one makes the server look, once a second
at most.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection

from footfall.counters.port import Store
from footfall.errors import FootfallError, UnavailableError
from footfall.visits.site import DIMENSIONS, SiteIndex
from footfall.visits.sites import load_sites, sites_version

POLL_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 1.0
SILENT_SECONDS_MAX = 5.0  # a store that takes longer is as good as away

_SILENT = "it does not answer"

_log = logging.getLogger("footfall.web")


class SiteDirectory:
    """The sites, refreshed in the background between `start` and `stop`.

    Args:
        store: Where they are.
        on_change: Called when somebody has added, changed or removed a site.
        breakdowns: What sites are broken down by at most.
    """

    def __init__(
        self,
        store: Store,
        on_change: Callable[[], None] = lambda: None,
        breakdowns: Collection[str] = DIMENSIONS,
    ) -> None:
        self.sites = SiteIndex(())
        self._store = store
        self._on_change = on_change
        self._breakdowns = breakdowns
        self._version = -1
        self._looked_at = self._unheard_at = -math.inf
        self._answered_at = 0.0
        self._away: str | None = None
        self._looking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the sites, and keep them read.

        Raises:
            FootfallError: The store cannot be read.
        """
        await self._read()
        self._task = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()

    @property
    def trouble(self) -> str | None:
        """Why the sites may be out of date; None while the store answers."""
        silent_seconds = time.monotonic() - self._answered_at
        if self._away is None and silent_seconds > SILENT_SECONDS_MAX:
            return f"the store has not answered for {silent_seconds:.0f} s"
        return self._away

    async def look_again(self) -> SiteIndex:
        """The sites, read again unless that was a moment ago.

        Raises:
            UnavailableError: The store is away.
        """
        async with self._looking:
            now = time.monotonic()
            if now - self._looked_at >= LOOK_AGAIN_SECONDS:
                # All who wait hear at once what the first has waited for.
                if now - self._unheard_at < LOOK_AGAIN_SECONDS:
                    raise UnavailableError("Query", _SILENT)
                await self._look()
        return self.sites

    async def _look(self) -> None:
        looking = asyncio.to_thread(self._load)
        try:
            self.sites = await asyncio.wait_for(looking, SILENT_SECONDS_MAX)
        except TimeoutError:
            self._unheard_at = time.monotonic()
            raise UnavailableError("Query", _SILENT) from None
        self._looked_at = time.monotonic()

    async def refresh(self) -> None:
        """Look whether the sites were changed; where the store is away they stay."""
        try:
            await self._read()
        except FootfallError as error:
            if self._away is None:
                _log.warning("the sites may be out of date: %s", error)
            self._away = str(error)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.refresh()

    async def _read(self) -> None:
        version = await asyncio.to_thread(sites_version, self._store)
        self._answered_at, self._away = time.monotonic(), None
        if version != self._version:
            self.sites = await asyncio.to_thread(self._load)
            self._looked_at = time.monotonic()
            self._version = version
            self._on_change()

    def _load(self) -> SiteIndex:
        return load_sites(self._store).broken_down_by(self._breakdowns)
