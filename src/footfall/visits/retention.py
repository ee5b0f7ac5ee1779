"""Days that are older than their site keeps them, taken away; its number stays.

    visits = baseline + the sum of the days        before, after, and at every moment

A day goes in one transaction, for each shard: its total and its pages are deleted, and
its visits become the baseline's, the site's or the shard's own. Its other breakdowns go
before, as a day may have fewer of them than visits. What says which lines of a log were
imported stays: a log of long ago, imported again, counts nothing.

A day goes only when no visit can reach it any more. An import can: so each transaction
moves `imported`, on the condition that it is what it was before the day was read. Two
servers that take the same day away so do it once, and whoever reads old days beside
(`visits.comparison`, `transfer.moment`) reads them again.

What a call does is bounded, so nobody who counts waits for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from footfall.counters.bulk import delete_items, query
from footfall.counters.port import (
    TRANSACTION_ACTIONS_MAX,
    Item,
    Store,
    reason_codes,
    retry_conflicts,
    store_errors,
    translate,
)
from footfall.counters.tables import (
    BASELINE,
    BUCKET,
    IMPORTED,
    KEPT_FROM,
    KIND,
    SITE_URL,
    Request,
)
from footfall.visits.baseline import (
    baseline_key,
    ensure_baseline,
    number_in,
    read_item,
)
from footfall.visits.dimensions import (
    BROKEN_DOWN,
    DAY,
    PAGE,
    TOTAL_PREFIX,
    UNPAGED,
    bucket_prefix,
    day_of,
    shard_of,
    suffix,
)
from footfall.visits.report import FIRST_DAY, today, values_in
from footfall.visits.site import Site
from footfall.visits.transaction import total_address
from footfall.visits.window import recent_days

DAYS_AT_ONCE = 20  # of all shards, in one call
_KEYS_AT_ONCE = 500
# Beside a day's pages: the baseline, the shard, and the day.
_PAGES_AT_ONCE = TRANSACTION_ACTIONS_MAX - 3

Place = tuple[str, int]  # a day and a shard


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call took away.

    Attributes:
        days: How many days, each shard's by itself.
        visits: Their visits, which are the baseline's now.
        is_done: Whether nothing was left that this call could take.
    """

    days: int
    visits: int
    is_done: bool


def kept_from(store: Store, site: Site, now_ms: int) -> date:
    """The first day that a site keeps; no visit reaches one before it any more."""
    oldest = today(site, now_ms) - timedelta(days=site.retention_days)
    return min(oldest, recent_days(store, site, now_ms)[0])


def take_away(store: Store, site: Site, now_ms: int) -> Taken:
    """Take away some of the days that a site keeps no longer.

    Raises:
        SiteNotFoundError, NotANumberError: The site is gone, or its number is none.
        UnavailableError: The store is away. What is left goes with the next call.
        ThrottledError, IndeterminateError: As that, after a pause.
    """
    if not site.retention_days:
        return Taken(0, 0, is_done=True)
    ensure_baseline(store, site.url)
    first = kept_from(store, site, now_ms)
    keys = list(islice(_breakdowns(store, site, first), _KEYS_AT_ONCE))
    delete_items(store.client, store.tables.visit_rollups, keys)
    if len(keys) == _KEYS_AT_ONCE:
        return Taken(0, 0, is_done=False)
    # Pages without a day are of an import that was on its way when the day went.
    places = dict.fromkeys(
        place
        for prefix in (TOTAL_PREFIX, bucket_prefix(PAGE))
        for place in islice(_places(store, site, prefix, first), DAYS_AT_ONCE)
    )
    gone = {place: _take_day(store, site, place, first) for place in places}
    taken = [visits for visits in gone.values() if visits is not None]
    is_done = not taken or len(places) < DAYS_AT_ONCE
    return Taken(len(taken), sum(taken), is_done)


def _breakdowns(store: Store, site: Site, first: date) -> Iterator[Item]:
    """The keys of what old days are broken down by, but for their pages."""
    for dimension in BROKEN_DOWN:
        if dimension != PAGE:
            yield from _older(store, site, bucket_prefix(dimension), first)


def _places(store: Store, site: Site, prefix: str, first: date) -> Iterator[Place]:
    """The days and shards of old items, each as often as it has items."""
    seen = None
    for key in _older(store, site, prefix, first):
        place = (day_of(key[BUCKET]["S"]), shard_of(key[BUCKET]["S"]))
        if place != seen:
            yield place
        seen = place


def _older(store: Store, site: Site, prefix: str, first: date) -> Iterator[Item]:
    """The keys of the items with a prefix that are of days before the first."""
    request = _items(store, site, prefix + FIRST_DAY.isoformat())
    # A day's buckets end in what comes after the day: "#" is after its last day's end.
    last = (first - timedelta(days=1)).isoformat()
    request["ExpressionAttributeValues"][":to"] = {"S": f"{prefix}{last}~"}
    return query(store.client, {**request, "ProjectionExpression": "#site, #bucket"})


