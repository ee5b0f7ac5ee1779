"""A site's numbers at one moment, while visits go on arriving.

    every shard    its part of the total, the days that a visit can still reach, and
                   their breakdowns: read at one moment
    older days     no visit reaches them any more: read afterwards, page by page

A visit moves items of one shard only, all in one transaction. So a visit is wholly in
what was read, or wholly not. On a file the shards are read at one moment together; on
DynamoDB, which reads at most 100 items at once, each shard by itself, some milliseconds
apart. What is read afterwards leaves out what was read at the moment, and shards that
were opened since.

An import moves days of any age, and days that are no longer kept are taken away. Each
transaction of either moves one number, so whoever reads compares that before and after.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from footfall.counters.bulk import query
from footfall.counters.port import (
    BatchingClient,
    Item,
    Store,
    batching,
    store_errors,
    translate_read,
)
from footfall.counters.tables import (
    BASELINE,
    BUCKET,
    FOLDED,
    IMPORTED,
    KEPT_FROM,
    SITE_URL,
    VISITS,
    Request,
)
from footfall.errors import SiteNotFoundError, UnavailableError
from footfall.visits.baseline import (
    baseline_key,
    ensure_baseline,
    number_in,
    read_imported,
    read_visits,
    visits_in,
)
from footfall.visits.comparison import read_at_once
from footfall.visits.dimensions import day_buckets, shard_of
from footfall.visits.parts import parts_of_many
from footfall.visits.shards import read_shards
from footfall.visits.site import Site
from footfall.visits.transaction import total_address
from footfall.visits.window import recent_days

# A BatchGetItem answers 16 MB, and an item is 400 KB at most.
_KEYS_AT_ONCE = 40
_FIXED = 2  # the shard's own item, and the baseline


@dataclass(frozen=True, slots=True)
class Moment:
    """What of a site visits still move, as it stood at one moment.

    Attributes:
        site: The site.
        visits: Its number.
        baseline: The number it had before its days were counted.
        kept_from: The first day that was kept when older ones were taken away.
        imported: What tells whether older days have moved since.
        shards: The shards that it had.
        buckets: What was read at the moment, whether there was an item or not.
        items: The items of `visitRollups` among them, in the order of their buckets.
    """

    site: Site
    visits: int
    baseline: int
    kept_from: str
    imported: int
    shards: frozenset[int]
    buckets: frozenset[str]
    items: tuple[Item, ...]


def read_moment(store: Store, site: Site, now_ms: int) -> Moment:
    """Read what visits still move of a site.

    Raises:
        SiteNotFoundError: The site is gone.
        NotANumberError: Its number is not one.
        UnavailableError: The store is away.
    """
    ensure_baseline(store, site.url)
    shards = [0, *(shard.number for shard in read_shards(store, site.url))]
    days = [day.isoformat() for day in recent_days(store, site, now_ms)]
    parts = parts_of_many(store.client)
    wanted = {
        shard: [bucket for day in days for bucket in day_buckets(day, parts, shard)]
        for shard in shards
    }
    read = _read(store, site, wanted)
    counted, begun, *_ = read[0]
    if not counted or not begun:
        raise SiteNotFoundError(site.url)
    visits = visits_in(store, counted) - number_in(begun, FOLDED)
    baseline = number_in(begun, BASELINE)
    for shard in shards[1:]:
        own = read[shard][0]
        visits += number_in(own, VISITS) + number_in(own, FOLDED)
        baseline += number_in(own, BASELINE)
    items = [item for shard in shards for item in read[shard][_FIXED:] if item]
    return Moment(
        site,
        visits,
        baseline,
        begun.get(KEPT_FROM, {}).get("S", ""),
        number_in(begun, IMPORTED),
        frozenset(shards),
        frozenset(bucket for buckets in wanted.values() for bucket in buckets),
        tuple(sorted(items, key=_bucket)),
    )


def read_buckets(store: Store, moment: Moment, prefix: str) -> Iterator[Item]:
    """The items of a dimension at the moment, of all days, in order.

    Raises:
        UnavailableError: The store is away.
    """
    at_the_moment = (item for item in moment.items if _bucket(item).startswith(prefix))
    older = (
        item
        for item in query(store.client, _request(store, moment.site, prefix))
        if _bucket(item) not in moment.buckets
        and shard_of(_bucket(item)) in moment.shards
    )
    return heapq.merge(at_the_moment, older, key=_bucket)


def require_unmoved(store: Store, moment: Moment) -> None:
    """See that nothing has moved older days since the moment.

    Raises:
        SiteNotFoundError: The site was removed.
        UnavailableError: An import has, or they were taken away; read again.
    """
    read_visits(store, moment.site.url)
    if read_imported(store, moment.site.url) != moment.imported:
        raise UnavailableError(
            "export",
            "an import counted meanwhile, or old days were taken away, so what was"
            " written is not exact",
        )


def _read(
    store: Store, site: Site, wanted: dict[int, list[str]]
) -> dict[int, list[Item]]:
    """For each shard its own item, the baseline and its buckets; {} for what is not."""
    addresses = {
        shard: [
            total_address(store.tables, site.url, shard),
            {"TableName": store.tables.settings, "Key": baseline_key(site.url)},
            *(_address(store, site, bucket) for bucket in buckets),
        ]
        for shard, buckets in wanted.items()
    }
    client = batching(store.client)
    if client is None:
        return {shard: read_at_once(store, each) for shard, each in addresses.items()}
    flat = [address for each in addresses.values() for address in each]
    found = iter(_read_snapshot(store, client, flat))
    return {shard: [next(found) for _ in each] for shard, each in addresses.items()}


def _read_snapshot(
    store: Store, client: BatchingClient, addresses: list[Request]
) -> list[Item]:
    """Any number of items as they stood at one moment: a batch reads one snapshot."""
    calls = [
        ("TransactGetItems", {"TransactItems": [{"Get": each} for each in chunk]})
        for start in range(0, len(addresses), _KEYS_AT_ONCE)
        if (chunk := addresses[start : start + _KEYS_AT_ONCE])
    ]
    try:
        answers = client.batch(calls)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
    except store_errors(client) as error:
        table = store.tables.visit_rollups
        raise translate_read(error, "TransactGetItems", table) from error
    return [
        response.get("Item", {})
        for answer in answers
        if not isinstance(answer, Exception)
        for response in answer["Responses"]
    ]


def _address(store: Store, site: Site, bucket: str) -> Request:
    return {
        "TableName": store.tables.visit_rollups,
        "Key": {SITE_URL: {"S": site.url}, BUCKET: {"S": bucket}},
    }


def _request(store: Store, site: Site, prefix: str) -> Request:
    return {
        "TableName": store.tables.visit_rollups,
        "KeyConditionExpression": "#site = :site AND begins_with(#bucket, :prefix)",
        "ExpressionAttributeNames": {"#site": SITE_URL, "#bucket": BUCKET},
        "ExpressionAttributeValues": {
            ":site": {"S": site.url},
            ":prefix": {"S": prefix},
        },
        "ConsistentRead": True,
    }


def _bucket(item: Item) -> str:
    return str(item[BUCKET]["S"])
