"""Stretches of a site's days, cut into points, and the stretch before. Pure.

Days are the site's own. A point is an hour, a day, a week or a month of a period; the
first and the last are cut where the period is. Weeks begin on Monday (ISO 8601). An
hour is named as it is counted (`visits.dimensions`): by the whole hours since its day's
midnight, so a day has 23 to 25 of them, and where a zone skipped a day, none.

    shown       today 14:40    the last 7 days         November, by month
    before      yesterday      the 7 days before       October

Two periods are compared fairly only where both are over. So what is not over yet, the
hour that runs, is left out of the comparison on both sides.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from footfall.errors import InvalidInputError
from footfall.visits.dimensions import HOURS_MAX, midnight
from footfall.visits.report import FIRST_DAY, LAST_DAY, check_days

Unit = Literal["hour", "day", "week", "month"]
UNITS: tuple[Unit, ...] = get_args(Unit)

POINTS_MAX = 800  # of one plot: a month of hours

_WEEK_DAYS = 7
_MONTHS = 12
# The longest periods, in days, that are shown by hour, day and week unless told.
_BY_HOUR_MAX, _BY_DAY_MAX, _BY_WEEK_MAX = 2, 92, 200


@dataclass(frozen=True, slots=True)
class Span:
    """One point of a plot.

    Attributes:
        start: Its beginning, in the site's time zone.
        first: Its first day.
        last: Its last day, the same for an hour.
        hour: The whole hours since midnight, for an hour.
    """

    start: datetime
    first: date
    last: date
    hour: int | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included, and what they are cut into.

    Raises:
        InvalidInputError: The last day is before the first, or the days are too many:
            for a report, or for their unit.
    """

    first: date
    last: date
    unit: Unit

    def __post_init__(self) -> None:
        check_days(self.first, self.last)
        if self._points_most() > POINTS_MAX:
            raise InvalidInputError(
                "unit",
                f"{self.unit} would draw more than {POINTS_MAX} points; take a longer"
                " unit or fewer days",
            )

    @property
    def length(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def earlier(self, day: date) -> date:
        """The day of the period before that a day is compared with.

        Whole months are compared with whole months, weeks with weeks that begin on the
        same weekday, and days with as many days just before.
        """
        return self._moved(day, -1)

    def before(self) -> "Period | None":
        """The period that this one is compared with; None before all reports."""
        first, last = self._neighbour(-1)
        return Period(first, last, self.unit) if first >= FIRST_DAY else None

    def after(self) -> "Period | None":
        """The period of which this one is the one before; None after all reports."""
        first, last = self._neighbour(1)
        return Period(first, last, self.unit) if last <= LAST_DAY else None

    def _neighbour(self, periods: int) -> tuple[date, date]:
        behind = self._moved(self.last + timedelta(days=1), periods)
        return self._moved(self.first, periods), behind - timedelta(days=1)

    def _moved(self, day: date, periods: int) -> date:
        if self.unit == "month" and self.first.day == 1:
            return _months_before(day, -periods * self._months())
        length = self.length
        if self.unit == "week":
            length += -length % _WEEK_DAYS
        return day + timedelta(days=periods * length)

    def _months(self) -> int:
        years = self.last.year - self.first.year
        return _MONTHS * years + self.last.month - self.first.month + 1

    def _points_most(self) -> int:
        return (
            self.length * 24
            if self.unit == "hour"
            else self.length // _DAYS_OF[self.unit]
        )


_DAYS_OF: dict[Unit, int] = {"day": 1, "week": _WEEK_DAYS, "month": 28}


def fitting_unit(first: date, last: date) -> Unit:
    """The unit that shows a period's course and not its noise."""
    days = (last - first).days + 1
    if days <= _BY_HOUR_MAX:
        return "hour"
    if days <= _BY_DAY_MAX:
        return "day"
    return "week" if days <= _BY_WEEK_MAX else "month"


def spans(period: Period, timezone: str) -> list[Span]:
    """The period's points, in order."""
    zone = ZoneInfo(timezone)
    if period.unit == "hour":
        days = (
            period.first + timedelta(days=offset) for offset in range(period.length)
        )
        return [span for day in days for span in hours_of(day, zone)]
    found = []
    first = period.first
    while first <= period.last:
        last = min(_last_of(first, period.unit), period.last)
        found.append(Span(_begins(first, zone), first, last))
        first = last + timedelta(days=1)
    return found


def hours_of(day: date, zone: ZoneInfo) -> Iterator[Span]:
    """The hours of a day: 24, or 23 and 25 where clocks change."""
    start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    for hour in range(HOURS_MAX):
        begins = start + timedelta(hours=hour)
        if begins >= end:
            return
        yield Span(begins.astimezone(zone), day, day, hour)


def first_of_month(day: date, months_before: int = 0) -> date:
    """The first day of a day's month, or of a month before it."""
    return _months_before(day.replace(day=1), months_before)


def _begins(day: date, zone: ZoneInfo) -> datetime:
    return midnight(day, zone).astimezone(zone)


def _last_of(day: date, unit: Unit) -> date:
    match unit:
        case "week":
            return day + timedelta(days=_WEEK_DAYS - day.isoweekday())
        case "month":
            return first_of_month(day, -1) - timedelta(days=1)
        case _:
            return day


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month; its last where it has no such day."""
    year, month = divmod(_MONTHS * day.year + day.month - 1 - months, _MONTHS)
    _, length = monthrange(year, month + 1)
    return date(year, month + 1, min(day.day, length))
