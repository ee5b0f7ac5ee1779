"""Statistics as JSON: a site's total, days, hours and breakdowns, for its owner."""

from datetime import date, timedelta
from time import time_ns
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from footfall.counters.port import Store
from footfall.errors import InvalidInputError
from footfall.visits.dimensions import ROBOT
from footfall.visits.report import check_day, daily, hourly, today, top, total
from footfall.visits.site import DIMENSIONS, Site
from footfall.web.access import check_owner
from footfall.web.answers import in_thread, json_answer, query_of
from footfall.web.directory import SiteDirectory

DAYS_SHOWN = 30
VALUES_SHOWN = 100
BREAKDOWNS = tuple(each for each in (*DIMENSIONS, ROBOT) if each != "visitor")
_BY = ("day", "hour", *BREAKDOWNS)


class Stats:
    """The route of statistics."""

    def __init__(self, store: Store, directory: SiteDirectory) -> None:
        self._store = store
        self._directory = directory

    async def get(self, request: Request) -> Response:
        """The numbers of one site, by day unless told; the last 30 days."""
        check_owner(request.method, request.headers)
        query = query_of(request, "site", "from", "to", "by")
        site = self._directory.sites.named(query.get("site", ""))
        by = query.get("by", "day")
        if by not in _BY:
            raise InvalidInputError("by", f"must be one of {', '.join(_BY)}")
        last = _date(query, "to") or today(site, time_ns() // 1_000_000)
        first = _date(query, "from") or last - timedelta(days=DAYS_SHOWN - 1)
        return json_answer(await in_thread(report, self._store, site, first, last, by))


def report(store: Store, site: Site, first: date, last: date, by: str) -> Any:
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
    return {
        "site": site.url,
        "timezone": site.timezone,
        "visits": total(store, site),
        "from": first,
        "to": last,
        "by": by,
        "values": values,
    }


def _date(query: dict[str, str], name: str) -> date | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(name, "must be a date as 2026-11-24") from error
    return check_day(day, name)
