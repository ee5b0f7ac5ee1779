"""`footfall hit`, `stats` and `verify`: one visit counted, the numbers, their proof."""

import json
import secrets
import sys
from datetime import datetime, timedelta
from time import time_ns
from typing import Any

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import bars, say, say_cells
from footfall.counters.port import Store
from footfall.errors import FootfallError, IndeterminateError
from footfall.visits.ids import uuid7
from footfall.visits.record import record
from footfall.visits.report import DayTotal, daily, hourly, pages, today, total
from footfall.visits.site import Site
from footfall.visits.sites import load_sites
from footfall.visits.verify import repair as repair_numbers
from footfall.visits.verify import verify as verify_numbers
from footfall.visits.visit import Outcome, Submission, resolve

DAYS_SHOWN = 30
HOURS_DAYS_SHOWN = 1  # 24 lines
PAGES_SHOWN = 10
_DATE = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("url")
@click.option("--id", help="What makes it count once; a new one unless told.")
@store_options
def hit(url: str, id: str | None, **settings: Any) -> None:
    """Count one visit to the page at URL.

    The same id again says duplicate, so a hit whose end you did not see can be
    repeated with its id.

    \b
    Examples:
      footfall hit https://example.com/about
      footfall hit https://example.com/about --id 2026-11-24-import-7
    """
    store = open_store(settings, create=False)
    submission = Submission(id or uuid7(_now_ms(), secrets.randbits(74)), url)
    sites = load_sites(store)
    visit = resolve(submission, sites, _now_ms(), store.window_seconds)
    if isinstance(visit, Outcome):
        raise AssertionError("a visit of now is never filtered")
    (result,) = record(store, [visit])
    if isinstance(result, IndeterminateError):
        raise IndeterminateError(result.operation, result.cause, submission.id)
    if isinstance(result, FootfallError):
        raise result
    say_cells([result.outcome, result.site, result.visits, submission.id])


@click.command(short_help="Show the numbers of the site at URL.")
@click.argument("url")
@click.option("--from", "first", type=_DATE, help="The first day: 2026-11-01.")
@click.option("--to", "last", type=_DATE, help="The last day. [default: today]")
@click.option(
    "--by",
    type=click.Choice(["day", "hour", "page"]),
    default="day",
    show_default=True,
    help="What the numbers are of.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@store_options
def stats(
    url: str,
    first: datetime | None,
    last: datetime | None,
    by: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Show the numbers of the site at URL.

    The last 30 days unless told, and of hours the last day's. On a terminal as a
    plot; in a pipe a line each, a tab between name and number.

    \b
    Examples:
      footfall stats example.com
      footfall stats example.com --by page --from 2026-11-01 --to 2026-11-30
      footfall stats example.com --by hour --from 2026-11-24 --json
    """
    store = open_store(settings, create=False)
    site = load_sites(store).named(url)
    end = last.date() if last else today(site, _now_ms())
    shown = HOURS_DAYS_SHOWN if by == "hour" else DAYS_SHOWN
    begin = first.date() if first else end - timedelta(days=shown - 1)
    days = daily(store, site, begin, end)
    rows = _rows(store, site, by, days)
    visits = total(store, site)
    if as_json:
        document = {
            "site": site.url,
            "timezone": site.timezone,
            "visits": visits,
            "from": begin.isoformat(),
            "to": end.isoformat(),
            "by": by,
            "values": [{by: label, "visits": number} for label, number in rows],
        }
        click.echo(json.dumps(document, indent=2))
        return
    seen = sys.stdout.isatty()
    if seen:
        counted = sum(day.visits for day in days)
        say(f"{site.url}  {visits:,} visits in all")
        say(f"{begin} to {end} ({site.timezone}): {counted:,}")
    bars(rows)
    if seen and by == "day":
        say("")
        bars(_rows(store, site, "page", days)[:PAGES_SHOWN])


@click.command(short_help="Check that every number agrees.")
@click.argument("url", required=False)
@click.option("--repair", is_flag=True, help="Mend what can be derived.")
@store_options
def verify(url: str | None, repair: bool, **settings: Any) -> int:
    """Check that every number agrees: of the site at URL, or of all sites.

    The total is the baseline and the sum of the days; a day is the sum of its hours
    and of its pages; an hour within the window has as many receipts. The exit status
    is 1 if any of it differs. It may run while visits are counted.
    """
    store = open_store(settings, create=False)
    sites = load_sites(store)
    different = 0
    for site in (sites.named(url),) if url else sites.sites:
        if repair:
            for done in repair_numbers(store, site, _now_ms()):
                say_cells(["repaired", site.url, done])
        checked = verify_numbers(store, site, _now_ms())
        for difference in checked.differences:
            say_cells(["differs", site.url, difference])
        if not checked.differences:
            summary = (
                f"{checked.total} visits = {checked.baseline} before"
                f" + {checked.days} in days; {checked.receipts} receipts"
            )
            say_cells(["agrees", site.url, summary])
        different += bool(checked.differences)
    return 1 if different else 0


def _rows(
    store: Store, site: Site, by: str, days: list[DayTotal]
) -> list[tuple[str, int]]:
    first, last = days[0].date, days[-1].date
    match by:
        case "page":
            ranked = pages(store, site, first, last, limit=1000)
            return [(page.page, page.visits) for page in ranked]
        case "hour":
            return [
                (f"{hour.start:%Y-%m-%d %H:%M}", hour.visits)
                for day in days
                for hour in hourly(store, site, day.date)
            ]
        case _:
            return [(day.date.isoformat(), day.visits) for day in days]


def _now_ms() -> int:
    return time_ns() // 1_000_000
