"""`footfall stats`: a site's numbers, drawn for a person, as lines or JSON for programs.

By a unit of time it is the course of a period, compared with the period before, and
what its visits are broken down by; by a breakdown, that one's values. The comparison
and its words are the site's page's own (`visits.series`, `web.labels`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from time import time_ns
from typing import Any
from zoneinfo import ZoneInfo

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import is_drawn, note, say_cells
from footfall.cli.values import day
from footfall.counters.port import Store
from footfall.visits.baseline import read_kept_from
from footfall.visits.dimensions import BROKEN_DOWN, ROBOT
from footfall.visits.periods import (
    POINTS_MAX,
    UNITS,
    Period,
    Span,
    Unit,
    first_of_month,
    fitting_unit,
    hours_of,
    spans,
)
from footfall.visits.report import FIRST_DAY, daily, hourly, today, top
from footfall.visits.report import total as read_total
from footfall.visits.series import Breakdown, Course, Figure, breakdown, course
from footfall.visits.site import Site
from footfall.visits.sites import load_sites

DAYS_SHOWN = 30
WEEKS_SHOWN = 12
MONTHS_SHOWN = 12
TOP_SHOWN = 6  # values of each breakdown beside a course
VALUES_MAX = 1_000  # of one breakdown
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Point:
    """An hour, a day, a week or a month, and what was counted in it.

    Attributes:
        span: When it is.
        visits: The visits.
        visitors: The readers, each day's added up; None of an hour, and where they
            are not counted.
    """

    span: Span
    visits: int
    visitors: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """A site's course over a period.

    Attributes:
        site: The site.
        total: Its number.
        unit: What the points are.
        points: All of the period, in order.
        course: The period's figures, and the period before.
        breakdowns: The first values of each breakdown.
    """

    site: Site
    total: int
    unit: Unit
    points: tuple[Point, ...]
    course: Course
    breakdowns: Mapping[str, Breakdown]


@click.command(short_help="Show the numbers of the site at URL.")
@click.argument("url")
@click.option(
    "--from", "first", type=day, metavar="DAY", help="The first day: 2026-11-01."
)
@click.option(
    "--to", "last", type=day, metavar="DAY", help="The last day.  [default: today]"
)
@click.option(
    "--by",
    type=click.Choice([*UNITS, *BROKEN_DOWN]),
    default="day",
    show_default=True,
    help="What the numbers are of.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@store_options
def stats(
    url: str,
    first: date | None,
    last: date | None,
    by: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Show the numbers of the site at URL.

    Of the last 30 days unless told; by hour of one day, by week and month of twelve.
    On a terminal the course is drawn, compared with the period before, and with what
    it is broken down by. In a pipe there is a line each, with tabs between its columns.

    \b
    Examples:
      footfall stats example.com
      footfall stats example.com --by month
      footfall stats example.com --by page --from 2026-11-01 --to 2026-11-30
      footfall stats example.com --by hour --from 2026-11-24 --json
    """
    store = open_store(settings, create=False)
    site = load_sites(store).named(url)
    end = last or today(site, _now_ms())
    begin = first or max(_default_first(end, by), FIRST_DAY)
    unit = next((each for each in UNITS if each == by), None)
    kept = read_kept_from(store, site.url)
    if kept is not None and begin < kept:
        note(f"days before {kept} were taken away; their visits are in the number")
    if unit is None:
        _show_values(store, site, by, begin, end, as_json)
    else:
        _show_course(store, site, unit, begin, end, as_json)


def _default_first(last: date, by: str) -> date:
    match by:
        case "hour":
            return last
        case "week":
            monday = last - timedelta(days=last.weekday())
            return monday - timedelta(weeks=WEEKS_SHOWN - 1)
        case "month":
            return first_of_month(last, MONTHS_SHOWN - 1)
        case _:
            return last - timedelta(days=DAYS_SHOWN - 1)


