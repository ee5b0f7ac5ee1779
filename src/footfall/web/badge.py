"""Badges: a site's number as a picture, and as JSON for shields.io. Never counts.

A badge stands on pages of strangers, often through GitHub's image proxy, which keeps
whatever may be kept: so nothing may be, and an ETag makes a repeat cheap.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from html import escape
from time import time_ns

from starlette.requests import Request
from starlette.responses import Response

from footfall.counters.port import Store
from footfall.errors import FootfallError, InvalidInputError, SiteNotFoundError
from footfall.visits.report import daily, today, total
from footfall.visits.site import Site
from footfall.web.answers import ANY_ORIGIN, in_thread, json_answer, query_of
from footfall.web.directory import SiteDirectory
from footfall.web.problems import problem_of

LABEL_LENGTH_MAX = 60
PERIODS = {"total": "visits", "today": "visits today", "week": "visits in 7 days"} | {
    "month": "visits in 30 days"
}
_DAYS = {"today": 1, "week": 7, "month": 30}

# shields.io's names; its reference gives the values.
COLORS = {
    "brightgreen": "#4c1",
    "green": "#97ca00",
    "yellowgreen": "#a4a61d",
    "yellow": "#dfb317",
    "orange": "#fe7d37",
    "red": "#e05d44",
    "blue": "#007ec6",
    "lightgrey": "#9f9f9f",
}
_HEX = re.compile(r"#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_PARAMETERS = ("site", "period", "label", "color")
_CACHE = {"cache-control": "no-cache, max-age=0, must-revalidate", **ANY_ORIGIN}


class Badges:
    """The badge routes."""

    def __init__(self, store: Store, directory: SiteDirectory) -> None:
        self._store = store
        self._directory = directory

    async def svg(self, request: Request) -> Response:
        """The number as a picture; an error is a picture too, with its status."""
        try:
            label, number, color = await self._read(request)
        except FootfallError as error:
            problem = problem_of(error)
            text = "unknown site" if problem.status == 404 else "no number"
            picture = draw("visits", text, COLORS["lightgrey"])
            return Response(picture, problem.status, _CACHE, "image/svg+xml")
        return _unless_known(
            request,
            draw(label, f"{number:,}", color).encode(),
            lambda body: Response(body, 200, _CACHE, "image/svg+xml"),
        )

    async def json(self, request: Request) -> Response:
        """The number in shields.io's endpoint schema, plain digits in `message`."""
        label, number, color = await self._read(request)
        return json_answer(
            {
                "schemaVersion": 1,
                "label": label,
                "message": str(number),
                "color": color.removeprefix("#"),
            },
            headers=_CACHE,
        )

    async def _read(self, request: Request) -> tuple[str, int, str]:
        """What a badge says: its label, the number and the colour."""
        query = query_of(request, *_PARAMETERS)
        period = query.get("period", "total")
        if period not in PERIODS:
            raise InvalidInputError("period", f"must be one of {', '.join(PERIODS)}")
        label = query.get("label", PERIODS[period])
        if len(label) > LABEL_LENGTH_MAX or not label.isprintable():
            raise InvalidInputError(
                "label", f"must be at most {LABEL_LENGTH_MAX} printable characters"
            )
        color = _color(query.get("color", "blue"))
        site = self._site(query.get("site", ""))
        return label, await in_thread(_number, self._store, site, period), color

    def _site(self, name: str) -> Site:
        site = self._directory.sites.named(name)
        if site.private:
            raise SiteNotFoundError(name)  # as if it were not there
        return site


def draw(label: str, message: str, color: str) -> str:
    """A flat badge as SVG: text is fitted to its box, so no font can overflow it."""
    left, right = _width(label), _width(message)
    whole = left + right
    label, message = escape(label), escape(message)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" \
aria-label="{label}: {message}"><title>{label}: {message}</title>
<linearGradient id="s" x2="0" y2="100%"><stop offset="0" stop-color="#bbb" \
stop-opacity=".1"/><stop offset="1" stop-opacity=".1"/></linearGradient>
<clipPath id="r"><rect width="{whole}" height="20" rx="3" fill="#fff"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#555"/>
<rect x="{left}" width="{right}" height="20" fill="{color}"/>
<rect width="{whole}" height="20" fill="url(#s)"/></g>
<g fill="#fff" text-anchor="middle" font-size="11" \
font-family="Verdana,Geneva,DejaVu Sans,sans-serif">
{_text(label, left / 2, left)}{_text(message, left + right / 2, right)}</g></svg>"""


def _text(text: str, middle: float, width: int) -> str:
    if not text:
        return ""
    fitted = f'textLength="{width - _PADDING}" lengthAdjust="spacingAndGlyphs"'
    # The same text a pixel lower is its shadow.
    return (
        f'<text x="{middle:g}" y="15" fill="#010101" fill-opacity=".3" {fitted}'
        f' aria-hidden="true">{text}</text>'
        f'<text x="{middle:g}" y="14" {fitted}>{text}</text>'
    )


_PADDING = 10
_NARROW = frozenset("iIjl.,:;'|!()[]{} ")
_WIDE = frozenset("mwMW@%")


def _width(text: str) -> int:
    """The box's width in pixels: the text in 11-pixel Verdana, and its padding."""
    pixels = sum(
        4 if letter in _NARROW else 10 if letter in _WIDE else 7 for letter in text
    )
    # A letter outside Latin takes about a square.
    pixels += sum(5 for letter in text if ord(letter) > 0x2E80)
    return pixels + _PADDING


def _color(name: str) -> str:
    if name in COLORS:
        return COLORS[name]
    if not _HEX.fullmatch(name):
        raise InvalidInputError(
            "color", f"must be one of {', '.join(COLORS)}, or hexadecimal as 4c1"
        )
    return f"#{name.removeprefix('#')}"


def _number(store: Store, site: Site, period: str) -> int:
    if period == "total":
        return total(store, site)
    last = today(site, time_ns() // 1_000_000)
    first = last - timedelta(days=_DAYS[period] - 1)
    return sum(day.visits for day in daily(store, site, first, last))


def _unless_known(
    request: Request, body: bytes, answer: Callable[[bytes], Response]
) -> Response:
    """The answer, or 304 if whoever asks has it already."""
    etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={**_CACHE, "etag": etag})
    response = answer(body)
    response.headers["etag"] = etag
    return response
