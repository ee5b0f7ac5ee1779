"""The counting badge: `GET /hit.svg?url=` counts one visit, then shows the number.

For a page that can hold a picture and nothing else, a README above all. It is a route
of its own, so that no badge ever counts by being read. What a README cannot give, the
visit has not:

    an id         the server makes one, so a fetch that is repeated counts again
    a reader      GitHub's proxy fetches for everybody: no visitor, no breakdown but
                  the page

A proxy that fetches pictures for readers counts, though the robots' list names it. Any
other robot is counted apart, as everywhere. A HEAD and a browser that fetches ahead
are answered with the number, and not counted: nobody has seen the page.
"""

import secrets
from collections.abc import Mapping
from time import time_ns

from starlette.requests import Request
from starlette.responses import Response

from footfall.errors import FootfallError, SiteNotFoundError
from footfall.visits.ids import uuid7
from footfall.visits.reader import Reader
from footfall.visits.site import Site
from footfall.visits.visit import Outcome, Submission
from footfall.web.answers import query_of
from footfall.web.badge_query import PARAMETERS, asked_figure, asked_look
from footfall.web.badges import (
    PICTURE_HEADERS,
    PUBLIC_HEADERS,
    SVG,
    badge,
    error_badge,
)
from footfall.web.counting import Counting
from footfall.web.directory import SiteDirectory
from footfall.web.numbers import TOTAL, Figure, Numbers
from footfall.web.readers import Readers

# Each answer is another number, so none is worth keeping, nor a tag.
_HEADERS = {
    **PUBLIC_HEADERS,
    **PICTURE_HEADERS,
    "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
}
# What fetches pictures for people: GitHub's, Google's and Yahoo's mail, others' camo.
_IMAGE_PROXIES = ("camo", "imageproxy", "mailproxy")
# How browsers have said, over the years, that nobody looks yet.
_PURPOSES = ("purpose", "sec-purpose", "x-moz", "x-purpose")
_AHEAD = ("prefetch", "prerender", "preview")


class Hits:
    """The counting badge's route."""

    def __init__(
        self,
        counting: Counting,
        directory: SiteDirectory,
        numbers: Numbers,
        readers: Readers,
    ) -> None:
        self._counting = counting
        self._directory = directory
        self._numbers = numbers
        self._readers = readers

    async def svg(self, request: Request) -> Response:
        """Count a visit, and show the number at or after it, once it is durable."""
        is_seen = request.method == "GET" and not _is_ahead(request.headers)
        headers = _HEADERS
        try:
            query = query_of(request, "url", *PARAMETERS)
            look, url = asked_look(query), query.get("url", "")
            figure = asked_figure(query, await self._public_site(url))
            if not is_seen:
                number = await self._numbers.recent(figure)
            else:
                outcome = await self._count(request, url)
                headers = {**_HEADERS, "footfall-outcome": outcome.outcome}
                number = await self._number_at(outcome, figure)
        except FootfallError as error:
            return error_badge(error, headers)
        return Response(badge(figure, look, number), 200, headers, SVG)

    async def _public_site(self, url: str) -> Site:
        """The site that the page is of; a private one is as if it were not there."""
        located = self._directory.sites.locate(url)
        if located is None:
            located = (await self._directory.look_again()).locate(url)
        if located is None or located.site.private:
            raise SiteNotFoundError(url)
        return located.site

    async def _count(self, request: Request, url: str) -> Outcome:
        id = uuid7(time_ns() // 1_000_000, secrets.randbits(74))
        result = await self._counting.count(
            Submission(id, url), self._reader(request), request.scope
        )
        if isinstance(result, FootfallError):
            raise result
        return result

    async def _number_at(self, outcome: Outcome, figure: Figure) -> int:
        """The number at or after a visit."""
        if figure.period == TOTAL and outcome.visits is not None:
            return outcome.visits
        return await self._numbers.now(figure)

    def _reader(self, request: Request) -> Reader | None:
        """None, for nobody in particular; or a robot, or who asks for privacy."""
        user_agent = request.headers.get("user-agent", "").lower()
        if any(proxy in user_agent for proxy in _IMAGE_PROXIES):
            return None
        reader = self._readers.reader_of(request.scope)
        return reader if reader.agent.is_robot or reader.quiet else None


def _is_ahead(headers: Mapping[str, str]) -> bool:
    """Whether a browser fetches what its reader may never open."""
    said = " ".join(headers.get(name, "") for name in _PURPOSES).lower()
    return any(word in said for word in _AHEAD)
