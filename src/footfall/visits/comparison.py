"""What is read of a site to verify it, so that no arriving visit makes it differ.

Each shard is moved by its own transactions, so each is compared by itself: its item and
the days that visits can still reach are read in one TransactGetItems; older days no
longer move and are read before, and again if an import, or their end, moved them
meanwhile. What cannot be read at one moment only grows: the days are read before and after the receipts and the
values are counted, and what was counted must lie between.

A page's receipts are read before its number, so it has no fewer; what an import counted
of it left none, and what had no room of its own is under `other`.

Memory holds a few numbers for each day of one site, and what `visits.receipts` says of
every site; receipts and values stream by.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from footfall.counters.bulk import query
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
    FOLDED,
    SITE_URL,
    VISITS,
    Request,
)
from footfall.errors import FootfallError, SiteNotFoundError, UnavailableError
from footfall.visits.baseline import (
    baseline_key,
    ensure_baseline,
    number_in,
    read_imported,
    visits_in,
)
from footfall.visits.dimensions import (
    BROKEN_DOWN,
    DAY,
    HOUR_NAMES,
    IMPORTED_PREFIX,
    OTHER,
    PAGE,
    TOTAL_PREFIX,
    UNHOURED,
    UNPAGED,
    VALUE_PREFIX,
    VISITORS,
    bucket_prefix,
    day_of,
    shard_of,
    suffix,
)
from footfall.visits.receipts import APART, Receipts, count_receipts, fold_of
from footfall.visits.report import values_in
from footfall.visits.shards import read_folded, read_shards
from footfall.visits.site import Site
from footfall.visits.transaction import total_address
from footfall.visits.window import (
    Hour,
    days_with_markers,
    hours_in_window,
    recent_days,
    whole_days,
)

# Of what a view has one value at most, or none where it does not apply.
OF_VIEWS = tuple(each for each in BROKEN_DOWN if each not in (PAGE, *APART))

_COMPARED_TRIES_MAX = 20  # old days moved while they were read so often

Place = tuple[str, str]  # where a number is: the bucket and the attribute


@dataclass(slots=True)
class Days:
    """The days of a site as they were read, the shards' together.

    Attributes:
        days: The number of each day.
        paged: What each day's pages must make: its number without what was counted
            while the site was not broken down by page.
        visitors: The visitors of each day, without those that were imported, which
            left no receipts; so for the next two.
        apart: Of "event" and "robot", the numbers of the days whose receipts must all
            be there.
        hours: The numbers of the hours that lie wholly within the window.
        older: For each shard that has days, the sum of those that no visit can reach
            any more.
        unequal: The buckets whose day is not the sum of its hours, with both.
        own: Shard 0's part of what was added up here, where a repair may set it.
    """

    days: Tally[str] = field(default_factory=Tally)
    paged: Tally[str] = field(default_factory=Tally)
    visitors: Tally[str] = field(default_factory=Tally)
    apart: dict[str, Tally[str]] = field(default_factory=dict)
    hours: Tally[Hour] = field(default_factory=Tally)
    older: Tally[int] = field(default_factory=Tally)
    unequal: dict[str, tuple[int, int]] = field(default_factory=dict)
    own: Tally[Place] = field(default_factory=Tally)


@dataclass(slots=True)
class Pages:
    """What a site's pages say, the shards' together.

    Attributes:
        sums: The sum of each day's pages.
        others: What of a day had no room of its own.
        own: Shard 0's part of `others`, where a repair may set it.
        folds: The recent days' pages, by their folds (`receipts.fold_of`).
    """

    sums: Tally[str] = field(default_factory=Tally)
    others: Tally[str] = field(default_factory=Tally)
    own: Tally[Place] = field(default_factory=Tally)
    folds: dict[str, Tally[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LackingPages:
    """Pages of a day, of one fold, that count less than their receipts.

    Attributes:
        day: The day.
        pages: Those that are counted at all; mostly there is one of a fold.
        counts: Their numbers together.
        receipts: How many receipts there are of them.
    """

    day: str
    pages: tuple[str, ...]
    counts: int
    receipts: int


@dataclass(frozen=True, slots=True)
class ShardSum:
    """A shard at one moment: what it counts, and the sum of its days.

    Shard 0 counts the site's own number less what was folded into it; the others what
    they hold and what was folded from them. Their baseline is what days of theirs made
    that were taken away.
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
    """Everything that was read of a site, ready to be compared.

    Attributes:
        site: The site.
        recent: The days that a visit can still reach.
        marked: The days whose readers' markers must all be there.
        before: The recent days, before anything was counted.
        receipts: What the receipts say.
        values: The sum of each dimension's values, by day; of pages too.
        pages: What the pages say.
        lacking: The pages that count less than their receipts.
        after: All days, after that.
        shards: Each shard's sum.
        folded: What is noted as folded: before, as the shards say, and after.
    """

    site: Site
    recent: frozenset[str]
    marked: frozenset[str]
    before: Days
    receipts: Receipts
    values: Mapping[str, Tally[str]]
    pages: Pages
    lacking: list[LackingPages]
    after: Days
    shards: list[ShardSum]
    folded: tuple[int, int, int]

    def moved_day(self, day: str) -> bool:
        """Whether a day's number moved while it was looked at."""
        return day in self.recent and self.before.days[day] != self.after.days[day]

    def moved_hour(self, hour: Hour) -> bool:
        """Whether an hour's number moved while it was looked at."""
        return self.before.hours[hour] != self.after.hours[hour]

    def wrong_pages(self) -> list[str]:
        """The days whose pages make another number."""
        low = self.after.paged.copy()
        for day in self.recent:
            low[day] = self.before.paged[day]
        return _outside(self.values[PAGE], low, self.after.paged)

    def wrong_values(self, dimension: str) -> list[str]:
        """The days with more of a dimension's values than views."""
        values = self.values[dimension]
        return [day for day in sorted(values) if values[day] > self.after.days[day]]

    def wrong_hours(self) -> list[Hour]:
        """The hours within the window that have another number of receipts."""
        return _outside(self.receipts.views, self.before.hours, self.after.hours)

    def wrong_visitors(self) -> list[str]:
        """The days that have another number of readers' markers than visitors."""
        return [
            day
            for day in _outside(
                self.receipts.markers, self.before.visitors, self.after.visitors
            )
            if day in self.marked
        ]

    def wrong_apart(self, kind: str) -> list[str]:
        """The days that have another number of receipts of events, or of robots."""
        return _outside(
            self.receipts.apart[kind], self.before.apart[kind], self.after.apart[kind]
        )


