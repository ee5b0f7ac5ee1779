"""Reads breakdowns for pages that a whole crowd may look at.

A year of a large site's pages is a million numbers, a second of the processor. So few
are read at once, whoever asks: counting goes on beside them. And on a published page,
which a link on a busy site may lead to, all who ask within some seconds share one
reading; an owner sees what is in the store.
"""

import asyncio
from collections import OrderedDict
from time import monotonic

from footfall.counters.port import Store
from footfall.visits.periods import Period
from footfall.visits.series import Breakdown, breakdown
from footfall.visits.site import Site
from footfall.web.answers import in_thread

AT_ONCE_MAX = 2
SHARED_SECONDS = 10.0
SHARED_MAX = 64  # readings, of some rows each: at most some 300 KB

_Key = tuple[str, str, Period, int]


class Breakdowns:
    """A store's breakdowns."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._free = asyncio.Semaphore(AT_ONCE_MAX)
        self._shared: OrderedDict[_Key, tuple[float, asyncio.Task[Breakdown]]] = (
            OrderedDict()
        )

    async def read(
        self, site: Site, by: str, period: Period, *, limit: int, search: str = ""
    ) -> Breakdown:
        """A breakdown as it is in the store now; arguments and errors as there."""
        async with self._free:
            return await in_thread(
                breakdown, self._store, site, by, period, limit=limit, search=search
            )

    async def read_shared(
        self, site: Site, by: str, period: Period, *, limit: int
    ) -> Breakdown:
        """A breakdown as it was some seconds ago at most; errors are not kept."""
        key = (site.url, by, period, limit)
        kept = self._shared.get(key)
        if kept is None or _is_old(*kept):
            reading = asyncio.create_task(self.read(site, by, period, limit=limit))
            kept = self._shared[key] = (monotonic(), reading)
            self._shared.move_to_end(key)
            while len(self._shared) > SHARED_MAX:
                self._shared.popitem(last=False)
        # Whoever goes away must not end it for the others.
        return await asyncio.shield(kept[1])


def _is_old(began: float, reading: asyncio.Task[Breakdown]) -> bool:
    if not reading.done():
        return False
    failed = reading.cancelled() or reading.exception() is not None
    return failed or monotonic() - began >= SHARED_SECONDS
