"""Whether the numbers agree (G4), while visits go on arriving.

    visits = baseline + the sum of the days             always
    a day  = the sum of its hours and what is unhoured
           = the sum of its pages and what is unpaged
    the receipts of an hour = the hour's number without what was imported
                                                        within the window

No visit may move a number between two reads that are compared. Each shard is moved by
its own transactions, so each is compared by itself: its item and the days that visits
can still reach are read in one TransactGetItems; older days no longer move and are
read before, and again if an import moved them meanwhile. What cannot be read at one moment only grows: the days are read before and
after the receipts and the pages are counted, and what was counted must lie between.

Memory holds a number for each day, and one for each hour of the window; receipts and
pages stream by. The receipts are scanned once for all sites.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from footfall.counters.bulk import query, scan
from footfall.counters.port import (
    Item,
    Store,
    retry_conflicts,
    store_errors,
    translate_read,
)
from footfall.counters.tables import (
    BASELINE,
    BUCKET,
    COUNTED_AT,
    FOLDED,
    RECEIPT,
    SITE_URL,
    VISITS,
    Request,
)
from footfall.errors import FootfallError, SiteNotFoundError, UnavailableError
from footfall.visits.baseline import (
    baseline_key,
    ensure_baseline,
    read_imported,
    visits_in,
)
from footfall.visits.dimensions import (
    DAY,
    HOUR_NAMES,
    IMPORTED_PREFIX,
    PAGE,
    TOTAL_PREFIX,
    UNHOURED,
    UNPAGED,
    bucket_prefix,
    day_of,
    local_hour,
    quarter_of,
    shard_of,
    suffix,
)
from footfall.visits.report import today, values_in
from footfall.visits.shards import read_folded, read_shards
from footfall.visits.site import Site
from footfall.visits.transaction import receipt_key, total_address

_HOUR_MS = 3_600_000
_COMPARED_TRIES_MAX = 20  # an import counted while old days were read so often

Hour = tuple[str, str]  # the day and the hour: ("2026-11-24", "13")


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


@dataclass(slots=True)
class Days:
    """The days of a site as they were read, the shards' together.

    Attributes:
        days: The number of each day.
        paged: What each day's pages must make: its number without what was counted
            while the site was not broken down by page.
        hours: The numbers of the hours that lie wholly within the window, without
            what was imported, which left no receipts.
        older: For each shard, the sum of the days that no visit can reach any more.
        unequal: The buckets whose day is not the sum of its hours, with both.
    """

    days: Tally[str] = field(default_factory=Tally)
    paged: Tally[str] = field(default_factory=Tally)
    hours: Tally[Hour] = field(default_factory=Tally)
    older: Tally[int] = field(default_factory=Tally)
    unequal: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShardSum:
    """A shard at one moment: what it counts, and the sum of its days.

    Shard 0 counts the site's own number less what was folded into it; the others what
    they hold and what was folded from them.
    """

    shard: int
    counts: int
    baseline: int
    days: int

    @property
    def difference(self) -> int:
        """What it counts too much."""
        return self.counts - self.baseline - self.days


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that was read of a site, ready to be compared."""

    site: Site
    before: Days
    receipts: Tally[Hour]
    pages: Tally[str]
    after: Days
    shards: list[ShardSum]
    folded: tuple[int, int, int]  # noted before, the sum of the shards', noted after

    def moved_day(self, day: str) -> bool:
        """Whether a day's number moved while it was looked at."""
        return self.before.days[day] != self.after.days[day]

    def moved_hour(self, hour: Hour) -> bool:
        """Whether an hour's number moved while it was looked at."""
        return self.before.hours[hour] != self.after.hours[hour]

    def wrong_pages(self) -> list[str]:
        """The days whose pages make another number."""
        return [
            day
            for day in sorted({*self.after.paged, *self.pages})
            if not self.before.paged[day] <= self.pages[day] <= self.after.paged[day]
        ]

    def wrong_hours(self) -> list[Hour]:
        """The hours within the window that have another number of receipts."""
        return [
            hour
            for hour in sorted({*self.after.hours, *self.receipts})
            if not self.before.hours[hour]
            <= self.receipts[hour]
            <= self.after.hours[hour]
        ]


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
) -> list[Verification | FootfallError]:
    """Verify several sites; for each, in order, what was found or the error met."""
    return [
        each if isinstance(each, FootfallError) else _verification(each)
        for each in compare_sites(store, sites, now_ms)
    ]