def _outside(counted: Tally[Any], low: Tally[Any], high: Tally[Any]) -> list[Any]:
    """The keys at which what was counted is not between two readings."""
    return [
        key
        for key in sorted({*counted, *high})
        if not low[key] <= counted[key] <= high[key]
    ]


def compare_sites(
    store: Store, sites: Sequence[Site], now_ms: int
) -> Iterator[Comparison | FootfallError]:
    """Read what there is to compare of each site, one after the other.

    Yields:
        For each site, in order, what was read, or the error that was met:
        SiteNotFoundError, NotANumberError or UnavailableError.
    """
    before: dict[str, Days | FootfallError] = {}
    for site in sites:
        try:
            ensure_baseline(store, site.url)
            first = recent_days(store, site, now_ms)[0].isoformat()
            before[site.url] = _read_days(store, site, now_ms, first)
        except FootfallError as error:
            before[site.url] = error
    receipts = count_receipts(store, sites, now_ms)
    for site in sites:
        read = before.pop(site.url)
        if isinstance(read, FootfallError):
            yield read
            continue
        try:
            yield _compare(store, site, read, receipts.pop(site.url), now_ms)
        except FootfallError as error:
            yield error


def _compare(
    store: Store, site: Site, before: Days, receipts: Receipts, now_ms: int
) -> Comparison:
    for _ in range(_COMPARED_TRIES_MAX):
        imported = read_imported(store, site.url)
        compared = _compare_once(store, site, before, receipts, now_ms)
        if read_imported(store, site.url) == imported:
            return compared
    raise UnavailableError("verify", "days of long ago are being moved; try again")


def _compare_once(
    store: Store, site: Site, before: Days, receipts: Receipts, now_ms: int
) -> Comparison:
    recent = frozenset(day.isoformat() for day in recent_days(store, site, now_ms))
    pages = _read_pages(store, site, recent)
    values = {dimension: _sum_values(store, site, dimension) for dimension in OF_VIEWS}
    values[PAGE] = pages.sums
    after = _read_days(store, site, now_ms)
    folded_before = read_folded(store, site.url)
    shards = read_shards(store, site.url)
    folded = (
        folded_before,
        sum(shard.folded for shard in shards),
        read_folded(store, site.url),
    )
    # A shard whose own item is gone has its days still.
    numbers = {0, *(shard.number for shard in shards), *after.older}
    sums = [
        _sum_shard(store, site, number, after.older[number], now_ms)
        for number in sorted(numbers)
    ]
    return Comparison(
        site,
        recent,
        days_with_markers(store, site, now_ms),
        before,
        receipts,
        values,
        pages,
        list(_lacking_pages(store, site, receipts, pages)),
        after,
        sums,
        folded,
    )


# Reading


