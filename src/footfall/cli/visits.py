"""`footfall hit`, `stats` and `verify`: one visit counted, the numbers, their proof."""

import json
import secrets
from datetime import date, timedelta
from time import time_ns
from typing import Any

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import bars, is_drawn, note, say, say_cells, table
from footfall.cli.values import day
from footfall.counters.port import Store
from footfall.errors import FootfallError, IndeterminateError, NotANumberError
from footfall.visits.dimensions import ROBOT
from footfall.visits.ids import uuid7
from footfall.visits.record import record
from footfall.visits.repair import repair as repair_numbers
from footfall.visits.report import (
    FIRST_DAY,
    DayTotal,
    ValueTotal,
    daily,
    hourly,
    today,
    top,
    total,
)
from footfall.visits.site import DIMENSIONS, Site
from footfall.visits.sites import load_sites
from footfall.visits.verify import Verification, verify_sites
from footfall.visits.visit import Outcome, Submission, Visit, resolve
from footfall.visits.visitors import destroy_salts

DAYS_SHOWN = 30
HOURS_DAYS_SHOWN = 1  # 24 lines
PAGES_SHOWN = 10
VALUES_MAX = 1_000  # of one breakdown
BREAKDOWNS = tuple(each for each in (*DIMENSIONS, ROBOT) if each != "visitor")


@click.command()
@click.argument("url")
@click.option(
    "--id", metavar="ID", help="What makes it count once; a new one unless told."
)
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
    submission = Submission(_new_id() if id is None else id, url)
    sites = load_sites(store)
    visit = resolve(submission, sites, _now_ms(), store.window_seconds)
    outcome = visit if isinstance(visit, Outcome) else _count(store, visit)
    table(
        ("outcome", "site", "visits", "id"),
        [(outcome.outcome, outcome.site, _shown(outcome.visits), submission.id)],
    )


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
    type=click.Choice(["day", "hour", *BREAKDOWNS]),
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
    end = last or today(site, _now_ms())
    shown = HOURS_DAYS_SHOWN if by == "hour" else DAYS_SHOWN
    begin = first or max(end - timedelta(days=shown - 1), FIRST_DAY)
    days = daily(store, site, begin, end)
    values = _values(store, site, by, days)
    visits = total(store, site)
    if as_json:
        document = {
            "site": site.url,
            "timezone": site.timezone,
            "visits": visits,
            "from": begin.isoformat(),
            "to": end.isoformat(),
            "by": by,
            "values": (
                [_day_document(each) for each in days]
                if by == "day"
                else [_value_document(by, each) for each in values]
            ),
        }
        click.echo(json.dumps(document, indent=2))
        return
    seen = is_drawn()
    if seen:
        counted = sum(each.visits for each in days)
        say(f"{site.url}: {_in_words(visits)} in all")
        say(f"{begin} to {end}, {site.timezone}: {_in_words(counted)}")
        say("")
    _draw(values)
    if seen and by == "day":
        _say_more(store, site, days)


@click.command(short_help="Check that every number agrees.")
@click.argument("url", required=False)
@click.option("--repair", is_flag=True, help="Mend what can be derived.")
@store_options
def verify(url: str | None, repair: bool, **settings: Any) -> int:
    """Check that every number agrees: of the site at URL, or of all sites.

    The total is the baseline and the sum of the days; a day is the sum of its hours
    and of its pages; within the window visits, events, robots and visitors have as
    many receipts. The exit status is 1 if any of it differs. It may run while visits
    are counted.

    \b
    Examples:
      footfall verify
      footfall verify example.com --repair
    """
    store = open_store(settings, create=False)
    sites = load_sites(store)
    chosen = sites.sites if url is None else (sites.named(url),)
    if not chosen:
        note("no site yet, so nothing to verify")
    if repair:
        for site in chosen:
            _repair(store, site)
    verified = verify_sites(store, chosen, _now_ms())
    agreed = [
        _say_verified(site, each) for site, each in zip(chosen, verified, strict=True)
    ]
    return 0 if all(agreed) else 1


def _count(store: Store, visit: Visit) -> Outcome:
    """The visit's outcome; who cannot know it learns the id to ask again with."""
    destroy_salts(store, _now_ms())
    try:
        (result,) = record(store, [visit])
    except KeyboardInterrupt:
        raise IndeterminateError("hit", "interrupted", visit.id) from None
    if isinstance(result, IndeterminateError):
        raise IndeterminateError(result.operation, result.cause, visit.id)
    if isinstance(result, FootfallError):
        raise result
    return result


def _repair(store: Store, site: Site) -> None:
    try:
        for done in repair_numbers(store, site, _now_ms()):
            say_cells(["repaired", site.url, done])
    except NotANumberError:
        return  # verifying says so, and what mends it


def _say_verified(site: Site, verified: Verification | FootfallError) -> bool:
    """Say what was found of a site; whether all of it agrees."""
    if isinstance(verified, NotANumberError):
        # Of this site; the others have their turn.
        say_cells(["differs", site.url, verified])
        return False
    if isinstance(verified, FootfallError):
        raise verified
    for difference in verified.differences:
        say_cells(["differs", site.url, difference])
    if not verified.differences:
        summary = (
            f"{verified.total} visits = {verified.baseline} before"
            f" + {verified.days} in days; {verified.receipts} receipts"
        )
        say_cells(["agrees", site.url, summary])
    return not verified.differences


def _day_document(day: DayTotal) -> dict[str, object]:
    return {
        "day": day.date.isoformat(),
        "visits": day.visits,
        "visitors": day.visitors,
    }


def _value_document(by: str, value: ValueTotal) -> dict[str, object]:
    folded = {"folded": True} if value.folded else {}
    return {by: value.value, "visits": value.visits, **folded}


def _draw(values: list[ValueTotal]) -> None:
    bars([(each.value, each.visits) for each in values])
    for each in values:
        if each.folded:
            note(
                f"{each.value}: {_in_words(each.visits)} of values that had no room of"
                " their own"
            )


def _say_more(store: Store, site: Site, days: list[DayTotal]) -> None:
    """What a person wants to know beside a plot of days."""
    visitors = sum(each.visitors for each in days)
    if visitors:
        say(f"{visitors:,} visitors, each counted once a day")
    robots = sum(each.visits for each in _values(store, site, ROBOT, days))
    if robots:
        say(f"{robots:,} robots' views, counted apart; see --by {ROBOT}")
    if any(each.visits for each in days):
        say("")
        say("Top pages")
        _draw(_values(store, site, "page", days, limit=PAGES_SHOWN))


def _values(
    store: Store, site: Site, by: str, days: list[DayTotal], limit: int = VALUES_MAX
) -> list[ValueTotal]:
    first, last = days[0].date, days[-1].date
    match by:
        case "day":
            return [ValueTotal(day.date.isoformat(), day.visits) for day in days]
        case "hour":
            return [
                ValueTotal(f"{hour.start:%Y-%m-%d %H:%M}", hour.visits)
                for day in days
                for hour in hourly(store, site, day.date)
            ]
        case _:
            return top(store, site, by, first, last, limit=limit)


def _new_id() -> str:
    return uuid7(_now_ms(), secrets.randbits(74))


def _shown(visits: int | None) -> int | str:
    return "" if visits is None else visits


def _in_words(visits: int) -> str:
    return "1 visit" if visits == 1 else f"{visits:,} visits"


def _now_ms() -> int:
    return time_ns() // 1_000_000
