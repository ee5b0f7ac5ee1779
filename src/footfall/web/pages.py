"""The pages that a person sees: the dashboard, and the demo.

Pages are whole without a script, which only draws the plots and keeps the numbers
moving. Nothing is inline, so the policy can forbid it.
"""

from datetime import timedelta
from html import escape
from time import time_ns
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.visits.report import DayTotal, daily, today, total
from footfall.visits.site import Site
from footfall.web.access import check_owner
from footfall.web.answers import in_thread
from footfall.web.demo import DEMO_PATH, demo_site
from footfall.web.directory import SiteDirectory
from footfall.web.stats import DAYS_SHOWN

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "interest-cohort=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Pages:
    """The pages' routes."""

    def __init__(self, store: Store, directory: SiteDirectory) -> None:
        self._store = store
        self._directory = directory
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("footfall.web"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["grouped"] = lambda number: f"{number:,}"

    async def dashboard(self, request: Request) -> Response:
        """Every site: its total, its last 30 days, the snippet to paste."""
        check_owner(request.method, request.headers)
        base_url = _base_url(request)
        demo = demo_site(self._directory.sites, base_url)
        sites = [site for site in self._directory.sites.sites if site != demo]
        return self._page(
            "dashboard.html",
            sites=await in_thread(_cards, self._store, sites),
            demo=demo,
            snippet=snippet(base_url),
            base_url=base_url,
            days=DAYS_SHOWN,
        )

    async def demo(self, request: Request) -> Response:
        """A page that carries the beacon."""
        check_owner(request.method, request.headers)
        base_url = _base_url(request)
        site = demo_site(self._directory.sites, base_url)
        return self._page(
            "demo.html",
            site=site,
            visits=await in_thread(total, self._store, site) if site else 0,
            snippet=snippet(base_url),
            base_url=base_url,
            path=DEMO_PATH,
        )

    def _page(self, template: str, **values: Any) -> Response:
        text = self._templates.get_template(template).render(**values)
        return Response(text, 200, PAGE_HEADERS, "text/html; charset=utf-8")


def snippet(base_url: str) -> Markup:
    """The one line that a page needs, as it is shown for copying."""
    line = f'<script async src="{base_url}/beacon.js"></script>'
    return Markup(escape(line))


def _cards(store: Store, sites: list[Site]) -> list[dict[str, Any]]:
    """What the dashboard shows of each site; an error stands in place of a number."""
    now_ms = time_ns() // 1_000_000
    cards = []
    for site in sites:
        last = today(site, now_ms)
        try:
            days = daily(store, site, last - timedelta(days=DAYS_SHOWN - 1), last)
            cards.append(_card(site, total(store, site), days))
        except FootfallError as error:
            cards.append({**_card(site, 0, []), "error": str(error)})
    return cards


def _card(site: Site, visits: int, days: list[DayTotal]) -> dict[str, Any]:
    return {
        "site": site,
        "visits": visits,
        "days": days,
        "today": days[-1].visits if days else 0,
        "recent": sum(day.visits for day in days),
        "error": "",
    }


def _base_url(request: Request) -> str:
    """The address under which this page was opened: the owner's own loopback name."""
    return f"{request.url.scheme}://{request.headers['host']}"
