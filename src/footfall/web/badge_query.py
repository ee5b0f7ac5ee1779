"""What somebody asks of a badge: which number, and how it looks. Pure.

The names and the words of the parameters are shields.io's where it has them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from footfall.errors import InvalidInputError
from footfall.visits.site import Site
from footfall.web.badge_svg import DEFAULT_STYLE, STYLES
from footfall.web.numbers import TOTAL, Figure, figure_of

LABEL_LENGTH_MAX = 60
PARAMETERS = (
    *("period", "count", "label", "color", "labelcolor", "labelColor"),
    *("style", "format"),
)
FORMATS = ("grouped", "plain", "compact")

# shields.io's names and values.
COLORS = {
    "brightgreen": "#4c1",
    "green": "#97ca00",
    "yellowgreen": "#a4a61d",
    "yellow": "#dfb317",
    "orange": "#fe7d37",
    "red": "#e05d44",
    "blue": "#007ec6",
    "grey": "#555",
    "gray": "#555",
    "lightgrey": "#9f9f9f",
    "lightgray": "#9f9f9f",
    "blueviolet": "#8a2be2",
    "success": "#4c1",
    "important": "#fe7d37",
    "critical": "#e05d44",
    "informational": "#007ec6",
    "inactive": "#9f9f9f",
}
_HEX = re.compile(r"#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_WITHIN = {TOTAL: "", "today": " today", "week": " in 7 days", "month": " in 30 days"}
# Invisible letters that some scripts and emoji are written with.
_JOINERS = str.maketrans("", "", "\u200c\u200d")
_UNITS = ("", "k", "M", "G", "T", "P", "E")


@dataclass(frozen=True, slots=True)
class Look:
    """How a badge looks; what nobody asked for is None.

    Attributes:
        label: The text beside the number.
        color: The number's box, "#007ec6".
        label_color: The label's box.
        style: One of `STYLES`.
        format: One of `FORMATS`.
    """

    label: str | None = None
    color: str | None = None
    label_color: str | None = None
    style: str | None = None
    format: str | None = None


def asked_figure(query: Mapping[str, str], site: Site) -> Figure:
    """The figure of a site that a query asks for.

    Raises:
        InvalidInputError: There is no such figure.
    """
    return figure_of(site, query.get("period"), query.get("count", "visits"))


def asked_look(query: Mapping[str, str]) -> Look:
    """The look that a query asks for.

    Raises:
        InvalidInputError: A value is not valid; the parameter is named.
    """
    if "labelcolor" in query and "labelColor" in query:
        raise InvalidInputError("labelColor", "may come once, in either spelling")
    label_color = query.get("labelcolor", query.get("labelColor"))
    style = _one_of("style", query.get("style", DEFAULT_STYLE), tuple(STYLES))
    format = _one_of("format", query.get("format", FORMATS[0]), FORMATS)
    return Look(
        _label(query.get("label")),
        _color("color", query.get("color")),
        _color("labelcolor", label_color),
        style if "style" in query else None,
        format if "format" in query else None,
    )


def label_of(look: Look, figure: Figure) -> str:
    """The label that was asked for, else what the number is of."""
    if look.label is not None:
        return look.label
    return figure.count + _WITHIN[figure.period]


def written(number: int, format: str) -> str:
    """A number in one of `FORMATS`.

    "1,234,567", "1234567", or "1.2M": compact cuts and never rounds up, so that it
    never says more than was counted.
    """
    match format:
        case "plain":
            return str(number)
        case "grouped":
            return f"{number:,}"
    size = abs(number)
    power = min((len(str(size)) - 1) // 3, len(_UNITS) - 1)
    tenths = size * 10 // 1_000**power
    digits = f"{tenths // 10:,}"
    if power and tenths < 1_000 and tenths % 10:
        digits += f".{tenths % 10}"
    return ("-" if number < 0 else "") + digits + _UNITS[power]


def _label(label: str | None) -> str | None:
    if label is None:
        return None
    if len(label) > LABEL_LENGTH_MAX or not label.translate(_JOINERS).isprintable():
        raise InvalidInputError(
            "label", f"must be at most {LABEL_LENGTH_MAX} printable characters"
        )
    return label


def _color(field: str, name: str | None) -> str | None:
    if name is None:
        return None
    if name in COLORS:
        return COLORS[name]
    if not _HEX.fullmatch(name):
        raise InvalidInputError(
            field, f"must be one of {', '.join(COLORS)}, or hexadecimal as 4c1"
        )
    return f"#{name.removeprefix('#')}"


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidInputError(field, f"must be one of {', '.join(allowed)}")
    return value
