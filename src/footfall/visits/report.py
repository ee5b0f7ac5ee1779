"""What was counted: a site's total, its days and hours, and its breakdowns.

Days and hours are the site's own. A report reads the items that the days are kept in,
and adds up what they are spread over: the shards of a hot site, the parts of a
dimension.
"""

from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from footfall.counters.bulk import query
from footfall.counters.port import Item, Store
from footfall.counters.tables import BUCKET, SITE_URL
from footfall.errors import InvalidInputError
from footfall.visits.baseline import number_in
from footfall.visits.dimensions import (
    DAY,
    HOUR_NAMES,
    HOURS_MAX,
    OTHER,
    TOTAL_PREFIX,
    VALUE_PREFIX,
    VISITORS,
    bucket_prefix,
    day_of,
    local_hour,
    midnight,
    quarter_of,
)
from footfall.visits.shards import read_total
from footfall.visits.site import Site

DAYS_MAX = 3_660  # of one report: ten years
# Within these, every hour in every time zone has a date that Python can name.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class DayTotal:
    """The visits of one day of the site's own time zone, and its distinct readers."""

    date: date
    visits: int
    visitors: int = 0


@dataclass(frozen=True, slots=True)
class HourTotal:
    """The visits of the hour that begins at `start`, in the site's time zone."""

    start: datetime
    visits: int


@dataclass(frozen=True, slots=True)
class ValueTotal:
    """The visits of one value of a dimension.

    Attributes:
        value: The value; `OTHER` where they are folded.
        visits: How many there are.
        folded: Whether these are of all values that had no room of their own. A
            stranger can name a campaign "other"; that is a value like any.
    """

    value: str
    visits: int
    folded: bool = False


def check_day(day: date, field: str) -> date:
    """The day, if it is from `FIRST_DAY` to `LAST_DAY`.

    Raises:
        InvalidInputError: It is not.
    """
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidInputError(field, f"must be from {FIRST_DAY} to {LAST_DAY}")
    return day


def check_days(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included.

    Raises:
        InvalidInputError: The last day is before the first, or the range is longer
            than `DAYS_MAX`.
    """
    length = (check_day(last, "to") - check_day(first, "from")).days + 1
    if length < 1:
        raise InvalidInputError("to", f"{last} is before {first}")
    if length > DAYS_MAX:
        raise InvalidInputError("from", f"a report covers at most {DAYS_MAX} days")
    return [first + timedelta(days=offset) for offset in range(length)]


def today(site: Site, now_ms: int) -> date:
    """The site's own date at a time, in milliseconds since the epoch."""
    day, _ = local_hour(site.timezone, quarter_of(now_ms))
    return date.fromisoformat(day)


def total(store: Store, site: Site) -> int:
    """The site's number, the sum of its shards.

    Raises:
        SiteNotFoundError: The site is gone.
        NotANumberError: Its number is not one.
        UnavailableError: The store is away.
    """
    return read_total(store, site.url)


def daily(store: Store, site: Site, first: date, last: date) -> list[DayTotal]:
    """Every day from `first` to `last`, both included, those without visits too.

    Raises:
        InvalidInputError: The last day is before the first, or the range is longer
            than `DAYS_MAX`.
        UnavailableError: The store is away.
    """
    days = check_days(first, last)
    visits: Tally[str] = Tally()
    visitors: Tally[str] = Tally()
    for item in buckets(store, site, TOTAL_PREFIX, first, last):
        day = day_of(item[BUCKET]["S"])
        visits[day] += number_in(item, DAY)
        visitors[day] += number_in(item, VISITORS)
    return [
        DayTotal(day, visits[day.isoformat()], visitors[day.isoformat()])
        for day in days
    ]


def hourly(store: Store, site: Site, day: date) -> list[HourTotal]:
    """Every hour of one day: 24, or 23 and 25 where clocks change.

    Raises:
        InvalidInputError: The day is not from `FIRST_DAY` to `LAST_DAY`.
        UnavailableError: The store is away.
    """
    check_day(day, "day")
    zone = ZoneInfo(site.timezone)
    start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    counted: Tally[str] = Tally()
    for item in buckets(store, site, TOTAL_PREFIX, day, day):
        for name in item.keys() & HOUR_NAMES:
            counted[name] += int(item[name]["N"])
    hours = []
    for hour in range(HOURS_MAX):
        begins = start + timedelta(hours=hour)
        if begins >= end:
            break
        hours.append(HourTotal(begins.astimezone(zone), counted[f"{hour:02d}"]))
    return hours


def top(
    store: Store, site: Site, dimension: str, first: date, last: date, *, limit: int
) -> list[ValueTotal]:
    """A dimension's values with the most visits from `first` to `last`.

    What had no room of its own comes last, beyond the limit if need be: who shows the
    values must be able to say that some are missing.

    Raises:
        InvalidInputError: As `daily`.
        UnavailableError: The store is away.
    """
    check_days(first, last)
    counted: Tally[str] = Tally()
    for item in buckets(store, site, bucket_prefix(dimension), first, last):
        counted.update(dict(values_in(item)))
    folded = counted.pop(OTHER, 0)
    ranked = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    values = [
        ValueTotal(attribute.removeprefix(VALUE_PREFIX), visits)
        for attribute, visits in ranked[:limit]
    ]
    return [*values, ValueTotal(OTHER, folded, folded=True)] if folded else values


def values_in(item: Item) -> Iterator[tuple[str, int]]:
    """The attributes of a dimension's item that are numbers of visits."""
    for attribute, value in item.items():
        if attribute == OTHER or attribute.startswith(VALUE_PREFIX):
            yield attribute, int(value["N"])


def buckets(
    store: Store, site: Site, prefix: str, first: date, last: date
) -> Iterator[Item]:
    """The items of `visitRollups` of some days, by their bucket's prefix, in order.

    Raises:
        UnavailableError: The store is away.
    """
    return query(
        store.client,
        {
            "TableName": store.tables.visit_rollups,
            "KeyConditionExpression": "#site = :site AND #bucket BETWEEN :from AND :to",
            "ExpressionAttributeNames": {"#site": SITE_URL, "#bucket": BUCKET},
            "ExpressionAttributeValues": {
                ":site": {"S": site.url},
                ":from": {"S": prefix + first.isoformat()},
                # Parts and shards follow the day: "~" is after "#" and digits.
                ":to": {"S": f"{prefix}{last.isoformat()}~"},
            },
        },
    )
