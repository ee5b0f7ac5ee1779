"""`footfall sites`: the sites that are counted."""

from typing import Any

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import note, say, table
from footfall.cli.values import whole_number
from footfall.counters.names import check_amount
from footfall.counters.port import Store
from footfall.errors import NotANumberError, SiteNotFoundError
from footfall.visits.report import total
from footfall.visits.shards import compact as compact_shards
from footfall.visits.site import DIMENSIONS, Site, check_timezone, normalize_site_url
from footfall.visits.sites import (
    add_site,
    change_site,
    interrupted_removal,
    load_sites,
    remove_site,
    repair_site,
)


@click.group()
def sites() -> None:
    """Add, list, change, remove, repair and compact the sites that are counted."""


@sites.command()
@click.argument("url")
@click.option(
    "--visits",
    type=whole_number,
    default="0",
    show_default=True,
    metavar="N",
    help="The number it starts with.",
)
@click.option(
    "--timezone",
    default="UTC",
    show_default=True,
    metavar="TZ",
    help="The zone of its days and hours, fixed for ever: Europe/Berlin.",
)
@click.option("--private", is_flag=True, help="Hide its total from the public.")
@click.option(
    "--totals-only",
    is_flag=True,
    help="Count the total, days and hours alone: cheaper on DynamoDB.",
)
@click.option(
    "--without",
    type=click.Choice(DIMENSIONS),
    multiple=True,
    help="Do not break visits down by this; may be given several times.",
)
@store_options
def add(
    url: str,
    visits: int,
    timezone: str,
    private: bool,
    totals_only: bool,
    without: tuple[str, ...],
    **settings: Any,
) -> None:
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
    site = add_site(
        store,
        url,
        visits=visits,
        timezone=timezone,
        private=private,
        dimensions=tuple(
            each for each in DIMENSIONS if not totals_only and each not in without
        ),
    )
    say(f"added {site.url} with {visits} visits, days in {site.timezone}")
    if site.aliases:
        say(f"also counts {', '.join(site.aliases)}")


@sites.command("list")
@store_options
def list_(**settings: Any) -> None:
    """List the sites with their totals.

    \b
    Example:
      footfall sites list --store visits.db
    """
    store = open_store(settings, create=False)
    found = load_sites(store).sites
    if not found:
        note("no site yet; add one with `footfall sites add URL`")
    table(
        ("site", "visits", "timezone", ""),
        [_row(store, site) for site in found],
    )


@sites.command(short_help="Change who sees a site, and what is counted of visits.")
@click.argument("url")
@click.option(
    "--private/--no-private", default=None, help="Hide its total from the public."
)
@click.option(
    "--publish/--no-publish", default=None, help="Open its page to the public."
)
@click.option(
    "--with",
    "added",
    type=click.Choice(DIMENSIONS),
    multiple=True,
    help="Break visits down by this too; may be given several times.",
)
@click.option(
    "--without",
    type=click.Choice(DIMENSIONS),
    multiple=True,
    help="Break visits down by this no longer; may be given several times.",
)
@store_options
def change(
    url: str,
    private: bool | None,
    publish: bool | None,
    added: tuple[str, ...],
    without: tuple[str, ...],
    **settings: Any,
) -> None:
    """Change who sees the site at URL, and what its visits are broken down by.

    What was counted stays.

    \b
    Examples:
      footfall sites change example.com --publish
      footfall sites change example.com --private --without country --without size
    """
    both = sorted({*added} & {*without})
    if both:
        raise click.UsageError(f"--with and --without both name {both[0]}")
    if private is None and publish is None and not added and not without:
        raise click.UsageError(
            "nothing to change; say --private, --publish, --with or --without"
        )
    store = open_store(settings, create=False)
    site = load_sites(store).named(url)
    dimensions = tuple(
        each
        for each in DIMENSIONS
        if each in {*site.dimensions, *added} and each not in without
    )
    changed = change_site(
        store,
        site,
        private=private,
        published=publish,
        dimensions=dimensions if added or without else None,
    )
    remarks = _remarks(changed)
    say(f"changed {changed.url}: {remarks}" if remarks else f"changed {changed.url}")


@sites.command()
@click.argument("url")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_options
def remove(url: str, yes: bool, **settings: Any) -> None:
    """Remove the site at URL, and everything that was counted for it.

    \b
    Example:
      footfall sites remove https://example.com
    """
    store = open_store(settings, create=False)
    site = _named(store, url)
    if not yes:
        click.confirm(f"Remove {site.url} and all that was counted for it?", abort=True)
    remove_site(store, site)
    say(f"removed {site.url}")


@sites.command(short_help="Turn a `visits` that is a string into a number.")
@click.argument("url")
@store_options
def repair(url: str, **settings: Any) -> None:
    """Turn a `visits` that is a string, or missing, into a number.

    A table made by hand may hold "0" in quotes, to which DynamoDB adds nothing.

    \b
    Example:
      footfall sites repair https://example.com/
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


@sites.command(short_help="Fold the shards of a hot site into its own number.")
@click.argument("url", required=False)
@store_options
def compact(url: str | None, **settings: Any) -> None:
    """Fold the shards of the site at URL, or of all sites, into its own number.

    Several servers that count one site on DynamoDB spread its number over shards.
    The total is their sum; whoever reads `visits` of `siteVisits` by hand finds it
    whole after this. It may run while visits are counted.

    \b
    Examples:
      footfall sites compact
      footfall sites compact example.com
    """
    store = open_store(settings, create=False)
    index = load_sites(store)
    for site in index.sites if url is None else [index.named(url)]:
        say(f"folded {compact_shards(store, site.url)} visits into {site.url}")


def _row(store: Store, site: Site) -> tuple[str, int | str, str, str]:
    remarks = [said] if (said := _remarks(site)) else []
    visits: int | str
    try:
        visits = total(store, site)
    except NotANumberError as error:
        visits = "no number"
        remarks.append(error.remedy)
    return site.url, visits, site.timezone, "; ".join(remarks)


def _remarks(site: Site) -> str:
    """Who sees it, and what its visits are not broken down by, in a few words."""
    remarks = ["private"] if site.private else []
    if site.published:
        remarks.append("public page")
    missing = [each for each in DIMENSIONS if each not in site.dimensions]
    if len(missing) == len(DIMENSIONS):
        remarks.append("totals only")
    elif missing:
        remarks.append(f"without {', '.join(missing)}")
    return "; ".join(remarks)


def _named(store: Store, url: str) -> Site:
    """The site to remove; also one whose removal stopped half-way."""
    try:
        return load_sites(store).named(url)
    except SiteNotFoundError:
        # A table made by hand has its key as somebody wrote it.
        site = interrupted_removal(store, url) or interrupted_removal(
            store, normalize_site_url(url)
        )
        if site is None:
            raise
        return site
