"""What a dashboard shows of a site: its course over a period, and its breakdowns.

The course and the period before are one Query of the days' items, of a dimension
another. A dimension's items are added up by point, so that each value has a small
course of its own without a read for each.
"""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from footfall.counters.bulk import query
from footfall.counters.port import Store
from footfall.counters.tables import BUCKET, SITE_URL
from footfall.visits.baseline import number_in
from footfall.visits.dimensions import (
    DAY,
    HOUR_NAMES,
    OTHER,
    TOTAL_PREFIX,
    VALUE_PREFIX,
    VISITORS,
    bucket_prefix,
    day_of,
    local_hour,
    quarter_of,
)
from footfall.visits.periods import Period, Span, spans
from footfall.visits.report import FIRST_DAY, buckets, values_in
from footfall.visits.site import Site


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a course.

    Attributes:
        span: When it is.
        visits: The visits in it.
        visitors: The readers of its days, each day's added up; an hour has none.
        is_over: Whether it is past; what runs yet is counted so far.
        has_begun: Whether anything can be in it.
    """

    span: Span
    visits: int
    visitors: int
    is_over: bool
    has_begun: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and what it is compared with.

    Attributes:
        value: All of the period.
        over: The part of it that is over.
        before: The same part of the period before; None where there is no such part.
    """

    value: int
    over: int
    before: int | None

    @property
    def change(self) -> float | None:
        """How much more there is: 0.12 is twelve percent; None without a number."""
        return self.over / self.before - 1 if self.before else None


@dataclass(frozen=True, slots=True)
class Course:
    """A site's numbers over a period, and the period before.

    Attributes:
        period: The period.
        points: Its points, in order.
        before: The points of the period before, in order; there may be one fewer or
            more, where a day has 23 or 25 hours. None if the site was not counted yet
            when that period began.
        visits: The visits.
        visitors: The readers, each day's added up.
        compared_with: The period before; None where there is nothing to compare with.
        compared_until: Where the comparison ends; None if all of the period is over.
    """

    period: Period
    points: tuple[Point, ...]
    before: tuple[Point, ...]
    visits: Figure
    visitors: Figure
    compared_with: Period | None
    compared_until: datetime | None


