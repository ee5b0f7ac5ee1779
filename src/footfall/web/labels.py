"""What the pages call things: values, dates, numbers, the lines of small charts.

Text that a reader of the site may have made (a page's path, a referrer) goes through
the templates' escaping like any other, and is never looked up anywhere but here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from footfall.visits.agents import UNKNOWN
from footfall.visits.periods import Span, Unit
from footfall.visits.site import Site
from footfall.visits.sources import DIRECT

SPARK_WIDTH, SPARK_HEIGHT = 100, 24

_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_TO = " \N{EN DASH} "
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

# As `visits.reader` draws the bounds.
_SIZES = {
    "phone": "Phone, to 480 px",
    "tablet": "Tablet, to 1,024 px",
    "laptop": "Laptop, to 1,440 px",
    "desktop": "Desktop, wider",
}
_SCHEMES = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Panel:
    """How a breakdown is shown.

    Attributes:
        title: Its heading.
        value: What one of its values is called.
        none: What to say where there are none.
        hint: What would bring some, to type as it is.
        counted: What is counted of it.
        has_courses: Whether each value has a small chart.
    """

    title: str
    value: str
    none: str
    hint: str = ""
    counted: str = "Visits"
    has_courses: bool = False


# In the order in which a page has them.
PANELS = {
    "page": Panel("Pages", "Page", "No page was seen.", has_courses=True),
    "referrer": Panel(
        "Sources", "Source", "Nobody came from anywhere.", has_courses=True
    ),
    "country": Panel(
        "Countries",
        "Country",
        "No country is known. Give the server a database of countries:",
        hint="--countries FILE",
    ),
    "campaign": Panel(
        "Campaigns",
        "Campaign",
        "No link named a campaign. Name one in the links that you share:",
        hint="?utm_campaign=NAME",
        has_courses=True,
    ),
    "event": Panel(
        "Events",
        "Event",
        "No page sent an event. Name one on a link or a button, and clicks are counted:",
        hint='data-footfall-event="NAME"',
        counted="Times",
        has_courses=True,
    ),
    "browser": Panel("Browsers", "Browser", "No browser is known."),
    "system": Panel("Systems", "System", "No system is known."),
    "size": Panel("Screens", "Screen", "No screen is known."),
    "robot": Panel(
        "Robots", "Robot", "No robot came, or none that is known.", counted="Views"
    ),
}


def site_name(site: Site) -> str:
    """A site's address as a person would say it: without https:// and the last /."""
    for scheme in _SCHEMES:
        if site.url.startswith(scheme):
            return site.url.removeprefix(scheme).rstrip("/") or site.url
    return site.url


def value_label(dimension: str, value: str) -> str:
    """A value as it is shown."""
    match dimension, value:
        case "country", _ if value in _countries():
            return _countries()[value]
        case "size", _ if value in _SIZES:
            return _SIZES[value]
        case "referrer", str() if value == DIRECT:
            return "Direct, or not told"
        case (("country" | "browser" | "system"), str()) if value == UNKNOWN:
            return "Unknown"
    return value


def grouped(number: int) -> str:
    """A number with its thousands apart: 12,345."""
    return f"{number:,}"


def percent(share: float) -> str:
    """A share as whole percents; one that is small is told from none."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def change_label(change: float) -> str:
    """A change with its sign: +12%; from the tenfold on as a factor: x11."""
    if change >= 9.995:
        return f"\N{MULTIPLICATION SIGN}{change + 1:,.0f}"
    sign = "\N{MINUS SIGN}" if change < 0 else "+"
    return f"{sign}{abs(change):.0%}"


def day_label(day: date, *, year: bool = True) -> str:
    """A date: 5 Nov 2026."""
    text = f"{day.day} {_MONTHS[day.month - 1]}"
    return f"{text} {day.year}" if year else text


def days_label(first: date, last: date) -> str:
    """Some days, with no month or year said twice: 5 to 9 Nov 2026."""
    if first == last:
        return day_label(first)
    if first.year != last.year:
        return f"{day_label(first)}{_TO}{day_label(last)}"
    if first.month != last.month:
        return f"{day_label(first, year=False)}{_TO}{day_label(last)}"
    return f"{first.day}{_TO}{day_label(last)}"


def moment_label(at_ms: int, timezone: str) -> str:
    """A moment, from milliseconds since the epoch: 24 Nov 2026, 14:05."""
    at = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(timezone))
    return f"{day_label(at.date())}, {at:%H:%M}"


def span_label(span: Span, unit: Unit) -> str:
    """A point in full: Tue 24 Nov 2026, 14:00."""
    match unit:
        case "hour":
            return f"{_weekday(span.first)} {day_label(span.first)}, {clock(span)}"
        case "day":
            return f"{_weekday(span.first)} {day_label(span.first)}"
        case "week":
            return days_label(span.first, span.last)
        case "month":
            month = f"{_MONTHS[span.first.month - 1]} {span.first.year}"
            whole = span.first.day == 1 and _is_last(span.last)
            return month if whole else days_label(span.first, span.last)


def tick_label(span: Span, unit: Unit, *, one_day: bool) -> str:
    """A point in a few letters, for a plot's axis."""
    match unit:
        case "hour":
            return clock(span) if one_day else day_label(span.first, year=False)
        case "month":
            month = _MONTHS[span.first.month - 1]
            return f"{month} {span.first.year}" if span.first.month == 1 else month
        case _:
            return day_label(span.first, year=False)


def clock(span: Span) -> str:
    """The time of day at which a point begins: 14:00."""
    return f"{span.start:%H:%M}"


def spark_line(numbers: Sequence[int]) -> str:
    """The path of a small line, from the left to the right of a small chart."""
    if len(numbers) < 2:
        return ""
    most = max(*numbers, 1)
    step = SPARK_WIDTH / (len(numbers) - 1)
    # A pixel is left above and below, where the line is half out.
    heights = (SPARK_HEIGHT - 1 - (SPARK_HEIGHT - 2) * each / most for each in numbers)
    corners = (
        f"{index * step:.4g} {height:.4g}" for index, height in enumerate(heights)
    )
    return "M" + "L".join(corners)


def bar_percent(visits: int, most: int) -> str:
    """How long a value's bar is, of the longest."""
    return f"{math.ceil(1000 * visits / most) / 10 if most else 0:g}%"


def _weekday(day: date) -> str:
    return _WEEKDAYS[day.weekday()]


def _is_last(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


@cache
def _countries() -> dict[str, str]:
    """Countries' names by their ISO 3166 code, as the time zones' keepers have them."""
    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text()
    lines = (
        line.split("\t") for line in table.splitlines() if line[:1] not in ("#", "")
    )
    return {code: name.replace(" & ", " and ") for code, name in lines}
