"""The numbers that the public may see, none more than a second old.

A badge in a popular README is asked for many times a second, and on DynamoDB each
reading costs. So all who ask within a second share one, and all who ask while it is
read wait for it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, time_ns

from footfall.counters.port import Store
from footfall.errors import FootfallError, InvalidInputError
from footfall.visits.report import daily, today, total
from footfall.visits.site import Site
from footfall.web.answers import in_thread

FRESH_SECONDS = 1.0
REMEMBERED_MAX = 1_000  # figures

TOTAL = "total"
DAYS = {"today": 1, "week": 7, "month": 30}  # up to and with today
PERIODS = (TOTAL, *DAYS)
COUNTS = ("visits", "visitors")


@dataclass(frozen=True, slots=True)
class Figure:
    """Which number of a site is meant.

    Attributes:
        site: The site.
        period: One of `PERIODS`.
        count: One of `COUNTS`; visitors of several days are the sum of each day's.
    """

    site: Site
    period: str
    count: str


def figure_of(site: Site, period: str | None, count: str) -> Figure:
    """The figure that somebody names; visits in all, and visitors today.

    Raises:
        InvalidInputError: There is no such figure of this site.
    """
    if count not in COUNTS:
        raise InvalidInputError("count", f"must be one of {', '.join(COUNTS)}")
    if period is None:
        period = TOTAL if count == "visits" else "today"
    if period not in PERIODS:
        raise InvalidInputError("period", f"must be one of {', '.join(PERIODS)}")
    if count == "visitors" and period == TOTAL:
        raise InvalidInputError(
            "period", f"visitors are counted by day: use {', '.join(DAYS)}"
        )
    if count == "visitors" and "visitor" not in site.dimensions:
        raise InvalidInputError("count", "this site's visitors are not counted")
    return Figure(site, period, count)


def read_figure(store: Store, figure: Figure, now_ms: int) -> int:
    """The number as it is in the store.

    Raises:
        SiteNotFoundError: The site is gone.
        NotANumberError: Its number is not one.
        UnavailableError: The store is away.
    """
    if figure.period == TOTAL:
        return total(store, figure.site)
    last = today(figure.site, now_ms)
    first = last - timedelta(days=DAYS[figure.period] - 1)
    days = daily(store, figure.site, first, last)
    return sum(day.visits if figure.count == "visits" else day.visitors for day in days)


class Numbers:
    """Reads figures for all who ask, on one event loop.

    Args:
        store: Where the numbers are.
        clock: Seconds that only grow.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = monotonic) -> None:
        self._store = store
        self._clock = clock
        # When each reading began, oldest first.
        self._readings: OrderedDict[Figure, tuple[float, asyncio.Task[int]]] = (
            OrderedDict()
        )

    async def recent(self, figure: Figure) -> int:
        """The number, read within the last second; errors as `read_figure`."""
        now = self._clock()
        began, reading = self._readings.get(figure, (now - FRESH_SECONDS, None))
        if reading is None or now - began >= FRESH_SECONDS:
            reading = asyncio.create_task(self.now(figure))
            self._readings[figure] = now, reading
            self._readings.move_to_end(figure)
            if len(self._readings) > REMEMBERED_MAX:
                self._readings.popitem(last=False)
        try:
            # Whoever goes away must not take the number from the others.
            return await asyncio.shield(reading)
        except FootfallError:
            self._readings.pop(figure, None)  # the store may be back any moment
            raise

    async def now(self, figure: Figure) -> int:
        """The number as it is; errors as `read_figure`."""
        return await in_thread(read_figure, self._store, figure, time_ns() // 1_000_000)