def _read_days(store: Store, site: Site, now_ms: int, first: str = "") -> Days:
    """The days from the first on; all of them where none is named."""
    recent = {day.isoformat() for day in recent_days(store, site, now_ms)}
    in_window = hours_in_window(store, site, now_ms)
    read = Days()
    for item in _query(store, site, TOTAL_PREFIX, first):
        bucket = item[BUCKET]["S"]
        day, number = day_of(bucket), number_in(item, DAY)
        read.days[day] += number
        read.paged[day] += number - number_in(item, UNPAGED)
        read.visitors[day] += number_in(item, VISITORS) - number_in(
            item, IMPORTED_PREFIX + VISITORS
        )
        read.older[shard_of(bucket)] += 0 if day in recent else number
        is_own = day in recent and not shard_of(bucket)
        if is_own:
            read.own[bucket, VISITORS] = number_in(item, VISITORS)
        hours = {hour: number_in(item, hour) for hour in HOUR_NAMES}
        told = sum(hours.values()) + number_in(item, UNHOURED)
        if told != number:
            read.unequal[bucket] = (number, told)
        for hour, visits in hours.items():
            if visits and (day, hour) in in_window:
                imported = number_in(item, IMPORTED_PREFIX + hour)
                read.hours[day, hour] += visits - imported
                if is_own:
                    read.own[bucket, hour] = visits
    whole = whole_days(in_window)
    for kind in APART:
        read.apart[kind] = _read_apart(store, site, kind, whole, read.own)
    return read


def _read_apart(
    store: Store, site: Site, kind: str, days: set[str], own: Tally[Place]
) -> Tally[str]:
    """Day -> how many of a kind were counted that have a receipt."""
    counted: Tally[str] = Tally()
    for item in _query(store, site, bucket_prefix(kind), min(days, default="~")):
        day = day_of(item[BUCKET]["S"])
        if day in days:
            counted[day] += _sum_of(item) - number_in(item, IMPORTED_PREFIX)
            own[item[BUCKET]["S"], OTHER] = number_in(item, OTHER)
    return counted


def _read_pages(store: Store, site: Site, recent: frozenset[str]) -> Pages:
    read = Pages()
    for item in _query(store, site, bucket_prefix(PAGE), ""):
        bucket = item[BUCKET]["S"]
        day, other = day_of(bucket), number_in(item, OTHER)
        read.sums[day] += _sum_of(item)
        read.others[day] += other
        if other and not shard_of(bucket):
            read.own[bucket, OTHER] = other
        if day not in recent:
            continue
        folds = read.folds.setdefault(day, Tally())
        for name, visits in values_in(item):
            if name != OTHER:
                folds[fold_of(name.removeprefix(VALUE_PREFIX))] += visits
    return read


def _lacking_pages(
    store: Store, site: Site, receipts: Receipts, pages: Pages
) -> Iterator[LackingPages]:
    """The pages that lack more than what had no room of its own makes up for."""
    for day, told in sorted(receipts.pages.items()):
        counted = pages.folds.get(day, Tally())
        lacking = told - counted
        if lacking.total() <= pages.others[day]:
            continue
        names: dict[int, set[str]] = {}
        for item in _query(store, site, f"{bucket_prefix(PAGE)}{day}", ""):
            for name, _ in values_in(item):
                page = name.removeprefix(VALUE_PREFIX)
                if name != OTHER:
                    names.setdefault(fold_of(page), set()).add(page)
        for fold in sorted(lacking):
            alike = tuple(sorted(names.get(fold, ())))
            yield LackingPages(day, alike, counted[fold], told[fold])


def _sum_values(store: Store, site: Site, dimension: str) -> Tally[str]:
    """Day -> the sum of a dimension's values."""
    counted: Tally[str] = Tally()
    for item in _query(store, site, bucket_prefix(dimension), ""):
        counted[day_of(item[BUCKET]["S"])] += _sum_of(item)
    return counted


def _sum_of(item: Item) -> int:
    return sum(visits for _, visits in values_in(item))


def _query(store: Store, site: Site, prefix: str, first: str) -> Iterable[Item]:
    """Every item of a dimension from the first day on, the oldest day first."""
    return query(
        store.client,
        {
            "TableName": store.tables.visit_rollups,
            "KeyConditionExpression": "#site = :site AND #bucket BETWEEN :from AND :to",
            "ExpressionAttributeNames": {"#site": SITE_URL, "#bucket": BUCKET},
            "ExpressionAttributeValues": {
                ":site": {"S": site.url},
                ":from": {"S": prefix + first},
                # Days, parts and shards are of digits, "-" and "#", all before "~".
                ":to": {"S": prefix + "~"},
            },
            "ConsistentRead": True,
        },
    )


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
        counts = number_in(counted, VISITS) + number_in(counted, FOLDED)
        baseline = number_in(counted, BASELINE)
    else:
        counted, begun, *days = read_at_once(store, addresses)
        if not counted or not begun:
            raise SiteNotFoundError(site.url)
        counts = visits_in(store, counted) - number_in(begun, FOLDED)
        baseline = number_in(begun, BASELINE)
    return ShardSum(
        shard, counts, baseline, older + sum(number_in(day, DAY) for day in days)
    )


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
