"""`footfall sites`: the sites that are counted."""

from collections.abc import Callable
from time import time_ns
from typing import Any, TypeVar

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import note, say, table
from footfall.cli.values import whole_number
from footfall.counters.port import Store
from footfall.errors import NotANumberError
from footfall.visits.baseline import read_kept_from
from footfall.visits.report import total
from footfall.visits.retention import take_away
from footfall.visits.shards import compact as compact_shards
from footfall.visits.site import (
    DIMENSIONS,
    Site,
    check_origins,
    check_rate_limit,
    check_retention_days,
    check_timezone,
    normalize_site_url,
)
from footfall.visits.sites import (
    add_site,
    change_site,
    check_start,
    load_sites,
    remove_site,
    repair_site,
    site_to_remove,
)

F = TypeVar("F", bound=Callable[..., None])


@click.group()
def sites() -> None:
    """Add, list, change, remove, repair, compact and trim what is counted."""


def limit_options(command: F) -> F:
    """What a site may be sent, by whom, and for how long its days are kept."""
    for option in reversed(
        (
            click.option(
                "--origin",
                "origins",
                multiple=True,
                metavar="ORIGIN",
                help="Take visits from pages of this origin alone; may be given several"
                " times.",
            ),
            click.option(
                "--rate-limit",
                type=whole_number,
                metavar="N",
                help="Visits a second that the site is sent at most; 0 is no limit.",
            ),
            click.option(
                "--retention",
                "retention_days",
                type=whole_number,
                metavar="DAYS",
                help="For how many days past days are kept; 0 is for ever.",
            ),
        )
    ):
        command = option(command)
    return command


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
@limit_options
@store_options
def add(
    url: str,
    visits: int,
    timezone: str,
    private: bool,
    totals_only: bool,
    without: tuple[str, ...],
    origins: tuple[str, ...],
    rate_limit: int | None,
    retention_days: int | None,
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
    check_start(visits)
    check_origins(origins)
    check_rate_limit(rate_limit or 0)
    check_retention_days(retention_days or 0)
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
        origins=origins,
        rate_limit=rate_limit or 0,
        retention_days=retention_days or 0,
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
@limit_options
@click.option(
    "--any-origin", is_flag=True, help="Take visits from pages of any origin."
)
@store_options
def change(
    url: str,
    private: bool | None,
    publish: bool | None,
    added: tuple[str, ...],
    without: tuple[str, ...],
    origins: tuple[str, ...],
    any_origin: bool,
    rate_limit: int | None,
    retention_days: int | None,
    **settings: Any,
) -> None:
    """Change who sees the site at URL, what is counted of visits, and from whom.

    What is not given stays, and so does what was counted; --origin replaces all
    origins that were given before.

    \b
    Examples:
      footfall sites change example.com --publish
      footfall sites change example.com --private --without country --without size
      footfall sites change example.com --origin https://example.com --rate-limit 50
    """
    both = sorted({*added} & {*without})
    if both:
        raise click.UsageError(f"--with and --without both name {both[0]}")
    if origins and any_origin:
        raise click.UsageError("--origin and --any-origin exclude one another")
    asked = (private, publish, rate_limit, retention_days)
    if not (added or without or origins or any_origin) and asked == (None,) * 4:
        raise click.UsageError(
            "nothing to change; say --private, --publish, --with, --without, --origin,"
            " --any-origin, --rate-limit or --retention"
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
        origins=origins if origins or any_origin else None,
        rate_limit=rate_limit,
        retention_days=retention_days,
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
    site = site_to_remove(store, url)
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


@sites.command(short_help="Take away the days that are not kept any more.")
@click.argument("url", required=False)
@store_options
def trim(url: str | None, **settings: Any) -> None:
    """Take away the days that the site at URL, or each site, keeps no longer.

    Its number stays. `footfall serve` does so by itself, every hour; this is for a store
    that no server serves, as of a function on AWS Lambda.

    \b
    Example:
      footfall sites trim --store dynamodb:
    """
    store = open_store(settings, create=False)
    index = load_sites(store)
    for site in index.sites if url is None else [index.named(url)]:
        if not site.retention_days:
            continue
        taken = take_away(store, site, time_ns() // 1_000_000)
        visits = taken.visits
        while not taken.is_done:
            taken = take_away(store, site, time_ns() // 1_000_000)
            visits += taken.visits
        kept = read_kept_from(store, site.url)
        since = f", which keeps days from {kept} on" if kept else ""
        say(f"took {visits} visits from the days of {site.url}{since}")


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
    """What is not as by default, in a few words."""
    remarks = ["private"] if site.private else []
    if site.published:
        remarks.append("public page")
    missing = [each for each in DIMENSIONS if each not in site.dimensions]
    if len(missing) == len(DIMENSIONS):
        remarks.append("totals only")
    elif missing:
        remarks.append(f"without {', '.join(missing)}")
    if site.origins:
        remarks.append(f"from {', '.join(site.origins)} alone")
    if site.rate_limit:
        remarks.append(f"at most {site.rate_limit} visits a second")
    if site.retention_days:
        remarks.append(f"days kept for {site.retention_days} days")
    return "; ".join(remarks)
