"""The owner's first page, an overview of all sites, and the demo.

Pages are whole without a script, which only keeps the numbers moving. Nothing is
inline, so the policy can forbid it.
"""

from datetime import timedelta
from time import time_ns
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall.counters.port import Store
from footfall.errors import FootfallError, InvalidInputError
from footfall.owners.tokens import READ
from footfall.visits.periods import Period
from footfall.visits.report import today, total
from footfall.visits.series import course
from footfall.visits.site import Site
from footfall.web.access import check_scope, is_signed_in
from footfall.web.answers import in_thread, query_of
from footfall.web.demo import DEMO_PATH, demo_site
from footfall.web.directory import SiteDirectory
from footfall.web.ranges import View
from footfall.web.rendering import Renderer, base_url, snippet
from footfall.web.stats import DAYS_SHOWN

SITES_SHOWN = 50  # on one page

_PAGE_DIGITS_MAX = 6


class Pages:
    """The pages' routes."""

    def __init__(
        self, store: Store, directory: SiteDirectory, renderer: Renderer
    ) -> None:
        self._store = store
        self._directory = directory
        self._renderer = renderer

    async def home(self, request: Request) -> Response:
        """The one site's page, where there is one site; else the overview."""
        try:
            check_scope(request, READ)
        except FootfallError as error:
            return self._renderer.problem(error)
        sites = self._sites(base_url(request))
        if len(sites) == 1:
            return RedirectResponse(_view(sites[0], time_ns() // 1_000_000).link(), 303)
        return await self.sites(request)

    async def sites(self, request: Request) -> Response:
        """Every site: its total, today, its last 30 days; the snippet to paste."""
        try:
            check_scope(request, READ)
            page = _page_in(query_of(request, "page"))
            sites = self._sites(base_url(request))
            shown = sites[(page - 1) * SITES_SHOWN : page * SITES_SHOWN]
            cards = await in_thread(_cards, self._store, shown)
        except FootfallError as error:
            return self._renderer.problem(error)
        here = base_url(request)
        return self._renderer.page(
            "overview.html",
            signed_in=is_signed_in(request),
            cards=cards,
            sites=len(sites),
            page=page,
            pages=-(-len(sites) // SITES_SHOWN),
            days=DAYS_SHOWN,
            demo=demo_site(self._directory.sites, here),
            snippet=snippet(here),
        )

    async def demo(self, request: Request) -> Response:
        """A page that carries the beacon."""
        try:
            check_scope(request, READ)
            here = base_url(request)
            site = demo_site(self._directory.sites, here)
            visits = await in_thread(total, self._store, site) if site else 0
        except FootfallError as error:
            return self._renderer.problem(error)
        return self._renderer.page(
            "demo.html",
            signed_in=is_signed_in(request),
            site=site,
            visits=visits,
            snippet=snippet(here),
            base_url=here,
            path=DEMO_PATH,
        )

    def _sites(self, here: str) -> list[Site]:
        """The owner's sites, without the demo's."""
        demo = demo_site(self._directory.sites, here)
        return [site for site in self._directory.sites.sites if site != demo]


def _page_in(query: dict[str, str]) -> int:
    text = query.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= _PAGE_DIGITS_MAX):
        raise InvalidInputError("page", "must be a number from 1")
    return max(1, int(text))


def _view(site: Site, now_ms: int) -> View:
    last = today(site, now_ms)
    first = last - timedelta(days=DAYS_SHOWN - 1)
    return View(site.url, "30d", Period(first, last, "day"), None, "visits")


def _cards(store: Store, sites: list[Site]) -> list[dict[str, Any]]:
    """What the overview shows of each site; an error stands in place of a number."""
    now_ms = time_ns() // 1_000_000
    cards: list[dict[str, Any]] = []
    for site in sites:
        view = _view(site, now_ms)
        card: dict[str, Any] = {"site": site, "link": view.link(), "error": ""}
        try:
            card["visits"] = total(store, site)
            card["course"] = course(store, site, view.period, now_ms)
        except FootfallError as error:
            card["error"] = str(error)
        cards.append(card)
    return cards
