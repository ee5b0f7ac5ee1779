"""Periods cut into points, and the period before."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import InvalidInputError
from footfall.visits.dimensions import local_hour
from footfall.visits.periods import (
    UNITS,
    Period,
    Unit,
    first_of_month,
    fitting_unit,
    spans,
)
from footfall.visits.report import FIRST_DAY, LAST_DAY

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Tokyo",
)
DAYS = st.dates(date(1980, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 11, 25), "Europe/Berlin", 24),
        (date(2026, 10, 25), "Europe/Berlin", 25),  # clocks go back
        (date(2026, 3, 29), "Europe/Berlin", 23),  # clocks go forward
        (date(2026, 4, 5), "Australia/Lord_Howe", 25),  # back by half an hour
        (date(2011, 12, 30), "Pacific/Apia", 0),  # a day that never was
    ],
)
def test_a_day_has_the_hours_that_passed_in_it(
    day: date, zone: str, hours: int
) -> None:
    assert len(spans(Period(day, day, "hour"), zone)) == hours


def test_the_hour_that_comes_twice_is_two_points() -> None:
    """02:00 in summer time, and 02:00 an hour later."""
    day = date(2026, 10, 25)
    points = spans(Period(day, day, "hour"), "Europe/Berlin")

    assert [f"{point.start:%H:%M %z}" for point in points[1:5]] == [
        "01:00 +0200",
        "02:00 +0200",
        "02:00 +0100",
        "03:00 +0100",
    ]
    assert [point.hour for point in points] == list(range(25))


def test_weeks_begin_on_monday_across_years() -> None:
    """The first and the last are cut where the period is."""
    points = spans(Period(date(2026, 12, 26), date(2027, 1, 12), "week"), "UTC")

    assert [(point.first, point.last) for point in points] == [
        (date(2026, 12, 26), date(2026, 12, 27)),  # Saturday and Sunday
        (date(2026, 12, 28), date(2027, 1, 3)),  # ISO week 53 of 2026
        (date(2027, 1, 4), date(2027, 1, 10)),
        (date(2027, 1, 11), date(2027, 1, 12)),
    ]


def test_months_are_the_calendars() -> None:
    points = spans(Period(date(2028, 1, 31), date(2028, 3, 1), "month"), "UTC")

    assert [(point.first, point.last) for point in points] == [
        (date(2028, 1, 31), date(2028, 1, 31)),
        (date(2028, 2, 1), date(2028, 2, 29)),
        (date(2028, 3, 1), date(2028, 3, 1)),
    ]


@given(DAYS, st.integers(0, 30), st.sampled_from(UNITS), st.sampled_from(ZONES))
def test_points_cover_a_period_once(
    first: date, more: int, unit: Unit, zone: str
) -> None:
    """No day is in two points, none is left out, and each begins when it says."""
    period = Period(first, first + timedelta(days=more), unit)
    points = spans(period, zone)
    days = [
        point.first + timedelta(days=offset)
        for point in points
        for offset in range((point.last - point.first).days + 1)
    ]

    assert list(dict.fromkeys(days)) == [
        first + timedelta(days=offset) for offset in range(more + 1)
    ]
    assert unit == "hour" or len(days) == len(set(days))
    moments = [point.start.timestamp() for point in points]
    assert moments == sorted(set(moments))
    for point in points:
        day, hour = local_hour(zone, round(point.start.timestamp()) // 900)
        assert (day, int(hour)) == (point.first.isoformat(), point.hour or 0)
        assert point.start.tzinfo == ZoneInfo(zone)


@pytest.mark.parametrize(
    ("unit", "days", "before"),
    [
        # Just before, as long.
        ("day", ("2026-11-19", "2026-11-25"), ("2026-11-12", "2026-11-18")),
        ("hour", ("2026-11-25", "2026-11-25"), ("2026-11-24", "2026-11-24")),
        # On the same weekdays.
        ("week", ("2026-11-16", "2026-11-25"), ("2026-11-02", "2026-11-11")),
        # As many months, and as far into the last.
        ("month", ("2026-01-01", "2026-03-31"), ("2025-10-01", "2025-12-31")),
        ("month", ("2025-12-01", "2026-11-25"), ("2024-12-01", "2025-11-25")),
        ("month", ("2026-03-01", "2026-03-30"), ("2026-02-01", "2026-02-27")),
        # No whole months.
        ("month", ("2026-03-02", "2026-03-31"), ("2026-01-31", "2026-03-01")),
    ],
)
def test_a_period_is_compared_with_the_one_before(
    unit: Unit, days: tuple[str, str], before: tuple[str, str]
) -> None:
    first, last = map(date.fromisoformat, days)
    first_before, last_before = map(date.fromisoformat, before)

    assert Period(first, last, unit).before() == Period(first_before, last_before, unit)


@given(DAYS, st.integers(0, 400), st.sampled_from(UNITS[1:]))
def test_the_period_before_ends_before(first: date, more: int, unit: Unit) -> None:
    """No day is compared with itself."""
    period = Period(first, first + timedelta(days=more), unit)
    before = period.before()

    assert before is not None
    assert before.last < period.first
    assert unit == "month" or before.length == period.length


@given(DAYS, st.integers(0, 400), st.sampled_from(UNITS[1:]))
def test_the_period_after_begins_after(first: date, more: int, unit: Unit) -> None:
    """And leads back, but for months, which are cut where they are shorter."""
    period = Period(first, first + timedelta(days=more), unit)
    after = period.after()

    assert after is not None
    assert after.first > period.last
    if unit != "month":
        assert after.before() == period


def test_nothing_is_before_the_first_day_of_all_and_after_the_last() -> None:
    assert Period(FIRST_DAY, FIRST_DAY, "day").before() is None
    assert Period(LAST_DAY, LAST_DAY, "day").after() is None


@pytest.mark.parametrize(
    ("first", "last", "unit", "field"),
    [
        ("2026-11-25", "2026-11-24", "day", "to"),
        ("1969-12-31", "2026-11-24", "day", "from"),
        ("2026-01-01", "2036-11-24", "month", "from"),
        ("2026-10-01", "2026-11-24", "hour", "unit"),
        ("2020-01-01", "2026-11-24", "day", "unit"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    first: str, last: str, unit: Unit, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Period(date.fromisoformat(first), date.fromisoformat(last), unit)

    assert refused.value.field == field


@given(DAYS, st.integers(0, 3_600))
def test_the_unit_that_fits_is_never_refused(first: date, more: int) -> None:
    last = first + timedelta(days=more)

    assert Period(first, last, fitting_unit(first, last))


def test_months_go_back_across_years() -> None:
    assert first_of_month(date(2026, 1, 31), 1) == date(2025, 12, 1)
    assert first_of_month(date(2026, 11, 25), 11) == date(2025, 12, 1)