def _items(store: Store, site: Site, start: str) -> Request:
    return {
        "TableName": store.tables.visit_rollups,
        "KeyConditionExpression": "#site = :site AND #bucket BETWEEN :from AND :to",
        "ExpressionAttributeNames": {"#site": SITE_URL, "#bucket": BUCKET},
        "ExpressionAttributeValues": {
            ":site": {"S": site.url},
            ":from": {"S": start},
            ":to": {"S": f"{start}~"},
        },
        "ConsistentRead": True,
    }


def _take_day(store: Store, site: Site, place: Place, first: date) -> int | None:
    """The visits of a day that is gone now; None if somebody moved it meanwhile."""
    day, shard = place
    # Before the day: what is read after it is as it was, or the condition fails.
    baseline = read_item(store, store.tables.settings, baseline_key(site.url))
    total = _key(site, f"{TOTAL_PREFIX}{day}{suffix(shard)}")
    item = read_item(store, store.tables.visit_rollups, total)
    prefix = f"{bucket_prefix(PAGE)}{day}#"
    pages = [
        page
        for page in query(store.client, _items(store, site, prefix))
        if shard_of(page[BUCKET]["S"]) == shard
    ]
    now, later = pages[:_PAGES_AT_ONCE], pages[_PAGES_AT_ONCE:]
    deletes = [_delete(store, _key(site, page[BUCKET]["S"])) for page in now]
    if later:
        # What is unpaged meanwhile is a part of the day: it is the sum of both.
        unpaged = sum(visits for page in now for _, visits in values_in(page))
        actions = [_moved(store, site, baseline, first), _add(store, total, unpaged)]
        if not _write(store, [*actions, *deletes]):
            return None
        return _take_day(store, site, place, first)
    visits = number_in(item, DAY)
    actions = [_moved(store, site, baseline, first, 0 if shard else visits)]
    if shard:
        actions.append(_to_shard(store, site, shard, visits))
    if item:
        actions.append(_delete(store, total, visits))
    return visits if _write(store, [*actions, *deletes]) else None


def _moved(
    store: Store, site: Site, baseline: Item, first: date, visits: int = 0
) -> Request:
    """Add to the baseline, and say that days of long ago have moved."""
    before = number_in(baseline, IMPORTED)
    kept = max(baseline.get(KEPT_FROM, {}).get("S", ""), first.isoformat())
    unmoved = "#imported = :before"
    if not before:
        unmoved = f"({unmoved} OR attribute_not_exists(#imported))"
    return {
        "Update": {
            "TableName": store.tables.settings,
            "Key": baseline_key(site.url),
            "UpdateExpression": (
                "SET #baseline = #baseline + :visits, #imported = :after, #kept = :kept"
            ),
            "ConditionExpression": f"attribute_exists(#kind) AND {unmoved}",
            "ExpressionAttributeNames": {
                "#baseline": BASELINE,
                "#imported": IMPORTED,
                "#kept": KEPT_FROM,
                "#kind": KIND,
            },
            "ExpressionAttributeValues": {
                ":visits": {"N": str(visits)},
                ":before": {"N": str(before)},
                ":after": {"N": str(before + 1)},
                ":kept": {"S": kept},
            },
        }
    }


def _to_shard(store: Store, site: Site, shard: int, visits: int) -> Request:
    """Add to the shard's own baseline: what its days were that are gone."""
    return {
        "Update": {
            **total_address(store.tables, site.url, shard),
            "UpdateExpression": "ADD #baseline :visits",
            "ConditionExpression": f"attribute_exists({SITE_URL})",
            "ExpressionAttributeNames": {"#baseline": BASELINE},
            "ExpressionAttributeValues": {":visits": {"N": str(visits)}},
        }
    }


def _add(store: Store, total: Item, unpaged: int) -> Request:
    return {
        "Update": {
            "TableName": store.tables.visit_rollups,
            "Key": total,
            "UpdateExpression": "ADD #unpaged :unpaged",
            "ConditionExpression": f"attribute_exists({SITE_URL})",
            "ExpressionAttributeNames": {"#unpaged": UNPAGED},
            "ExpressionAttributeValues": {":unpaged": {"N": str(unpaged)}},
        }
    }


def _delete(store: Store, key: Item, visits: int | None = None) -> Request:
    """Delete an item; a day only while it counts what was read."""
    delete: Request = {"TableName": store.tables.visit_rollups, "Key": key}
    if visits is not None:
        delete |= {
            "ConditionExpression": "#day = :visits",
            "ExpressionAttributeNames": {"#day": DAY},
            "ExpressionAttributeValues": {":visits": {"N": str(visits)}},
        }
        if not visits:
            delete["ConditionExpression"] += " OR attribute_not_exists(#day)"
    return {"Delete": delete}


def _key(site: Site, bucket: str) -> Item:
    return {SITE_URL: {"S": site.url}, BUCKET: {"S": bucket}}


def _write(store: Store, actions: list[Request]) -> bool:
    """Whether it is written now; False if something is no longer as it was read."""
    try:
        retry_conflicts(
            store.client,
            lambda: store.client.transact_write_items(TransactItems=actions),
        )
    except store_errors(store.client) as error:
        if "ConditionalCheckFailed" in reason_codes(error):
            return False
        table = store.tables.visit_rollups
        raise translate(error, "TransactWriteItems", table) from error
    return True
