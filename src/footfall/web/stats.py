"""Statistics as JSON: a site's total, days, hours and breakdowns.

For its owner; of a site that is published, for everybody, but for its robots.
"""

import asyncio
from datetime import date, timedelta
from time import time_ns
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.counters.port import Store
from footfall.errors import InvalidInputError
from footfall.visits.dimensions import BROKEN_DOWN, ROBOT
from footfall.visits.report import daily, hourly, today, top, total
from footfall.visits.site import Site
from footfall.web.access import check_reader
from footfall.web.answers import in_thread, json_answer, query_of
from footfall.web.breakdowns import AT_ONCE_MAX
from footfall.web.directory import SiteDirectory
from footfall.web.ranges import date_in

DAYS_SHOWN = 30
VALUES_SHOWN = 100
HOURS_DAYS_MAX = 31  # each is a read of its own
_BY = ("day", "hour", *BROKEN_DOWN)
_BY_OF_ALL = tuple(by for by in _BY if by != ROBOT)


class StatsAnswer(msgspec.Struct, rename={"first": "from", "last": "to"}):
    """A site's total, and its values of one dimension.

    Attributes:
        first: The first day of the values, in the site's own time zone.
        last: Their last day.
        by: What they are by: "day", "page".
        values: For each day its `date`, `visits` and `visitors`; for each hour its
            `start` and `visits`; else the value, under the name of `by`, its `visits`,
            and `folded` where it stands for all that had no room.
    """

    site: str
    timezone: str
    visits: int
    first: date
    last: date
    by: str
    values: list[Any]


class Stats:
    """The route of statistics."""

    def __init__(self, store: Store, directory: SiteDirectory) -> None:
        self._store = store
        self._directory = directory
        self._free = asyncio.Semaphore(AT_ONCE_MAX)

    async def get(self, request: Request) -> Response:
        """The numbers of one site, by day unless told; the last 30 days."""
        query = query_of(request, "site", "from", "to", "by")
        sites = self._directory.sites
        name = query.get("site", "")
        site, owned = check_reader(request, sites, name)
        by, known = query.get("by", "day"), _BY if owned else _BY_OF_ALL
        if by not in known:
            raise InvalidInputError("by", f"must be one of {', '.join(known)}")
        last = date_in(query, "to") or today(site, time_ns() // 1_000_000)
        first = date_in(query, "from") or last - timedelta(days=DAYS_SHOWN - 1)
        if by == "hour" and (last - first).days >= HOURS_DAYS_MAX:
            raise InvalidInputError(
                "from", f"by hour, ask for at most {HOURS_DAYS_MAX} days at once"
            )
        async with self._free:
            answer = await in_thread(report, self._store, site, first, last, by)
        return json_answer(answer)


def report(store: Store, site: Site, first: date, last: date, by: str) -> StatsAnswer:
    """The answer's document: the total, and the values of one dimension."""
    values: list[Any]
    match by:
        case "day":
            values = list(daily(store, site, first, last))
        case "hour":
            values = [
                hour
                for day in daily(store, site, first, last)
                for hour in hourly(store, site, day.date)
            ]
        case _:
            values = [
                {by: each.value, "visits": each.visits}
                | ({"folded": True} if each.folded else {})
                for each in top(store, site, by, first, last, limit=VALUES_SHOWN)
            ]
    return StatsAnswer(
        site.url, site.timezone, total(store, site), first, last, by, values
    )