def _show_course(
    store: Store, site: Site, unit: Unit, first: date, last: date, as_json: bool
) -> None:
    points = _points(store, site, unit, first, last)
    if not as_json and not is_drawn():
        for point in points:
            counted = [] if point.visitors is None else [point.visitors]
            say_cells([_name(point.span, unit), point.visits, *counted])
        return
    # All days of one report are some 130 months, so this one always fits.
    fitting = fitting_unit(first, last)
    period = Period(first, last, unit if unit in ("week", "month") else fitting)
    progress = Progress(
        site,
        read_total(store, site),
        unit,
        tuple(points),
        course(store, site, period, _now_ms()),
        {
            each: breakdown(store, site, each, period, limit=TOP_SHOWN)
            for each in BROKEN_DOWN
            if each in site.dimensions or each == ROBOT
        },
    )
    if as_json:
        click.echo(json.dumps(_course_document(progress), indent=2))
        return
    from footfall.cli.stats_view import draw_course

    draw_course(progress)


def _show_values(
    store: Store, site: Site, by: str, first: date, last: date, as_json: bool
) -> None:
    values = top(store, site, by, first, last, limit=VALUES_MAX)
    if as_json:
        document = {
            **_heading(site, read_total(store, site), first, last, by),
            "values": [
                {by: each.value, "visits": each.visits}
                | ({"folded": True} if each.folded else {})
                for each in values
            ],
        }
        click.echo(json.dumps(document, indent=2))
    elif is_drawn():
        from footfall.cli.stats_view import draw_values

        draw_values(site, by, first, last, values)
    else:
        for each in values:
            say_cells([each.value, each.visits])
            if each.folded:  # a stranger's value may have the same name
                note(f"{each.value}: all values that had no room in their day")


def _points(
    store: Store, site: Site, unit: Unit, first: date, last: date
) -> list[Point]:
    days = daily(store, site, first, last)
    if unit == "hour":
        zone = ZoneInfo(site.timezone)
        return [
            Point(span, hour.visits, None)
            for each in days
            for span, hour in zip(
                hours_of(each.date, zone),
                hourly(store, site, each.date),
                strict=True,
            )
        ]
    tells_readers = "visitor" in site.dimensions
    points = []
    for span in _spans(site, unit, first, last):
        own = days[(span.first - first).days : (span.last - first).days + 1]
        visitors = sum(each.visitors for each in own) if tells_readers else None
        points.append(Point(span, sum(each.visits for each in own), visitors))
    return points


def _spans(site: Site, unit: Unit, first: date, last: date) -> list[Span]:
    """The points of a period, which may have more than a page could draw."""
    found: list[Span] = []
    step = timedelta(days=POINTS_MAX)
    while unit == "day" and last - first >= step:
        found += spans(Period(first, first + step - _DAY, unit), site.timezone)
        first += step
    return found + spans(Period(first, last, unit), site.timezone)


def _course_document(progress: Progress) -> dict[str, Any]:
    unit, course = progress.unit, progress.course
    before = course.compared_with
    until = course.compared_until
    tells_readers = "visitor" in progress.site.dimensions
    return {
        **_heading(
            progress.site,
            progress.total,
            course.period.first,
            course.period.last,
            unit,
        ),
        "values": [
            {unit: _name(point.span, unit), "visits": point.visits}
            | ({} if point.visitors is None else {"visitors": point.visitors})
            for point in progress.points
        ],
        "period": {
            "visits": _figure_document(course.visits),
            "visitors": _figure_document(course.visitors) if tells_readers else None,
            "compared_with": before
            and {"from": before.first.isoformat(), "to": before.last.isoformat()},
            "compared_until": until and until.isoformat(),
        },
        "top": {
            each: [
                {each: value.value, "visits": value.visits} for value in found.values
            ]
            for each, found in progress.breakdowns.items()
        },
    }


def _heading(
    site: Site, total: int, first: date, last: date, by: str
) -> dict[str, Any]:
    return {
        "site": site.url,
        "timezone": site.timezone,
        "visits": total,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "by": by,
    }


def _figure_document(figure: Figure) -> dict[str, int | None]:
    return {"value": figure.value, "over": figure.over, "before": figure.before}


def _name(span: Span, unit: Unit) -> str:
    """A point's beginning, for programs."""
    if unit == "hour":
        return f"{span.start:%Y-%m-%d %H:%M}"
    return span.first.isoformat()


def _now_ms() -> int:
    return time_ns() // 1_000_000
