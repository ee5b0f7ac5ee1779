"""Badges: a site's number as a picture, as JSON for shields.io and as text.

Reading one never counts; what counts is `/hit.svg` (`web.hits`), under a name of its
own. A badge stands on pages of strangers, often through GitHub's image proxy, which
keeps whatever may be kept: so nothing may be, and an ETag makes a repeat cheap. The
proxy shows pictures only, so what goes wrong is a picture too.
"""

import hashlib
from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.errors import FootfallError, SiteNotFoundError
from footfall.visits.site import Site
from footfall.web.access import may_see
from footfall.web.answers import ANY_ORIGIN, problem_answer, query_of
from footfall.web.badge_query import (
    COLORS,
    PARAMETERS,
    Look,
    asked_figure,
    asked_look,
    label_of,
    written,
)
from footfall.web.badge_svg import DEFAULT_STYLE, draw
from footfall.web.directory import SiteDirectory
from footfall.web.numbers import Figure, Numbers
from footfall.web.problems import problem_of

PUBLIC_HEADERS = {
    # Ask again each time. GitHub's documentation asks for no-cache; its proxy keeps
    # a picture without Cache-Control for a year. The date in the past is for caches
    # that know no better (RFC 9111, 5.3).
    "cache-control": "no-cache, max-age=0, must-revalidate",
    "expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    **ANY_ORIGIN,
    # A page that isolates itself may show it (Fetch, Cross-Origin-Resource-Policy).
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}
SVG = "image/svg+xml"
PICTURE_HEADERS = {"content-security-policy": "default-src 'none'"}  # opened alone
_COLOR, _LABEL_COLOR = COLORS["blue"], COLORS["grey"]
_ERROR_COLOR = COLORS["lightgrey"]
_ERROR_WORDS = {400: "not valid", 404: "unknown site"}


class BadgeAnswer(msgspec.Struct, omit_defaults=True, rename="camel"):
    """A badge in shields.io's endpoint schema."""

    schema_version: int
    label: str
    message: str
    color: str
    label_color: str | None = None
    style: str | None = None


class Badges:
    """The badge routes."""

    def __init__(self, directory: SiteDirectory, numbers: Numbers) -> None:
        self._directory = directory
        self._numbers = numbers

    async def svg(self, request: Request) -> Response:
        """The number as a picture; an error is a picture too, with its status."""
        try:
            figure, look = self._asked(request)
            number = await self._numbers.recent(figure)
        except FootfallError as error:
            return error_badge(error, {**PUBLIC_HEADERS, **PICTURE_HEADERS})
        svg = badge(figure, look, number)
        return unless_known(request, svg.encode(), SVG, PICTURE_HEADERS)

    async def json(self, request: Request) -> Response:
        """The number in shields.io's endpoint schema, plain digits in `message`."""
        try:
            figure, look = self._asked(request)
            number = await self._numbers.recent(figure)
        except FootfallError as error:
            return _error_for_pages(error)
        document = BadgeAnswer(
            1,
            label_of(look, figure),
            written(number, look.format or "plain"),
            (look.color or _COLOR).removeprefix("#"),
            look.label_color.removeprefix("#") if look.label_color else None,
            look.style,
        )
        return unless_known(
            request, msgspec.json.encode(document), "application/json", {}
        )

    async def txt(self, request: Request) -> Response:
        """The number as digits on one line."""
        try:
            figure, look = self._asked(request)
            number = await self._numbers.recent(figure)
        except FootfallError as error:
            return _error_for_pages(error)
        text = written(number, look.format or "plain") + "\n"
        return unless_known(request, text.encode(), "text/plain; charset=utf-8", {})

    def _asked(self, request: Request) -> tuple[Figure, Look]:
        query = query_of(request, "site", *PARAMETERS)
        look = asked_look(query)
        site = shown_site(request, self._directory, query)
        return asked_figure(query, site), look


def shown_site(
    request: Request, directory: SiteDirectory, query: Mapping[str, str]
) -> Site:
    """The site that a query names.

    Raises:
        SiteNotFoundError: There is none, or it is private, as if it were not there; but
            for its owner.
    """
    name = query.get("site", "")
    site = directory.sites.named(name)
    if site.private and not may_see(request, site):
        raise SiteNotFoundError(name)
    return site


def badge(figure: Figure, look: Look, number: int) -> str:
    """A number as a badge, an SVG document."""
    return draw(
        label_of(look, figure),
        written(number, look.format or "grouped"),
        look.color or _COLOR,
        look.label_color or _LABEL_COLOR,
        look.style or DEFAULT_STYLE,
    )


def error_badge(error: FootfallError, headers: dict[str, str]) -> Response:
    """A badge that says there is no number, with the error's status."""
    problem = problem_of(error)
    words = _ERROR_WORDS.get(problem.status, "no number")
    svg = draw("visits", words, _ERROR_COLOR, _LABEL_COLOR, DEFAULT_STYLE)
    further = {name.decode(): value.decode() for name, value in problem.headers}
    return Response(svg, problem.status, {**further, **headers, "content-type": SVG})


def unless_known(
    request: Request, body: bytes, media_type: str, headers: dict[str, str]
) -> Response:
    """The answer, or 304 if whoever asks has it already."""
    etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    headers = {**PUBLIC_HEADERS, **headers, "etag": etag}
    known = request.headers.get("if-none-match", "")
    # RFC 9110, 13.1.2: a list, compared weakly; proxies that compress weaken a tag.
    if etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type)


def _error_for_pages(error: FootfallError) -> Response:
    """The problem, for a page of any origin to read."""
    answer = problem_answer(error)
    answer.headers.update(ANY_ORIGIN)
    return answer
