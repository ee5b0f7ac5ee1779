"""The application: the table of routes, and what lives as long as the server.

The counting routes are looked for first and are plain ASGI (`counting`); everything
else goes through Starlette.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.visits.group import GroupCommit
from footfall.visits.statistics import Statistics
from footfall.web.answers import (
    ANY_ORIGIN,
    on_error,
    on_missing,
    on_wrong_method,
    problem_answer,
)
from footfall.web.badges import Badges
from footfall.web.beacon import Beacon
from footfall.web.bodies import Receive, Scope, Send
from footfall.web.counters import Counters
from footfall.web.counting import Counting
from footfall.web.directory import SiteDirectory
from footfall.web.embed import Embed
from footfall.web.exchange import COUNTING_PATHS
from footfall.web.health import Health
from footfall.web.hits import Hits
from footfall.web.limits import Limits
from footfall.web.live import Live
from footfall.web.manage import NEW_PATH, SETTINGS_PATH, Manage
from footfall.web.metrics import Metrics
from footfall.web.numbers import Numbers
from footfall.web.openapi import Description
from footfall.web.owners import Owners
from footfall.web.pages import Pages
from footfall.web.proxies import Proxies
from footfall.web.readers import Readers
from footfall.web.rendering import Renderer
from footfall.web.settings import Settings
from footfall.web.sign_in import SignIn
from footfall.web.site_page import SitePage
from footfall.web.sites import Sites
from footfall.web.stats import Stats
from footfall.web.upkeep import Upkeep

_STATIC_PATH = "/static"


class App:
    """The ASGI application; it lives between the lifespan's start and end."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._commit = GroupCommit(store)
        self._directory = SiteDirectory(store, self._commit.forget, settings.breakdowns)
        self._owners = Owners(store)
        self._proxies = Proxies(settings.proxies)
        self._limits = Limits(settings.rate_limit, self._proxies)
        readers = Readers(settings.countries, self._proxies)
        self._counting = Counting(
            store, self._commit, self._directory, readers, self._limits
        )
        self._upkeep = Upkeep(store, self._commit)
        self._health = Health(store, self._directory, self._commit.statistics)
        self._live = Live(store, self._directory)
        renderer = Renderer()
        self._rest = Starlette(
            routes=[
                *_sign_in(SignIn(store, self._owners, self._proxies, renderer)),
                *_number_routes(store, self._directory, self._counting, readers),
                *_pages(
                    store,
                    self._directory,
                    self._live,
                    self._commit.statistics,
                    renderer,
                ),
                *_routes(store, settings, self._directory, self._limits),
                *_operation(
                    self._health,
                    Metrics(self._commit, self._health),
                    Description(renderer),
                ),
            ],
            exception_handlers={
                FootfallError: on_error,
                404: on_missing,
                405: on_wrong_method,
                HTTPException: _on_http_exception,
            },
            lifespan=self._lifespan,
        )
        self._rest.state.owners = self._owners  # where `web.access` finds them

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's whole life."""
        if scope["type"] == "http" and scope["path"] in COUNTING_PATHS:
            await self._counting(scope, receive, send)
            return
        if scope["type"] == "http":
            try:
                self._limits.check_read(scope)
            except FootfallError as error:
                answer = problem_answer(error)
                # What is refused so has nothing of anybody's, and a page may wait.
                answer.headers.update(ANY_ORIGIN)
                await answer(scope, receive, send)
                return
            scope["scheme"] = self._proxies.scheme_of(scope)
            if not scope["path"].startswith(_STATIC_PATH):
                send = await self._owners.admit(scope, send)
        await self._rest(scope, receive, send)

    @property
    def counting(self) -> Counting:
        """The counting routes, for whoever reads requests without ASGI."""
        return self._counting

    def stop(self) -> None:
        """Take no more visits, and end the streams; what waits is answered soon."""
        self._live.close()
        self._commit.stop()

    async def refresh(self) -> None:
        """Look at the store now: for whoever does not let the application poll."""
        await asyncio.gather(self._directory.refresh(), self._owners.refresh())

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        try:
            await self._directory.start()
            await self._owners.start()
            self._health.start()
            self._upkeep.start()
            yield
        finally:
            self._upkeep.stop()
            self._health.stop()
            self._owners.stop()
            await self._directory.stop()
            self._commit.close()


