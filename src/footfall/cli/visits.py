"""`footfall hit` and `verify`: one visit counted, and the proof of all numbers."""

import secrets
from time import time_ns
from typing import Any

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import note, say_cells, table
from footfall.counters.port import Store
from footfall.errors import FootfallError, IndeterminateError, NotANumberError
from footfall.visits.ids import uuid7
from footfall.visits.record import record
from footfall.visits.repair import repair as repair_numbers
from footfall.visits.site import Site
from footfall.visits.sites import load_sites
from footfall.visits.verify import Verification, verify_sites
from footfall.visits.visit import Outcome, Submission, Visit, resolve
from footfall.visits.visitors import destroy_salts


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


def _new_id() -> str:
    return uuid7(_now_ms(), secrets.randbits(74))


def _shown(visits: int | None) -> int | str:
    return "" if visits is None else visits


def _now_ms() -> int:
    return time_ns() // 1_000_000
