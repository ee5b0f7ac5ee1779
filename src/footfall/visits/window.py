"""Which days and hours visits can still reach, and of which all receipts must be there."""

from datetime import date, timedelta

from footfall.counters.port import Store
from footfall.visits.dimensions import local_hour, quarter_of
from footfall.visits.report import today
from footfall.visits.site import Site
from footfall.visits.visitors import day_expiry

_HOUR_MS = 3_600_000

Hour = tuple[str, str]  # the day and the hour: ("2026-11-24", "13")


def hours_in_window(store: Store, site: Site, now_ms: int) -> set[Hour]:
    """The hours that lie wholly within the window, up to the next one.

    Every receipt of theirs is there still: a receipt outlives its window.
    """
    start = now_ms - store.window_seconds * 1000 + _HOUR_MS
    quarters = range(quarter_of(start), quarter_of(now_ms + _HOUR_MS) + 1)
    return {local_hour(site.timezone, quarter) for quarter in quarters}


def days_with_markers(store: Store, site: Site, now_ms: int) -> frozenset[str]:
    """The days of which no reader's marker has expired, for an hour to come."""
    return frozenset(
        day.isoformat()
        for day in recent_days(store, site, now_ms)
        if day_expiry(site, day.isoformat(), store.window_seconds) * 1000
        > now_ms + _HOUR_MS
    )


def recent_days(store: Store, site: Site, now_ms: int) -> list[date]:
    """The days that a visit can still reach, and one more at each end for the clocks."""
    first = today(site, now_ms - store.window_seconds * 1000) - timedelta(days=1)
    last = today(site, now_ms) + timedelta(days=1)
    return [first + timedelta(days=day) for day in range((last - first).days + 1)]


def whole_days(in_window: set[Hour]) -> set[str]:
    """The days of which every hour so far lies within the window."""
    return {day for day, hour in in_window if hour == "00"}
