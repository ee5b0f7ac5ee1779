"""Addresses of the dashboard, and what its parts are called."""

from datetime import date, datetime
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.visits.periods import Period, Span, Unit, spans
from footfall.visits.site import Site
from footfall.web import labels
from footfall.web.ranges import PERIODS, View, view_of

TODAY = date(2026, 11, 25)
SITE = "https://a.example/"


def view(**query: str) -> View:
    return view_of(SITE, query, TODAY, lambda: date(2026, 1, 5))


def reopened(address: str | None) -> View:
    """The view that one of its addresses opens."""
    assert address is not None
    query = dict(parse_qsl(urlsplit(address).query))
    return view_of(query.pop("site"), query, TODAY, lambda: date(2026, 1, 5))


@pytest.mark.parametrize(
    ("name", "first", "last", "unit"),
    [
        ("today", "2026-11-25", "2026-11-25", "hour"),
        ("yesterday", "2026-11-24", "2026-11-24", "hour"),
        ("7d", "2026-11-19", "2026-11-25", "day"),
        ("30d", "2026-10-27", "2026-11-25", "day"),
        ("12mo", "2025-12-01", "2026-11-25", "month"),
        ("all", "2026-01-05", "2026-11-25", "month"),
    ],
)
def test_periods_have_names(name: str, first: str, last: str, unit: Unit) -> None:
    assert view(period=name).period == Period(
        date.fromisoformat(first), date.fromisoformat(last), unit
    )


@given(
    st.fixed_dictionaries(
        {"period": st.sampled_from(list(PERIODS))},
        optional={
            "unit": st.sampled_from(["day", "month"]),
            "show": st.sampled_from(["visits", "visitors"]),
        },
    )
)
def test_a_view_is_opened_again_by_its_address(query: dict[str, str]) -> None:
    """It can be shared and kept."""
    shown = view(**query)

    assert reopened(shown.link()) == shown
    days = reopened(shown.link_to_days(shown.period.first, shown.period.last))
    assert days.period == shown.period
    for unit in shown.units():
        assert reopened(shown.link(unit=unit)).period.unit == unit


@pytest.mark.parametrize("name", ["today", "7d", "30d", "12mo"])
def test_the_days_before_lead_back(name: str) -> None:
    """Earlier and later go the same way."""
    shown = view(period=name)
    earlier, later = shown.neighbours(TODAY)
    assert later is None
    before = reopened(earlier)
    assert before.period == shown.period.before()
    _, back = before.neighbours(TODAY)

    assert reopened(back).period.first == shown.period.first


def test_all_has_nothing_before_it() -> None:
    assert view(period="all").neighbours(TODAY) == (None, None)


@pytest.mark.parametrize("name", ["a b&c=d", "ü#?", "https://a.example/?x", ".."])
def test_any_site_has_an_address(name: str) -> None:
    """A key that was made by hand may be any string."""
    shown = view_of(name, {}, TODAY, lambda: None)

    assert reopened(shown.link()).site == name


def test_readers_are_not_shown_by_hour() -> None:
    assert view(period="today", show="visitors").show == "visits"
    assert view(period="7d", show="visitors").show == "visitors"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-05", "2026-11-05", "5 Nov 2026"),
        ("2026-11-05", "2026-11-09", "5 -- 9 Nov 2026"),
        ("2026-10-28", "2026-11-03", "28 Oct -- 3 Nov 2026"),
        ("2026-12-28", "2027-01-03", "28 Dec 2026 -- 3 Jan 2027"),
    ],
)
def test_days_say_nothing_twice(first: str, last: str, said: str) -> None:
    days = date.fromisoformat(first), date.fromisoformat(last)

    assert labels.days_label(*days) == said.replace("--", "\N{EN DASH}")


def test_points_are_named_in_full_and_in_short() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    hour = Span(datetime(2026, 11, 24, 14, tzinfo=berlin), TODAY, TODAY, 14)
    months = spans(Period(date(2026, 12, 15), date(2027, 1, 31), "month"), "UTC")

    assert labels.span_label(hour, "hour") == "Wed 25 Nov 2026, 14:00"
    assert labels.tick_label(hour, "hour", one_day=True) == "14:00"
    assert labels.tick_label(hour, "hour", one_day=False) == "25 Nov"
    assert labels.span_label(hour, "day") == "Wed 25 Nov 2026"
    assert labels.span_label(months[0], "month").startswith("15 ")
    assert labels.span_label(months[1], "month") == "Jan 2027"
    ticks = [labels.tick_label(each, "month", one_day=False) for each in months]
    assert ticks == ["Dec", "Jan 2027"]


@pytest.mark.parametrize(
    ("dimension", "value", "label"),
    [
        ("country", "DE", "Germany"),
        ("country", "GB", "Britain (UK)"),
        ("country", "XX", "XX"),
        ("country", "unknown", "Unknown"),
        ("referrer", "direct", "Direct, or not told"),
        ("page", "direct", "direct"),
        ("campaign", "unknown", "unknown"),
        ("size", "phone", "Phone, to 480 px"),
        ("event", "phone", "phone"),
    ],
)
def test_values_are_called_by_their_names(
    dimension: str, value: str, label: str
) -> None:
    """And what a reader of the site made is shown as it is."""
    assert labels.value_label(dimension, value) == label


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.example/", "a.example"),
        ("http://a.example:8080/blog/", "a.example:8080/blog"),
        ("a.example", "a.example"),
        ("https://", "https://"),
    ],
)
def test_a_site_is_called_by_its_host(url: str, name: str) -> None:
    assert labels.site_name(Site(url)) == name


def test_changes_and_shares_are_short() -> None:
    minus, times = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
    changes = [labels.change_label(each) for each in (0.124, -0.08, 0, 9.99, 10, 1234)]

    assert changes == [
        "+12%",
        f"{minus}8%",
        "+0%",
        "+999%",
        f"{times}11",
        f"{times}1,235",
    ]
    assert [labels.percent(each) for each in (0, 0.001, 0.1, 1)] == [
        *("0%", "<1%", "10%", "100%")
    ]


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_a_small_line_stays_in_its_chart(numbers: list[int]) -> None:
    path = labels.spark_line(numbers)
    corners = [corner.split() for corner in path.removeprefix("M").split("L") if path]

    assert len(corners) == (len(numbers) if len(numbers) > 1 else 0)
    for x, y in corners:
        assert -0.01 <= float(x) <= labels.SPARK_WIDTH + 0.1
        assert 0 <= float(y) <= labels.SPARK_HEIGHT