def create_app(store: Store, settings: Settings) -> App:
    """The web server's application on a store."""
    return App(store, settings)


def _routes(
    store: Store, settings: Settings, directory: SiteDirectory, limits: Limits
) -> list[Route | Mount]:
    beacon = Beacon()
    counters = Counters(store, settings, limits)
    sites = Sites(store, directory)
    stats = Stats(store, directory)
    static = _Static(directory=str(files("footfall.web").joinpath("static")))
    return [
        Route("/beacon.js", beacon.newest),
        Route("/beacon.json", beacon.described),
        Route("/beacon.{version}.js", beacon.versioned),
        Route("/v1/sites", sites.get, methods=["GET"]),
        Route("/v1/sites", sites.post, methods=["POST"]),
        Route("/v1/sites", sites.patch, methods=["PATCH"]),
        Route("/v1/sites", sites.delete, methods=["DELETE"]),
        Route("/v1/stats", stats.get),
        Route("/v1/counters/{name}", counters.get, methods=["GET"]),
        Route("/v1/counters/{name}", counters.put, methods=["PUT"]),
        Route("/v1/counters/{name}", counters.delete, methods=["DELETE"]),
        Route("/v1/counters/{name}/add", counters.add, methods=["POST"]),
        Route("/v1/counters/{name}/claim", counters.claim, methods=["POST"]),
        Route("/v1/counters/{name}/claim", counters.preflight, methods=["OPTIONS"]),
        Mount(_STATIC_PATH, static),
    ]


def _sign_in(sign_in: SignIn) -> list[Route]:
    return [
        Route("/login", sign_in.page, methods=["GET"]),
        Route("/login", sign_in.sign_in, methods=["POST"]),
        Route("/logout", sign_in.sign_out, methods=["POST"]),
    ]


def _pages(
    store: Store,
    directory: SiteDirectory,
    live: Live,
    statistics: Statistics,
    renderer: Renderer,
) -> list[Route]:
    pages = Pages(store, directory, renderer)
    manage = Manage(store, directory, renderer)
    site_page = SitePage(store, directory, renderer, statistics)
    return [
        Route("/", pages.home),
        Route("/sites", pages.sites),
        Route(NEW_PATH, manage.new, methods=["GET"]),
        Route(NEW_PATH, manage.add, methods=["POST"]),
        Route(SETTINGS_PATH, manage.settings, methods=["GET"]),
        Route(SETTINGS_PATH, manage.change, methods=["POST"]),
        Route("/sites/remove", manage.remove, methods=["POST"]),
        Route("/stats", site_page.get),
        Route("/v1/live", live.get),
        Route("/demo", pages.demo),
        Route("/demo/{page}", pages.demo),
    ]


def _operation(
    health: Health, metrics: Metrics, description: Description
) -> list[Route]:
    return [
        Route("/openapi.json", description.json),
        Route("/docs", description.page),
        Route("/healthz", health.live),
        Route("/readyz", health.ready),
        Route("/metrics", metrics.get),
    ]


def _number_routes(
    store: Store, directory: SiteDirectory, counting: Counting, readers: Readers
) -> list[Route]:
    """What stands on pages of strangers: a site's number in several forms."""
    numbers = Numbers(store)
    badges, embed = Badges(directory, numbers), Embed(directory, numbers)
    hits = Hits(counting, directory, numbers, readers)
    return [
        Route("/badge.svg", badges.svg),
        Route("/badge.json", badges.json),
        Route("/badge.txt", badges.txt),
        Route("/embed.html", embed.html),
        Route("/hit.svg", hits.svg),
    ]


async def _on_http_exception(request: Request, error: Exception) -> Response:
    return await on_missing(request, error)


class _Static(StaticFiles):
    """The pages' own files, asked for anew: an upgrade's pages need its scripts."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, or 304 where the browser has it already."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        response.headers["x-content-type-options"] = "nosniff"
        return response
