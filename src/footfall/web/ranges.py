"""What a dashboard's address asks for, and the addresses of what is next to it.

All of it is in the address, so that a view can be shared, kept and gone back to:

    /stats?site=example.com&period=7d
    /stats?site=example.com&from=2026-11-01&to=2026-11-09&unit=hour&by=page&q=blog
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast
from urllib.parse import urlencode

from footfall.errors import InvalidInputError
from footfall.visits.periods import (
    POINTS_MAX,
    UNITS,
    Period,
    Unit,
    first_of_month,
    fitting_unit,
)
from footfall.visits.report import DAYS_MAX, FIRST_DAY, check_day

SITE_PATH = "/stats"
PARAMETERS = ("site", "period", "from", "to", "unit", "show", "by", "q")
SEARCH_LENGTH_MAX = 200  # characters
SHOWN = ("visits", "visitors")

# The periods that have a name, and what they are called.
PERIODS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "7 days",
    "30d": "30 days",
    "12mo": "12 months",
    "all": "All",
}
_USUAL = "30d"
_MONTHS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at.

    Attributes:
        site: The site's address in the store.
        name: The period's name; "" for days that were chosen.
        period: The period.
        unit: The unit that was asked for; None for the one that fits.
        show: What is plotted, of `SHOWN`.
    """

    site: str
    name: str
    period: Period
    unit: Unit | None
    show: str

    def link(self, **changes: str) -> str:
        """The address of this view, but for what is changed; "" leaves out."""
        query = {"site": self.site}
        if self.name:
            query["period"] = self.name
        else:
            query |= {"from": str(self.period.first), "to": str(self.period.last)}
        query |= {"unit": self.unit or "", "show": self.show} | changes
        if query["show"] == SHOWN[0]:
            del query["show"]
        return f"{SITE_PATH}?{urlencode({name: text for name, text in query.items() if text})}"

    def link_to_period(self, name: str, **changes: str) -> str:
        """The address of a period by its name, in the unit that fits it."""
        return self.link(**{"period": name, "from": "", "to": "", "unit": ""} | changes)

    def link_to_days(self, first: date, last: date) -> str:
        """The address of other days."""
        return self.link(period="", **{"from": str(first), "to": str(last)})

    def units(self) -> list[Unit]:
        """The units in which the period has more than one point and not too many."""
        first, last = self.period.first, self.period.last
        length = self.period.length
        days = {"day": 1, "week": 7, "month": 31}
        return [
            unit
            for unit in UNITS
            if (
                length * 24 <= POINTS_MAX
                if unit == "hour"
                else length > days[unit] and length // days[unit] <= POINTS_MAX
            )
            or unit == fitting_unit(first, last)
            or unit == self.period.unit
        ]

    def neighbours(self, today: date) -> tuple[str | None, str | None]:
        """The addresses of the days before and after; None where there are none."""
        if self.name == "all":
            return None, None
        before, after = self.period.before(), self.period.after()
        if after and self.period.last >= today:
            after = None
        return (
            self.link_to_days(before.first, before.last) if before else None,
            self.link_to_days(after.first, after.last) if after else None,
        )


def view_of(
    site: str,
    query: Mapping[str, str],
    today: date,
    first_day: Callable[[], date | None],
) -> View:
    """The view that an address's parameters ask for.

    Args:
        site: The site's address in the store.
        query: The parameters.
        today: The site's own date.
        first_day: Finds the first day that anything was counted on.

    Raises:
        InvalidInputError: A parameter is not valid.
    """
    show = _one_of(query, "show", SHOWN, SHOWN[0])
    unit = cast(Unit, _one_of(query, "unit", UNITS, "")) or None
    first, last = date_in(query, "from"), date_in(query, "to")
    if first or last:
        last = last or today
        first = first or last - timedelta(days=29)
        name = ""
    else:
        name = _one_of(query, "period", tuple(PERIODS), _USUAL)
        first, last = _named(name, today, first_day)
    period = Period(first, last, unit or fitting_unit(first, last))
    if period.unit == "hour":
        show = SHOWN[0]  # readers are told apart by the day
    return View(site, name, period, unit, show)


def search_in(query: Mapping[str, str]) -> str:
    """What the values are searched for; "" for nothing.

    Raises:
        InvalidInputError: It is too long.
    """
    search = query.get("q", "").strip()
    if len(search) > SEARCH_LENGTH_MAX:
        raise InvalidInputError("q", f"must be at most {SEARCH_LENGTH_MAX} characters")
    return search


def date_in(query: Mapping[str, str], name: str) -> date | None:
    """The date that a parameter gives; None without one.

    Raises:
        InvalidInputError: It is no date, or is before or after all reports.
    """
    text = query.get(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(name, "must be a date as 2026-11-24") from error
    return check_day(day, name)


def _named(
    name: str, today: date, first_day: Callable[[], date | None]
) -> tuple[date, date]:
    match name:
        case "today":
            return today, today
        case "yesterday":
            return today - timedelta(days=1), today - timedelta(days=1)
        case "7d":
            return today - timedelta(days=6), today
        case "30d":
            return today - timedelta(days=29), today
        case "12mo":
            return first_of_month(today, _MONTHS_SHOWN - 1), today
        case _:
            first = first_day() or today
            return min(
                today, max(first, today - timedelta(days=DAYS_MAX - 1), FIRST_DAY)
            ), today


def _one_of(
    query: Mapping[str, str], name: str, known: tuple[str, ...], usual: str
) -> str:
    value = query.get(name) or usual
    if value and value not in known:
        raise InvalidInputError(name, f"must be one of {', '.join(known)}")
    return value
