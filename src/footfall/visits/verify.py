"""Whether the numbers agree (G4), while visits go on arriving.

    visits = baseline + the sum of the days             always
    a day  = the sum of its hours = the sum of its pages
    the receipts of an hour = the hour's number         within the window

No visit may move a number between two reads that are compared. The number, the
baseline and the days that visits can still reach are read in one TransactGetItems;
older days no longer move and are read before. The numbers are read before and after
the receipts and the pages are counted, and what was counted must lie between the two.
"""

from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from footfall.counters.bulk import query, scan
from footfall.counters.port import (
    Item,
    Store,
    retry_conflicts,
    store_errors,
    translate,
    translate_read,
)
from footfall.counters.tables import (
    BASELINE,
    BUCKET,
    COUNTED_AT,
    RECEIPT,
    SITE_URL,
    Request,
)
from footfall.errors import SiteNotFoundError
from footfall.visits.baseline import baseline_key, ensure_baseline, visits_in
from footfall.visits.dimensions import (
    DAY,
    HOURS_MAX,
    PAGE_PREFIX,
    TOTAL_PREFIX,
    local_hour,
    quarter_of,
)
from footfall.visits.report import today, values_in
from footfall.visits.site import Site
from footfall.visits.transaction import receipt_key

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Verification:
    """What was read of a site at one moment, and every difference found.

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


@dataclass(frozen=True, slots=True)
class _Numbers:
    total: int
    baseline: int
    days: dict[str, Item]  # "2026-11-24" -> the day's item

    def sum_of_days(self) -> int:
        return sum(self.day(day) for day in self.days)

    def day(self, day: str) -> int:
        return int(self.days[day][DAY]["N"]) if day in self.days else 0

    def hour(self, day: str, hour: str) -> int:
        return int(self.days.get(day, {}).get(hour, {"N": "0"})["N"])


def verify(store: Store, site: Site, now_ms: int) -> Verification:
    """Read everything that was counted for a site, and compare.

    A site that was never seen with a number gets its baseline first.

    Raises:
        SiteNotFoundError: The site is gone.
        NotANumberError: Its number is not one.
        UnavailableError: The store is away.
    """
    ensure_baseline(store, site.url)
    before = _read_numbers(store, site, now_ms)
    receipts = _count_receipts(store, site, now_ms)
    pages = _count_pages(store, site)
    after = _read_numbers(store, site, now_ms)
    return Verification(
        site.url,
        after.total,
        after.baseline,
        after.sum_of_days(),
        receipts.total(),
        (
            *_differences_in_total(after),
            *_differences_in_hours(after),
            *_differences_in_pages(before, pages, after),
            *_differences_in_receipts(
                before, receipts, after, _hours_in_window(store, site, now_ms)
            ),
        ),
    )


def repair(store: Store, site: Site, now_ms: int) -> tuple[str, ...]:
    """Mend what can be derived: the baseline, from the number and the days.

    The number and the days are what was counted; somebody who moved the number by
    hand moved the baseline. Nothing visible changes.

    Returns:
        What was done, a sentence each; nothing when nothing could be.
    """
    ensure_baseline(store, site.url)
    numbers = _read_numbers(store, site, now_ms)
    difference = numbers.total - numbers.baseline - numbers.sum_of_days()
    if difference == 0:
        return ()
    # An addition of the difference stays right whatever is counted meanwhile.
    try:
        retry_conflicts(
            store.client,
            lambda: store.client.update_item(
                TableName=store.tables.settings,
                Key=baseline_key(site.url),
                UpdateExpression="SET #baseline = #baseline + :difference",
                ConditionExpression="#baseline = :before",
                ExpressionAttributeNames={"#baseline": BASELINE},
                ExpressionAttributeValues={
                    ":difference": {"N": str(difference)},
                    ":before": {"N": str(numbers.baseline)},
                },
            ),
        )
    except store.client.exceptions.ConditionalCheckFailedException:
        return ()  # somebody else repaired it
    except store_errors(store.client) as error:
        raise translate(error, "UpdateItem", store.tables.settings) from error
    after = numbers.baseline + difference
    return (f"the baseline was {numbers.baseline} and is {after} now",)


def _read_numbers(store: Store, site: Site, now_ms: int) -> _Numbers:
    """The total, the baseline and all days as they stood at one moment."""
    recent = [day.isoformat() for day in _recent_days(store, site, now_ms)]
    days = {
        item[BUCKET]["S"].removeprefix(TOTAL_PREFIX): item
        for item in _query(store, site, TOTAL_PREFIX)
    }
    gets: list[Request] = [
        _get(store.tables.site_visits, {SITE_URL: {"S": site.url}}),
        _get(store.tables.settings, baseline_key(site.url)),
    ]
    gets += [
        _get(
            store.tables.visit_rollups,
            {SITE_URL: {"S": site.url}, BUCKET: {"S": TOTAL_PREFIX + day}},
        )
        for day in recent
    ]
    visits, baseline, *items = _read_at_once(store, gets)
    if not visits or not baseline:
        raise SiteNotFoundError(site.url)
    days |= {day: item for day, item in zip(recent, items, strict=True) if item}
    return _Numbers(visits_in(store, visits), int(baseline[BASELINE]["N"]), days)


def _recent_days(store: Store, site: Site, now_ms: int) -> list[date]:
    """The days that a visit can still reach, and one more at each end for the clocks."""
    first = today(site, now_ms - store.window_seconds * 1000) - timedelta(days=1)
    last = today(site, now_ms) + timedelta(days=1)
    return [first + timedelta(days=day) for day in range((last - first).days + 1)]


def _read_at_once(store: Store, gets: list[Request]) -> list[Item]:
    try:
        answer = retry_conflicts(
            store.client,
            lambda: store.client.transact_get_items(TransactItems=gets),
        )
    except store_errors(store.client) as error:
        table = store.tables.site_visits
        raise translate_read(error, "TransactGetItems", table) from error
    return [response.get("Item", {}) for response in answer["Responses"]]


def _get(table: str, key: Item) -> Request:
    return {"Get": {"TableName": table, "Key": key}}


def _differences_in_total(numbers: _Numbers) -> list[str]:
    days = numbers.sum_of_days()
    if numbers.total == numbers.baseline + days:
        return []
    return [
        f"visits is {numbers.total}, but the baseline {numbers.baseline} and the days"
        f" {days} make {numbers.baseline + days}"
    ]


def _differences_in_hours(numbers: _Numbers) -> list[str]:
    differences = []
    for day in sorted(numbers.days):
        hours = sum(numbers.hour(day, f"{hour:02d}") for hour in range(HOURS_MAX))
        if hours != numbers.day(day):
            differences.append(
                f"{day} counts {numbers.day(day)}, but its hours {hours}"
            )
    return differences


def _differences_in_pages(
    before: _Numbers, pages: Tally[str], after: _Numbers
) -> list[str]:
    return [
        f"{day} counts {after.day(day)}, but its pages {pages[day]}"
        for day in sorted({*after.days, *pages})
        if not before.day(day) <= pages[day] <= after.day(day)
    ]


def _differences_in_receipts(
    before: _Numbers,
    receipts: Tally[tuple[str, str]],
    after: _Numbers,
    hours: list[tuple[str, str]],
) -> list[str]:
    return [
        f"{day} hour {hour} counts {after.hour(day, hour)}, but has"
        f" {receipts[day, hour]} receipts"
        for day, hour in hours
        if not before.hour(day, hour) <= receipts[day, hour] <= after.hour(day, hour)
    ]


def _query(store: Store, site: Site, prefix: str) -> Iterator[Item]:
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
    for item in _query(store, site, PAGE_PREFIX):
        _, day, _ = item[BUCKET]["S"].split("#")
        counted[day] += sum(visits for _, visits in values_in(item))
    return counted


def _hours_in_window(store: Store, site: Site, now_ms: int) -> list[tuple[str, str]]:
    """The hours that lie wholly within the window, up to the next one.

    Every receipt of theirs is there still: a receipt outlives its window.
    """
    start = now_ms - store.window_seconds * 1000 + _HOUR_MS
    quarters = range(quarter_of(start), quarter_of(now_ms + _HOUR_MS) + 1)
    return sorted({local_hour(site.timezone, quarter) for quarter in quarters})


def _count_receipts(store: Store, site: Site, now_ms: int) -> Tally[tuple[str, str]]:
    """(day, hour) -> receipts, for the hours within the window."""
    wanted = set(_hours_in_window(store, site, now_ms))
    counted: Tally[tuple[str, str]] = Tally()
    request = {
        "TableName": store.tables.visit_receipts,
        "FilterExpression": "begins_with(#receipt, :site)",
        "ProjectionExpression": "#at",
        "ExpressionAttributeNames": {"#receipt": RECEIPT, "#at": COUNTED_AT},
        "ExpressionAttributeValues": {":site": {"S": receipt_key(site.url, "")}},
        "ConsistentRead": True,
    }
    for item in scan(store.client, request):
        hour = local_hour(site.timezone, quarter_of(int(item[COUNTED_AT]["N"])))
        if hour in wanted:
            counted[hour] += 1
    return counted
