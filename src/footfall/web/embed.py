"""A counter for an iframe: one small page, whole in itself, without a script.

Any page may frame it: the answer has no `frame-ancestors`, and `*` would refuse a page
opened from a file. Everything else is forbidden, and its one style is allowed by its
hash. It fills its frame, whatever its size, so that it looks right where the framing
page is light and the reader's system dark; it never counts.
"""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from starlette.requests import Request
from starlette.responses import Response

from footfall.errors import FootfallError, InvalidInputError
from footfall.web.answers import query_of
from footfall.web.badge_query import (
    PARAMETERS,
    Look,
    asked_figure,
    asked_look,
    label_of,
    written,
)
from footfall.web.badge_svg import text_width
from footfall.web.badges import PUBLIC_HEADERS, shown_site, unless_known
from footfall.web.directory import SiteDirectory
from footfall.web.numbers import Figure, Numbers
from footfall.web.problems import problem_of

REFRESH_SECONDS_MIN, REFRESH_SECONDS_MAX = 5, 86_400

_HTML = "text/html; charset=utf-8"
_OF_PICTURES = {"style", "labelcolor", "labelColor"}
_INK = "var(--ink)"
_LIGHT = "--paper:#fff;--ink:#1d2329;--quiet:#5c6670"
_DARK = "--paper:#1c2226;--ink:#e9ecee;--quiet:#a2adb6"
_THEMES = {
    "auto": f":root{{color-scheme:light dark;{_LIGHT}}}"
    f"@media(prefers-color-scheme:dark){{:root{{{_DARK}}}}}",
    "light": f":root{{color-scheme:light;{_LIGHT}}}",
    "dark": f":root{{color-scheme:dark;{_DARK}}}",
}
# The number takes what room there is: a frame's height, or its width by its digits.
_STYLE = (
    "*{{margin:0}}body{{box-sizing:border-box;min-height:100vh;display:grid;"
    "place-content:center;padding:4vmin;background:var(--paper);color:var(--quiet);"
    "text-align:center;overflow-wrap:anywhere;"
    "font:clamp(9px,min(17vh,{label_vw:.1f}vw),28px)/1.3 system-ui,sans-serif}}"
    "data{{display:block;white-space:nowrap;color:{color};line-height:1.15;"
    "font-weight:650;font-variant-numeric:tabular-nums;letter-spacing:-.02em;"
    "font-size:min(44vh,{number_vw:.1f}vw,6rem)}}"
)
_FRAME_SHARE = 86  # of the frame's width, in hundredths, that a line may take


class Embed:
    """The route of the counter for an iframe."""

    def __init__(self, directory: SiteDirectory, numbers: Numbers) -> None:
        self._directory = directory
        self._numbers = numbers

    async def html(self, request: Request) -> Response:
        """The number as a page; an error is one too, with its status."""
        theme, refresh = "auto", 0
        try:
            query = query_of(request, "site", "theme", "refresh", *PARAMETERS)
            theme, refresh = _theme(query), _refresh(query)
            for name in _OF_PICTURES & query.keys():
                raise InvalidInputError(name, "is for pictures")
            look = asked_look(query)
            figure = asked_figure(query, shown_site(request, self._directory, query))
            number = await self._numbers.recent(figure)
        except FootfallError as error:
            return _error_page(error, theme, refresh)
        shown = written(number, look.format or "grouped")
        label = _label(look, figure, number)
        color = look.color or _INK
        page, headers = _page(str(number), shown, label, color, theme, refresh)
        return unless_known(request, page.encode(), _HTML, headers)


def _label(look: Look, figure: Figure, number: int) -> str:
    label = label_of(look, figure)
    if look.label is None and number == 1:
        label = label.replace(figure.count, figure.count.removesuffix("s"), 1)
    return label


def _theme(query: Mapping[str, str]) -> str:
    theme = query.get("theme", "auto")
    if theme not in _THEMES:
        raise InvalidInputError("theme", f"must be one of {', '.join(_THEMES)}")
    return theme


def _refresh(query: Mapping[str, str]) -> int:
    """Seconds until the page loads itself again, 0 for never."""
    text = query.get("refresh", "0")
    if text == "0":
        return 0
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not REFRESH_SECONDS_MIN <= seconds <= REFRESH_SECONDS_MAX:
        raise InvalidInputError(
            "refresh",
            f"must be {REFRESH_SECONDS_MIN} to {REFRESH_SECONDS_MAX} seconds, or 0",
        )
    return seconds


def _error_page(error: FootfallError, theme: str, refresh: int) -> Response:
    problem = problem_of(error)
    words = {400: str(error), 404: "unknown site"}.get(problem.status, "no number now")
    page, headers = _page("", "?", words, _INK, theme, refresh)
    further = {name.decode(): value.decode() for name, value in problem.headers}
    headers = {**further, **PUBLIC_HEADERS, **headers, "content-type": _HTML}
    return Response(page, problem.status, headers)


def _page(
    value: str, shown: str, label: str, color: str, theme: str, refresh: int
) -> tuple[str, dict[str, str]]:
    """The page, and the headers that are its own.

    Args:
        value: The number's digits.
        shown: The number as a person reads it.
        label: The text below.
        color: The number's.
        theme: One of `_THEMES`.
        refresh: Seconds until it loads itself again, 0 for never.
    """
    style = _THEMES[theme] + _STYLE.format(
        color=color,
        number_vw=_FRAME_SHARE * 100 / max(text_width(shown, bold=True), 100),
        label_vw=_FRAME_SHARE * 100 / max(text_width(label) / 2, 500),
    )
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    text = escape(label)
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"{again}<title>{shown} {text}</title><style>{style}</style>"
        f'<p><data value="{value}">{shown}</data><bdi>{text}</bdi></p></html>'
    )
    headers = {
        "content-security-policy": "default-src 'none'; base-uri 'none';"
        f" form-action 'none'; style-src 'sha256-{allowed}'",
        "referrer-policy": "no-referrer",
    }
    return page, headers