@dataclass(frozen=True, slots=True)
class ValueCourse:
    """A value of a dimension: its visits, and how they are spread over the points."""

    value: str
    visits: int
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A dimension's values over a period.

    Attributes:
        values: Those with the most visits that were asked for, the most first.
        found: How many values there are, of those that match what is searched.
        visits: The visits of all values, matching or not, and of `other`.
        most: The visits of the first value of all.
        other: The visits of values that had no room in their day's item.
    """

    values: tuple[ValueCourse, ...]
    found: int
    visits: int
    most: int
    other: int


@dataclass(slots=True)
class _Day:
    visits: int = 0
    visitors: int = 0
    hours: Tally[int] = field(default_factory=Tally)


_NO_DAY = _Day()


def course(store: Store, site: Site, period: Period, now_ms: int) -> Course:
    """A site's numbers over a period, compared with the period before.

    Raises:
        UnavailableError: The store is away.
    """
    before = _before(store, site, period)
    days = _read_days(store, site, (before or period).first, period.last)
    day, hour = local_hour(site.timezone, quarter_of(now_ms))
    now = (date.fromisoformat(day), int(hour))
    # Where the comparison ends: the hour that runs, or the day after the last.
    cut = min(now, (period.last + timedelta(days=1), 0))
    visits_before = visitors_before = None
    if before:
        cut_before = (period.earlier(cut[0]), cut[1])
        visits_before = _visits_until(days, before.first, cut_before)
        if cut[0] > period.first:
            visitors_before = _visitors_until(days, before.first, cut_before[0])
    shown = _between(days, period.first, period.last)
    return Course(
        period,
        tuple(_points(days, period, site.timezone, now)),
        tuple(_points(days, before, site.timezone, now)) if before else (),
        Figure(
            sum(each.visits for each in shown),
            _visits_until(days, period.first, cut),
            visits_before,
        ),
        Figure(
            sum(each.visitors for each in shown),
            _visitors_until(days, period.first, cut[0]),
            visitors_before,
        ),
        before,
        _moment(cut, site.timezone) if cut == now else None,
    )


def breakdown(
    store: Store,
    site: Site,
    dimension: str,
    period: Period,
    *,
    limit: int,
    search: str = "",
) -> Breakdown:
    """A dimension's values with the most visits in a period.

    Args:
        store: Where they are.
        site: The site.
        dimension: One of its dimensions, or "robot".
        period: The days, and the points of the values' courses; hours are a day's.
        limit: How many values at most.
        search: What a value must contain, in any case.

    Raises:
        UnavailableError: The store is away.
    """
    unit = "day" if period.unit == "hour" else period.unit
    points = spans(Period(period.first, period.last, unit), site.timezone)
    of_points: list[defaultdict[str, int]] = [defaultdict(int) for _ in points]
    index = {
        (span.first + timedelta(days=offset)).isoformat(): number
        for number, span in enumerate(points)
        for offset in range((span.last - span.first).days + 1)
    }
    prefix = bucket_prefix(dimension)
    for item in buckets(store, site, prefix, period.first, period.last):
        tally = of_points[index[day_of(item[BUCKET]["S"])]]
        for attribute, visits in values_in(item):
            tally[attribute] += visits
    counted: Tally[str] = Tally()
    for tally in of_points:
        counted.update(tally)
    other = counted.pop(OTHER, 0)
    wanted = search.casefold()
    matching = [
        attribute for attribute in counted if wanted in attribute[1:].casefold()
    ]
    matching.sort(key=lambda attribute: (-counted[attribute], attribute))
    return Breakdown(
        tuple(
            ValueCourse(
                attribute.removeprefix(VALUE_PREFIX),
                counted[attribute],
                tuple(tally.get(attribute, 0) for tally in of_points),
            )
            for attribute in matching[:limit]
        ),
        len(matching),
        counted.total() + other,
        max(counted.values(), default=0),
        other,
    )


def first_day(store: Store, site: Site) -> date | None:
    """The first day on which anything was counted; None before the first visit.

    Raises:
        UnavailableError: The store is away.
    """
    request = {
        "TableName": store.tables.visit_rollups,
        "KeyConditionExpression": "#site = :site AND #bucket BETWEEN :from AND :to",
        "ExpressionAttributeNames": {"#site": SITE_URL, "#bucket": BUCKET},
        "ExpressionAttributeValues": {
            ":site": {"S": site.url},
            ":from": {"S": TOTAL_PREFIX + FIRST_DAY.isoformat()},
            ":to": {"S": f"{TOTAL_PREFIX}~"},
        },
        "Limit": 1,
    }
    item = next(query(store.client, request), None)
    return date.fromisoformat(day_of(item[BUCKET]["S"])) if item else None


def _before(store: Store, site: Site, period: Period) -> Period | None:
    """The period before, if the site was counted all through it."""
    before = period.before()
    if before is None:
        return None
    first = first_day(store, site)
    return before if first and first <= before.first else None


def _read_days(store: Store, site: Site, first: date, last: date) -> dict[date, _Day]:
    days: dict[date, _Day] = {}
    for item in buckets(store, site, TOTAL_PREFIX, first, last):
        day = days.setdefault(date.fromisoformat(day_of(item[BUCKET]["S"])), _Day())
        day.visits += number_in(item, DAY)
        day.visitors += number_in(item, VISITORS)
        for name in item.keys() & HOUR_NAMES:
            day.hours[int(name)] += int(item[name]["N"])
    return days


def _points(
    days: Mapping[date, _Day], period: Period, timezone: str, now: tuple[date, int]
) -> Iterator[Point]:
    for span in spans(period, timezone):
        if span.hour is None:
            counted: Sequence[_Day] = _between(days, span.first, span.last)
            visits = sum(day.visits for day in counted)
            visitors = sum(day.visitors for day in counted)
            is_over, has_begun = span.last < now[0], span.first <= now[0]
        else:
            visits = days.get(span.first, _NO_DAY).hours[span.hour]
            visitors = 0
            at = (span.first, span.hour)
            is_over, has_begun = at < now, at <= now
        yield Point(span, visits, visitors, is_over, has_begun)


def _between(days: Mapping[date, _Day], first: date, last: date) -> list[_Day]:
    length = (last - first).days + 1
    wanted = (first + timedelta(days=offset) for offset in range(length))
    return [days[day] for day in wanted if day in days]


def _visits_until(days: Mapping[date, _Day], first: date, cut: tuple[date, int]) -> int:
    """The visits from a day's midnight to a later hour, which is not in it."""
    day, hour = cut
    whole = sum(each.visits for each in _between(days, first, day - timedelta(days=1)))
    hours = days.get(day, _NO_DAY).hours if day >= first else Tally[int]()
    return whole + sum(visits for each, visits in hours.items() if each < hour)


def _visitors_until(days: Mapping[date, _Day], first: date, day: date) -> int:
    return sum(each.visitors for each in _between(days, first, day - timedelta(days=1)))


def _moment(cut: tuple[date, int], timezone: str) -> datetime:
    zone = ZoneInfo(timezone)
    midnight = datetime.combine(cut[0], datetime.min.time(), zone)
    return (midnight.astimezone(ZoneInfo("UTC")) + timedelta(hours=cut[1])).astimezone(
        zone
    )
