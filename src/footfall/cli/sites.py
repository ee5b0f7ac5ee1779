"""`footfall sites`: the sites that are counted."""

from typing import Any

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import say, table
from footfall.counters.names import check_amount
from footfall.counters.port import Store
from footfall.errors import NotANumberError, SiteNotFoundError
from footfall.visits.report import total
from footfall.visits.site import Site, check_timezone, normalize_site_url
from footfall.visits.sites import (
    add_site,
    interrupted_removal,
    load_sites,
    remove_site,
    repair_site,
)


@click.group()
def sites() -> None:
    """Add, list, remove and repair the sites that are counted."""


@sites.command()
@click.argument("url")
@click.option("--visits", type=int, default=0, help="The number it starts with.")
@click.option(
    "--timezone",
    default="UTC",
    show_default=True,
    help="The zone of its days and hours, fixed for ever: Europe/Berlin.",
)
@click.option("--private", is_flag=True, help="Hide its total from the public.")
@store_options
def add(url: str, visits: int, timezone: str, private: bool, **settings: Any) -> None:
    """Add the site at URL; its pages count from now on.

    \b
    Examples:
      footfall sites add https://example.com
      footfall sites add https://example.com/blog --visits 1200 --timezone Europe/Berlin
    """
    # Before a file is made for nothing
    normalize_site_url(url)
    check_timezone(timezone)
    check_amount(visits, "visits")
    store = open_store(settings, create=True)
    site = add_site(store, url, visits=visits, timezone=timezone, private=private)
    say(f"added {site.url} with {visits} visits, days in {site.timezone}")
    if site.aliases:
        say(f"also counts {', '.join(site.aliases)}")


@sites.command("list")
@store_options
def list_(**settings: Any) -> None:
    """List the sites with their totals."""
    store = open_store(settings, create=False)
    table(
        ("site", "visits", "timezone", ""),
        [
            (site.url, _number(store, site), site.timezone, _remark(site))
            for site in load_sites(store).sites
        ],
    )


@sites.command()
@click.argument("url")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_options
def remove(url: str, yes: bool, **settings: Any) -> None:
    """Remove the site at URL, and everything that was counted for it."""
    store = open_store(settings, create=False)
    site = _named(store, url)
    if not yes:
        click.confirm(f"Remove {site.url} and all that was counted for it?", abort=True)
    remove_site(store, site)
    say(f"removed {site.url}")


@sites.command()
@click.argument("url")
@store_options
def repair(url: str, **settings: Any) -> None:
    """Turn a `visits` that is a string, or missing, into a number.

    A table made by hand may hold "0" in quotes, to which DynamoDB adds nothing.
    """
    store = open_store(settings, create=False)
    repaired = repair_site(store, load_sites(store).named(url))
    if repaired.changed:
        say(
            f"visits of {repaired.site} was {repaired.before} and is the number"
            f" {repaired.after} now"
        )
    else:
        say(f"visits of {repaired.site} is the number {repaired.after}; left as it is")


def _named(store: Store, url: str) -> Site:
    """The site to remove; also one whose removal stopped half-way."""
    try:
        return load_sites(store).named(url)
    except SiteNotFoundError:
        site = interrupted_removal(store, normalize_site_url(url))
        if site is None:
            raise
        return site


def _number(store: Store, site: Site) -> int | str:
    try:
        return total(store, site)
    except NotANumberError:
        return "no number"


def _remark(site: Site) -> str:
    return "private" if site.private else ""
