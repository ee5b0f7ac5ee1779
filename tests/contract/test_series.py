"""A site's course and its breakdowns, on every client."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from footfall.counters.port import Store
from footfall.visits.periods import Period, Unit
from footfall.visits.record import Recorder
from footfall.visits.report import daily
from footfall.visits.series import breakdown, course, first_day
from footfall.visits.site import Site
from footfall.visits.sites import add_site
from footfall.visits.visit import Visit

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 14, 40, tzinfo=BERLIN)
TODAY = NOW.date()
YESTERDAY = date(2026, 11, 24)


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@pytest.fixture
def site(store: Store) -> Site:
    return add_site(store, "https://a.example", timezone="Europe/Berlin")


def count(store: Store, site: Site, visits: list[tuple[datetime, str]]) -> None:
    """Count pages at their times, each by a reader of its own."""
    recorder = Recorder(store, now_ms=lambda: ms(visits[0][0]))
    recorder.record(
        [
            Visit(
                f"{at:%Y%m%d%H%M%S}-{number}",
                site,
                page,
                ms(at),
                values=(("page", page),),
                reader=f"reader {number}",
            )
            for number, (at, page) in enumerate(visits)
        ]
    )


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


def test_a_day_is_compared_as_far_as_both_are_over(store: Store, site: Site) -> None:
    """The hour that runs is no part of it, on neither side."""
    count(store, site, [(at(24, 9), "/"), (at(24, 13, 59), "/"), (at(24, 14), "/")])
    count(store, site, [(at(25, 9), "/")] * 3 + [(at(25, 14, 10), "/")])
    seen = course(store, site, Period(TODAY, TODAY, "hour"), ms(NOW))

    assert (seen.visits.value, seen.visits.over, seen.visits.before) == (4, 3, 2)
    assert seen.visits.change == 0.5
    assert seen.compared_until == at(25, 14)
    assert seen.visitors.value == 4
    assert seen.visitors.before is None
    assert seen.visitors.change is None
    assert [point.visits for point in seen.points[8:16]] == [0, 3, 0, 0, 0, 0, 1, 0]
    assert [point.visits for point in seen.before[8:16]] == [0, 1, 0, 0, 0, 1, 1, 0]
    runs = [point.has_begun and not point.is_over for point in seen.points]
    assert runs.index(True) == 14
    assert sum(runs) == 1
    assert not seen.points[15].has_begun


def test_days_that_are_over_are_compared_whole(store: Store, site: Site) -> None:
    count(store, site, [(at(19, 1), "/")])
    count(store, site, [(at(23, 23, 59), "/"), (at(23, 0), "/")])
    count(store, site, [(at(24, 12), "/")])
    period = Period(date(2026, 11, 23), YESTERDAY, "day")
    seen = course(store, site, period, ms(NOW))

    assert (seen.visits.value, seen.visits.over, seen.visits.before) == (3, 3, 0)
    assert seen.visits.change is None
    assert (seen.visitors.value, seen.visitors.before) == (3, 0)
    assert seen.compared_until is None
    assert all(point.is_over for point in seen.points)


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_a_running_period_leaves_today_out_of_its_visitors(
    store: Store, site: Site, unit: Unit
) -> None:
    """A day's readers have no hours, so an unfinished day cannot be compared."""
    count(store, site, [(at(15, 10, month=10), "/")])
    count(store, site, [(at(18, 10), "/"), (at(18, 11), "/")])
    count(store, site, [(at(24, 10), "/")])
    count(store, site, [(at(25, 10), "/")])
    seen = course(store, site, Period(date(2026, 11, 19), TODAY, unit), ms(NOW))

    assert (seen.visitors.value, seen.visitors.over) == (2, 1)
    assert seen.visits.value == 2
    assert sum(point.visitors for point in seen.points) == 2


def test_a_site_is_not_compared_with_when_it_was_not_counted(
    store: Store, site: Site
) -> None:
    """It would have grown without end."""
    assert first_day(store, site) is None
    count(store, site, [(at(20, 10), "/")])
    assert first_day(store, site) == date(2026, 11, 20)
    seen = course(store, site, Period(date(2026, 11, 19), TODAY, "day"), ms(NOW))

    assert seen.visits.value == 1
    assert seen.visits.before is None
    assert seen.before == ()
    assert seen.compared_with is None


def test_the_hour_that_comes_twice_is_counted_in_two(store: Store, site: Site) -> None:
    """On the day on which clocks go back."""
    night = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    count(store, site, [(moment.astimezone(BERLIN), "/") for moment in night])
    day = date(2026, 10, 25)
    seen = course(store, site, Period(day, day, "hour"), ms(NOW))

    assert [point.visits for point in seen.points[1:5]] == [0, 1, 1, 0]
    assert f"{seen.points[2].span.start:%H:%M}" == f"{seen.points[3].span.start:%H:%M}"


def test_each_value_has_a_course_of_its_own(store: Store, site: Site) -> None:
    count(store, site, [(at(23, 9), "/a"), (at(23, 10), "/b")])
    count(store, site, [(at(25, 9), "/a"), (at(25, 10), "/c"), (at(25, 11), "/a")])
    period = Period(date(2026, 11, 23), TODAY, "day")
    found = breakdown(store, site, "page", period, limit=2)

    assert [(each.value, each.visits, each.points) for each in found.values] == [
        ("/a", 3, (1, 0, 2)),
        ("/b", 1, (1, 0, 0)),
    ]
    assert (found.found, found.visits, found.most, found.other) == (3, 5, 3, 0)


def test_values_are_searched_for_in_any_case(store: Store, site: Site) -> None:
    """The shares stay those of the whole."""
    count(store, site, [(at(25, 9), "/Blog/a"), (at(25, 9), "/b"), (at(25, 9), "/=b")])
    period = Period(TODAY, TODAY, "hour")
    found = breakdown(store, site, "page", period, limit=9, search="BLOG")

    assert [each.value for each in found.values] == ["/Blog/a"]
    assert (found.found, found.visits) == (1, 3)
    nothing = breakdown(store, site, "page", period, limit=9, search="=/")
    assert nothing.values == ()


def test_what_had_no_room_is_no_value(store: Store, site: Site) -> None:
    """A page may be called as we call the rest."""
    store.client.put_item(
        TableName=store.tables.visit_rollups,
        Item={
            "siteUrl": {"S": site.url},
            "bucket": {"S": "event#2026-11-25#00"},
            "other": {"N": "7"},
            "=other": {"N": "2"},
        },
    )
    found = breakdown(store, site, "event", Period(TODAY, TODAY, "hour"), limit=9)

    assert [(each.value, each.visits) for each in found.values] == [("other", 2)]
    assert (found.other, found.visits, found.found) == (7, 9, 1)


def test_a_day_that_has_only_readers_has_no_visits(store: Store, site: Site) -> None:
    """A repair may make such an item, where shards counted the day."""
    store.client.put_item(
        TableName=store.tables.visit_rollups,
        Item={
            "siteUrl": {"S": site.url},
            "bucket": {"S": f"total#{TODAY.isoformat()}"},
            "visitors": {"N": "2"},
        },
    )

    (day,) = daily(store, site, TODAY, TODAY)
    assert (day.visits, day.visitors) == (0, 2)
    seen = course(store, site, Period(TODAY, TODAY, "day"), ms(NOW))
    assert seen.visits.value == 0
