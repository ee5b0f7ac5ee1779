"""Days and hours are the site's own; pages are spread over parts."""

from datetime import UTC, datetime

import pytest

from footfall.visits.dimensions import total_moves, value_bucket
from footfall.visits.site import Site
from footfall.visits.visit import Visit, view


def visit_at(moment: str, timezone: str, page: str = "/") -> Visit:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    site = Site("https://a.example/", timezone)
    return view("v", site, page, int(at.timestamp() * 1000))


@pytest.mark.parametrize(
    ("moment", "timezone", "day", "hour"),
    [
        ("2026-11-24T00:00:00", "UTC", "2026-11-24", "00"),
        ("2026-11-24T23:59:59.999", "UTC", "2026-11-24", "23"),
        ("2026-11-24T23:30:00", "Europe/Berlin", "2026-11-25", "00"),
        ("2026-11-24T04:59:59", "America/New_York", "2026-11-23", "23"),
        # Offsets of half and quarter hours.
        ("2026-11-23T18:29:59", "Asia/Kolkata", "2026-11-23", "23"),
        ("2026-11-23T18:30:00", "Asia/Kolkata", "2026-11-24", "00"),
        ("2026-11-23T18:15:00", "Asia/Kathmandu", "2026-11-24", "00"),
        # Clocks go back in Berlin: 02:30 comes twice, in hours 2 and 3 of the day.
        ("2026-10-25T00:30:00", "Europe/Berlin", "2026-10-25", "02"),
        ("2026-10-25T01:30:00", "Europe/Berlin", "2026-10-25", "03"),
        ("2026-10-25T22:30:00", "Europe/Berlin", "2026-10-25", "24"),
        # Clocks go forward: the day ends with hour 22.
        ("2026-03-29T21:59:59", "Europe/Berlin", "2026-03-29", "22"),
        ("2026-03-29T22:00:00", "Europe/Berlin", "2026-03-30", "00"),
        # A day that begins at 01:00, since midnight is skipped.
        ("2026-04-24T00:30:00", "Africa/Cairo", "2026-04-24", "02"),
    ],
)
def test_hours_are_counted_from_the_sites_midnight(
    moment: str, timezone: str, day: str, hour: str
) -> None:
    """No two hours share a number, also where clocks change."""
    assert total_moves(visit_at(moment, timezone)) == (f"total#{day}", ("day", hour))


def test_a_page_keeps_to_its_part() -> None:
    """The same page always counts in the same item; many pages use all parts."""

    def buckets(parts: int) -> list[str]:
        return [value_bucket("page", "2026-11-24", f"/{n}", parts) for n in range(500)]

    assert buckets(32) == buckets(32)
    assert set(buckets(32)) == {f"page#2026-11-24#{part:02d}" for part in range(32)}
    assert set(buckets(1)) == {"page#2026-11-24#00"}
