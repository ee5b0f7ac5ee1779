"""One site's page: its course over any period, and its breakdowns.

The frame with the total and the plot is sent at once; the breakdowns follow as each is
ready, in the same answer, so that nothing waits for the slowest query and all of it is
there without a script. They may come in any order: the frame has a slot for each, in
declarative shadow DOM, and a section fills the slot that it names. A browser that does
not know it shows them as they come.

The page of a site that its owner published is open to everybody. What is the owner's
alone is left out of it then: robots, duplicates, set-up, and the other sites.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from itertools import zip_longest
from time import time_ns
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from footfall.counters.port import Store
from footfall.errors import FootfallError, InvalidInputError
from footfall.visits.baseline import read_kept_from
from footfall.visits.dimensions import ROBOT
from footfall.visits.report import daily, today, total
from footfall.visits.series import Breakdown, Course, course, first_day
from footfall.visits.site import Site
from footfall.visits.statistics import Statistics
from footfall.web.access import check_reader, is_signed_in
from footfall.web.answers import in_thread, query_of
from footfall.web.breakdowns import Breakdowns
from footfall.web.directory import SiteDirectory
from footfall.web.labels import (
    PANELS,
    clock,
    day_label,
    days_label,
    moment_label,
    site_name,
    span_label,
    tick_label,
    value_label,
)
from footfall.web.ranges import PARAMETERS, PERIODS, View, search_in, view_of
from footfall.web.rendering import HTML, PAGE_HEADERS, Renderer, base_url, snippet

VALUES_SHOWN = 500  # on the page of one breakdown
_ROWS = {"page": 10, "referrer": 10}
_ROWS_USUAL = 6
_PANELS_MARK = "<!-- panels -->"


class SitePage:
    """The route of a site's page."""

    def __init__(
        self,
        store: Store,
        directory: SiteDirectory,
        renderer: Renderer,
        statistics: Statistics,
    ) -> None:
        self._store = store
        self._directory = directory
        self._renderer = renderer
        self._statistics = statistics
        self._breakdowns = Breakdowns(store)
        self._started_ms = time_ns() // 1_000_000

    async def get(self, request: Request) -> Response:
        """The whole of a site, or one of its breakdowns in full."""
        try:
            return await self._answer(request)
        except FootfallError as error:
            return self._renderer.problem(error)

    async def _answer(self, request: Request) -> Response:
        query = query_of(request, *PARAMETERS)
        sites = self._directory.sites
        name = query.get("site", "")
        site, owned = check_reader(request, sites, name)
        now_ms = time_ns() // 1_000_000
        day = today(site, now_ms)
        first = partial(first_day, self._store, site)
        view = await in_thread(view_of, site.url, query, day, first)
        values: dict[str, Any] = {
            "site": site,
            "name": site_name(site),
            "owned": owned,
            "signed_in": is_signed_in(request),
            "view": view,
            "periods": PERIODS,
            "today": day,
            "shown_days": days_label(view.period.first, view.period.last),
        }
        if by := query.get("by"):
            _check_shown(by, site, owned)
            search = search_in(query)
            found = await self._breakdowns.read(
                site, by, view.period, limit=VALUES_SHOWN, search=search
            )
            values |= {"search": search, **_panel(by, found)}
            page = partial(self._renderer.page, "breakdown.html", **values)
            return await in_thread(page)
        values |= await in_thread(_frame, self._store, site, view, now_ms)
        values["slots"] = [] if values["waiting"] else _shown(site, owned)
        if owned:
            values["not_counted"] = self._statistics.of_site(site.url)
            values["started"] = moment_label(self._started_ms, site.timezone)
        here = base_url(request)
        text = self._renderer.text(
            "site.html", **values, snippet=snippet(here), base_url=here
        )
        head, _, foot = text.partition(_PANELS_MARK)
        section = partial(self._section, site, view, owned)
        stream = _stream(head, foot, section, values["slots"])
        headers = {**PAGE_HEADERS, "x-accel-buffering": "no"}
        return StreamingResponse(stream, 200, headers, HTML)

    async def _section(self, site: Site, view: View, owned: bool, by: str) -> str:
        """A breakdown as a part of the page, or why it is not there."""
        read = self._breakdowns.read if owned else self._breakdowns.read_shared
        try:
            found = await read(site, by, view.period, limit=_ROWS.get(by, _ROWS_USUAL))
        except FootfallError as error:
            return self._renderer.text(
                "panel.html", by=by, panel=PANELS[by], error=str(error)
            )
        return self._renderer.text(
            "panel.html", **_panel(by, found), view=view, error=""
        )