def compare_sites(
    store: Store, sites: Sequence[Site], now_ms: int
) -> list[Comparison | FootfallError]:
    """Read what `verify_sites` compares; errors as `verify`, in their site's place."""
    before: dict[str, Days | FootfallError] = {}
    for site in sites:
        try:
            ensure_baseline(store, site.url)
            before[site.url] = _read_days(store, site, now_ms)
        except FootfallError as error:
            before[site.url] = error
    receipts = _count_receipts(store, sites, now_ms)
    compared: list[Comparison | FootfallError] = []
    for site in sites:
        read = before[site.url]
        if not isinstance(read, FootfallError):
            try:
                compared.append(_compare(store, site, read, receipts[site.url], now_ms))
                continue
            except FootfallError as error:
                read = error
        compared.append(read)
    return compared


def _compare(
    store: Store, site: Site, before: Days, receipts: Tally[Hour], now_ms: int
) -> Comparison:
    for _ in range(_COMPARED_TRIES_MAX):
        imported = read_imported(store, site.url)
        compared = _compare_once(store, site, before, receipts, now_ms)
        if read_imported(store, site.url) == imported:
            return compared
    raise UnavailableError("verify", "an import is counting")


def _compare_once(
    store: Store, site: Site, before: Days, receipts: Tally[Hour], now_ms: int
) -> Comparison:
    pages = _count_pages(store, site)
    after = _read_days(store, site, now_ms)
    folded_before = read_folded(store, site.url)
    shards = read_shards(store, site.url)
    folded = (
        folded_before,
        sum(shard.folded for shard in shards),
        read_folded(store, site.url),
    )
    numbers = [0, *(shard.number for shard in shards)]
    sums = [
        _sum_shard(store, site, number, after.older[number], now_ms)
        for number in numbers
    ]
    return Comparison(site, before, receipts, pages, after, sums, folded)


