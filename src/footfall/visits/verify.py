"""Whether the numbers agree (G4), while visits go on arriving.

    visits = baseline + the sum of the days             always
    a day  = the sum of its hours and what is unhoured
           = the sum of its pages and what is unpaged
    a day >= the sum of any other breakdown of its views
    the receipts of an hour = the hour's number         within the window
    the receipts of a page <= the page's number         within the window
    the receipts of a day's events, robots = theirs     within the window
    the markers of a day's readers = its visitors       a window longer than the day

What an import counted left no receipts, and is left out of the last ones, but for the
pages': there it is why a page may have fewer.
`visits.comparison` reads it so that no visit that arrives meanwhile makes a difference.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.visits.comparison import (
    OF_VIEWS,
    Comparison,
    Days,
    LackingPages,
    compare_sites,
)
from footfall.visits.dimensions import TOTAL_PREFIX
from footfall.visits.receipts import APART
from footfall.visits.site import Site


@dataclass(frozen=True, slots=True)
class Verification:
    """What was read of a site, and every difference found.

    Attributes:
        site: The site's address.
        total: Its number.
        baseline: The number it had before its days were counted.
        days: The sum of its days.
        receipts: Receipts within the window, in the hours that lie wholly in it.
        differences: One sentence for each; none when all agrees.
    """

    site: str
    total: int
    baseline: int
    days: int
    receipts: int
    differences: tuple[str, ...]


def verify(store: Store, site: Site, now_ms: int) -> Verification:
    """Read everything that was counted for a site, and compare.

    A site that was never seen with a number gets its baseline first.

    Raises:
        SiteNotFoundError: The site is gone.
        NotANumberError: Its number is not one.
        UnavailableError: The store is away.
    """
    (verified,) = verify_sites(store, [site], now_ms)
    if isinstance(verified, FootfallError):
        raise verified
    return verified


def verify_sites(
    store: Store, sites: Sequence[Site], now_ms: int
) -> Iterator[Verification | FootfallError]:
    """Verify several sites; of each, in order, what was found or the error met."""
    for each in compare_sites(store, sites, now_ms):
        yield each if isinstance(each, FootfallError) else _verification(each)


def _verification(compared: Comparison) -> Verification:
    return Verification(
        compared.site.url,
        sum(shard.counts for shard in compared.shards),
        sum(shard.baseline for shard in compared.shards),
        sum(shard.days for shard in compared.shards),
        compared.receipts.views.total(),
        (
            *_differences_in_shards(compared),
            *_differences_in_hours(compared.after),
            *_differences_in_pages(compared),
            *_differences_in_breakdowns(compared),
            *_differences_in_receipts(compared),
            *_differences_in_visitors(compared),
        ),
    )


def _differences_in_shards(compared: Comparison) -> list[str]:
    differences = []
    for shard in compared.shards:
        if not shard.difference:
            continue
        if shard.shard:
            differences.append(
                f"shard {shard.shard} counts {shard.counts}, but its days {shard.days}"
            )
        else:
            differences.append(
                f"visits is {shard.counts}, but the baseline {shard.baseline} and the"
                f" days {shard.days} make {shard.baseline + shard.days}"
            )
    before, folded, after = compared.folded
    if not before <= folded <= after:
        differences.append(
            f"{after} visits were folded into the site's number, but {folded} from"
            f" its shards"
        )
    return differences


def _differences_in_hours(days: Days) -> list[str]:
    return [
        f"{bucket.removeprefix(TOTAL_PREFIX)} counts {day}, but its hours {hours}"
        for bucket, (day, hours) in sorted(days.unequal.items())
    ]


def _differences_in_pages(compared: Comparison) -> list[str]:
    return [
        f"{day} counts {compared.after.paged[day]}, but its pages"
        f" {compared.values['page'][day]}"
        for day in compared.wrong_pages()
    ] + [_lacking(pages) for pages in compared.lacking]


def _lacking(lacking: LackingPages) -> str:
    if not lacking.pages:
        return f"{lacking.day} has {lacking.receipts} receipts of a page without visits"
    return (
        f"{lacking.day} counts {lacking.counts} of {' and '.join(lacking.pages)},"
        f" but has {lacking.receipts} receipts"
    )


def _differences_in_breakdowns(compared: Comparison) -> list[str]:
    return [
        f"{day} counts {compared.after.days[day]}, but by {dimension}"
        f" {compared.values[dimension][day]}"
        for dimension in OF_VIEWS
        for day in compared.wrong_values(dimension)
    ]


def _differences_in_receipts(compared: Comparison) -> list[str]:
    return [
        f"{day} hour {hour} counts {compared.after.hours[day, hour]}, but has"
        f" {compared.receipts.views[day, hour]} receipts"
        for day, hour in compared.wrong_hours()
    ] + [
        f"{day} counts {compared.after.apart[kind][day]} by {kind}, but has"
        f" {compared.receipts.apart[kind][day]} receipts of them"
        for kind in APART
        for day in compared.wrong_apart(kind)
    ]


def _differences_in_visitors(compared: Comparison) -> list[str]:
    return [
        f"{day} counts {compared.after.visitors[day]} visitors, but has"
        f" {compared.receipts.markers[day]} markers of them"
        for day in compared.wrong_visitors()
    ]