async def _stream(
    head: str, foot: str, section: Callable[[str], Awaitable[str]], slots: list[str]
) -> AsyncIterator[str]:
    """The page: its frame, and each section as soon as it is ready."""
    yield head
    sections = [asyncio.ensure_future(section(by)) for by in slots]
    try:
        for done in asyncio.as_completed(sections):
            yield await done
    finally:
        for each in sections:
            each.cancel()
    yield foot


def _panel(by: str, found: Breakdown) -> dict[str, Any]:
    return {
        "by": by,
        "panel": PANELS[by],
        "found": found,
        "rows": list(_rows(by, found)),
    }


def _check_shown(by: str, site: Site, owned: bool) -> None:
    shown = _shown(site, owned)
    if by not in shown:
        raise InvalidInputError("by", f"must be one of {', '.join(shown)}")


def _shown(site: Site, owned: bool) -> list[str]:
    """The breakdowns that a site's page has."""
    return [by for by in PANELS if by in site.dimensions or (by == ROBOT and owned)]


def _rows(by: str, found: Breakdown) -> Iterator[dict[str, Any]]:
    for each in found.values:
        label = value_label(by, each.value)
        yield {
            "value": each.value,
            "label": label,
            "code": each.value if by == "country" and label != each.value else "",
            "visits": each.visits,
            "points": each.points,
            "share": each.visits / found.visits,
        }


def _frame(store: Store, site: Site, view: View, now_ms: int) -> dict[str, Any]:
    """What the first part of the page shows."""
    day = today(site, now_ms)
    seen = course(store, site, view.period, now_ms)
    visits = total(store, site)
    of_today = daily(store, site, day, day)[0]
    waiting = not visits and not seen.visits.value and first_day(store, site) is None
    earlier, later = view.neighbours(day)
    units = view.units()
    kept = read_kept_from(store, site.url)
    return {
        "kept_from": day_label(kept) if kept else "",
        "units": units if len(units) > 1 else [],
        "visits": visits,
        "of_today": of_today,
        "course": seen,
        "points": list(_points(seen)),
        "busiest": _busiest(seen),
        "compared": _compared(seen),
        "earlier": earlier,
        "later": later,
        "waiting": waiting,
    }


def _points(seen: Course) -> Iterator[dict[str, Any]]:
    """The rows of the course's table, which the plot is drawn from."""
    unit = seen.period.unit
    one_day = seen.period.length == 1
    for point, before in zip_longest(seen.points, seen.before):
        if point is None:
            return  # the period before has an hour more
        yield {
            "label": span_label(point.span, unit),
            "tick": tick_label(point.span, unit, one_day=one_day),
            "days": (point.span.first, point.span.last),
            "point": point,
            "before": before,
            "before_label": span_label(before.span, unit) if before else "",
        }


def _busiest(seen: Course) -> dict[str, Any] | None:
    most = max(seen.points, key=lambda point: point.visits, default=None)
    if most is None or not most.visits:
        return None
    one_day = seen.period.length == 1 and seen.period.unit == "hour"
    label = clock(most.span) if one_day else span_label(most.span, seen.period.unit)
    return {"label": label, "visits": most.visits}


def _compared(seen: Course) -> str:
    """What the changes are measured against, in words."""
    before = seen.compared_with
    if before is None:
        return ""
    text = f"compared with {days_label(before.first, before.last)}"
    if seen.compared_until is None:
        return text
    until = f"{text}, both until {seen.compared_until:%H:%M}"
    return until if seen.period.length == 1 else f"{until} of the last day"