def _verification(compared: Comparison) -> Verification:
    return Verification(
        compared.site.url,
        sum(shard.counts for shard in compared.shards),
        sum(shard.baseline for shard in compared.shards),
        sum(shard.days for shard in compared.shards),
        compared.receipts.total(),
        (
            *_differences_in_shards(compared),
            *_differences_in_hours(compared.after),
            *_differences_in_pages(compared),
            *_differences_in_receipts(compared),
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
        f"{day} counts {compared.after.paged[day]}, but its pages {compared.pages[day]}"
        for day in compared.wrong_pages()
    ]


def _differences_in_receipts(compared: Comparison) -> list[str]:
    return [
        f"{day} hour {hour} counts {compared.after.hours[day, hour]}, but has"
        f" {compared.receipts[day, hour]} receipts"
        for day, hour in compared.wrong_hours()
    ]


# Reading


def _read_days(store: Store, site: Site, now_ms: int) -> Days:
    recent = {day.isoformat() for day in recent_days(store, site, now_ms)}
    in_window = hours_in_window(store, site, now_ms)
    read = Days()
    for item in _query(store, site, TOTAL_PREFIX):
        bucket = item[BUCKET]["S"]
        day, number = day_of(bucket), number_in(item, DAY)
        read.days[day] += number
        read.paged[day] += number - number_in(item, UNPAGED)
        if day not in recent:
            read.older[shard_of(bucket)] += number
        hours = {hour: number_in(item, hour) for hour in HOUR_NAMES}
        told = sum(hours.values()) + number_in(item, UNHOURED)
        if told != number:
            read.unequal[bucket] = (number, told)
        for hour, visits in hours.items():
            if visits and (day, hour) in in_window:
                imported = number_in(item, IMPORTED_PREFIX + hour)
                read.hours[day, hour] += visits - imported
    return read


def _sum_shard(
    store: Store, site: Site, shard: int, older: int, now_ms: int
) -> ShardSum:
    """A shard's item and its days as they stood at one moment."""
    addresses = [
        total_address(store.tables, site.url, shard),
        {"TableName": store.tables.settings, "Key": baseline_key(site.url)},
    ]
    addresses += [
        {
            "TableName": store.tables.visit_rollups,
            "Key": {
                SITE_URL: {"S": site.url},
                BUCKET: {"S": f"{TOTAL_PREFIX}{day.isoformat()}{suffix(shard)}"},
            },
        }
        for day in recent_days(store, site, now_ms)
    ]
    if shard:
        del addresses[1]
        counted, *days = read_at_once(store, addresses)
        counts, baseline = number_in(counted, VISITS) + number_in(counted, FOLDED), 0
    else:
        counted, begun, *days = read_at_once(store, addresses)
        if not counted or not begun:
            raise SiteNotFoundError(site.url)
        counts = visits_in(store, counted) - number_in(begun, FOLDED)
        baseline = number_in(begun, BASELINE)
    return ShardSum(
        shard, counts, baseline, older + sum(number_in(day, DAY) for day in days)
    )


def recent_days(store: Store, site: Site, now_ms: int) -> list[date]:
    """The days that a visit can still reach, and one more at each end for the clocks."""
    first = today(site, now_ms - store.window_seconds * 1000) - timedelta(days=1)
    last = today(site, now_ms) + timedelta(days=1)
    return [first + timedelta(days=day) for day in range((last - first).days + 1)]


def read_at_once(store: Store, addresses: list[Request]) -> list[Item]:
    """Up to 100 items as they stood at one moment; {} for each that is not there.

    Raises:
        UnavailableError: The store is away.
    """
    gets = [{"Get": address} for address in addresses]
    try:
        answer = retry_conflicts(
            store.client,
            lambda: store.client.transact_get_items(TransactItems=gets),
        )
    except store_errors(store.client) as error:
        table = store.tables.site_visits
        raise translate_read(error, "TransactGetItems", table) from error
    return [response.get("Item", {}) for response in answer["Responses"]]


def number_in(item: Item, attribute: str) -> int:
    """An attribute's number; 0 where the item has none."""
    return int(item.get(attribute, {}).get("N", "0"))


def _query(store: Store, site: Site, prefix: str) -> Iterable[Item]:
    """Every item of a dimension, the oldest day first."""
    return query(
        store.client,
        {
            "TableName": store.tables.visit_rollups,
            "KeyConditionExpression": "#site = :site AND begins_with(#bucket, :prefix)",
            "ExpressionAttributeNames": {"#site": SITE_URL, "#bucket": BUCKET},
            "ExpressionAttributeValues": {
                ":site": {"S": site.url},
                ":prefix": {"S": prefix},
            },
            "ConsistentRead": True,
        },
    )


def _count_pages(store: Store, site: Site) -> Tally[str]:
    """Day -> the sum of its pages."""
    counted: Tally[str] = Tally()
    for item in _query(store, site, bucket_prefix(PAGE)):
        counted[day_of(item[BUCKET]["S"])] += sum(
            visits for _, visits in values_in(item)
        )
    return counted


def hours_in_window(store: Store, site: Site, now_ms: int) -> set[Hour]:
    """The hours that lie wholly within the window, up to the next one.

    Every receipt of theirs is there still: a receipt outlives its window.
    """
    start = now_ms - store.window_seconds * 1000 + _HOUR_MS
    quarters = range(quarter_of(start), quarter_of(now_ms + _HOUR_MS) + 1)
    return {local_hour(site.timezone, quarter) for quarter in quarters}


def _count_receipts(
    store: Store, sites: Sequence[Site], now_ms: int
) -> dict[str, Tally[Hour]]:
    """For each site its receipts, by hour, in the hours within the window."""
    zones = {site.url: site.timezone for site in sites}
    wanted = {site.url: hours_in_window(store, site, now_ms) for site in sites}
    counted: dict[str, Tally[Hour]] = {site.url: Tally() for site in sites}
    request: Request = {
        "TableName": store.tables.visit_receipts,
        # What is no view has no time: an addition, an event, a robot, a marker.
        "FilterExpression": "attribute_exists(#at)",
        "ProjectionExpression": "#receipt, #at",
        "ExpressionAttributeNames": {"#receipt": RECEIPT, "#at": COUNTED_AT},
        "ConsistentRead": True,
    }
    if len(sites) == 1:
        request["FilterExpression"] += " AND begins_with(#receipt, :site)"
        request["ExpressionAttributeValues"] = {
            ":site": {"S": receipt_key(sites[0].url, "")}
        }
    for item in scan(store.client, request):
        site = site_of_receipt(item)
        if site not in zones:
            continue
        hour = local_hour(zones[site], quarter_of(int(item[COUNTED_AT]["N"])))
        if hour in wanted[site]:
            counted[site][hour] += 1
    return counted


def site_of_receipt(item: Item) -> str:
    """The site in a visit's receipt's key; no site that counts has a space in it."""
    return str(item[RECEIPT]["S"]).partition(" ")[0]
