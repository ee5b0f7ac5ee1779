"""Shards: several writers on one hot site.

DynamoDB rejects a transaction while another holds one of its items; it does not
queue. Two servers that count on one site would so starve each other. A writer
therefore starts on shard 0, which is the site's own item and the plain buckets, and
moves to another shard, at random, when it meets a conflict; there it stays. Whoever
was refused moves and whoever holds the items stays, so the writers soon stand apart.

    shard 0     siteVisits SITE               total#DAY      page#DAY#PART
    shard 7     visitRollups SITE visits#07   total#DAY#07   page#DAY#PART#07

A shard's item has `visits`, and in `folded` what `sites compact` took from it and put
into the site's own item. The shards are opened all at once, by the first writer that
needs one, in a transaction that checks the site's item. Counting in a shard needs the
shard's item as counting in shard 0 needs the site's: so a site that is removed with
its shards is counted no more, by nobody.

The total is the sum of all shards. They are several items, so a compaction could fall
between two reads; a sum is taken only if none did. `folded` only grows, and the site's
baseline has the sum of it: it is read before the total, the shards after.
"""

import random
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from footfall.counters.bulk import query
from footfall.counters.port import (
    Item,
    Store,
    reason_codes,
    retry_conflicts,
    store_errors,
    translate,
)
from footfall.counters.tables import (
    BUCKET,
    FOLDED,
    KIND,
    SITE_URL,
    VISITS,
    Request,
)
from footfall.errors import FootfallError, UnavailableError
from footfall.visits.baseline import (
    baseline_key,
    ensure_baseline,
    number_in,
    read_item,
    read_visits,
)
from footfall.visits.dimensions import SHARD_PREFIX
from footfall.visits.transaction import total_address

# So many writers find a shard of their own soon, and one transaction opens them.
SHARDS = 32

_SUM_TRIES_MAX = 10  # compactions fell between the reads so often


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard's item: its part of the total, and what was folded into the site's."""

    number: int
    visits: int
    folded: int


class Shards:
    """The shard that a writer is on, for each site."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._on: dict[str, int] = {}

    def of(self, site: str) -> int:
        """The shard to count in."""
        return self._on.get(site, 0)

    def are_open(self, site: str) -> bool:
        """Whether the site has shards; UnavailableError if nobody can tell."""
        return bool(read_shards(self._store, site))

    def leave(self, site: str) -> None:
        """Go back to shard 0, where a site that was made anew begins."""
        self._on.pop(site, None)

    def move(self, site: str) -> None:
        """Move to another shard; stay where the shards cannot be opened."""
        try:
            # A writer that has moved before knows that they are open.
            if site not in self._on and not self.are_open(site):
                _open(self._store, site)
        except FootfallError:
            return  # as contended as before: the next conflict tries again
        others = [shard for shard in range(SHARDS) if shard != self.of(site)]
        self._on[site] = random.choice(others)


def read_shards(store: Store, site: str) -> list[Shard]:
    """The shards but for shard 0; none where no writer ever met a conflict.

    Raises:
        UnavailableError: The store is away.
    """
    return shards_in(query(store.client, shards_request(store, site)))


def shards_request(store: Store, site: str) -> Request:
    """The Query that finds a site's shards."""
    return {
        "TableName": store.tables.visit_rollups,
        "KeyConditionExpression": "#site = :site AND begins_with(#bucket, :prefix)",
        "ExpressionAttributeNames": {"#site": SITE_URL, "#bucket": BUCKET},
        "ExpressionAttributeValues": {
            ":site": {"S": site},
            ":prefix": {"S": SHARD_PREFIX},
        },
        "ConsistentRead": True,
    }


def shards_in(items: Iterable[Item]) -> list[Shard]:
    """The shards that items of `visitRollups` are."""
    return [
        Shard(
            int(item[BUCKET]["S"].removeprefix(SHARD_PREFIX)),
            int(item[VISITS]["N"]),
            int(item[FOLDED]["N"]),
        )
        for item in items
    ]


def read_total(store: Store, site: str) -> int:
    """A site's number: its own item and its shards, as they stood at one moment.

    Raises:
        SiteNotFoundError: There is no such site.
        NotANumberError: Its `visits` is no number.
        UnavailableError: The store is away.
    """
    visits, _ = sum_shards(store, site, 0)  # 0: before anything was ever folded
    return visits


def sum_shards(store: Store, site: str, folded: int) -> tuple[int, int | None]:
    """The site's number, and what was folded by then; None where it has no shards.

    Args:
        store: Where the site is.
        site: Its address.
        folded: What was folded when somebody looked last, or less.

    Raises:
        As `read_total`.
    """
    for _ in range(_SUM_TRIES_MAX):
        visits = read_visits(store, site)
        shards = read_shards(store, site)
        if sum(shard.folded for shard in shards) == folded:
            total = visits + sum(shard.visits for shard in shards)
            return total, folded if shards else None
        folded = read_folded(store, site)
    raise UnavailableError("Query", "the shards are being compacted")


def read_folded(store: Store, site: str) -> int:
    """What was folded into the site's own number in all."""
    baseline = read_item(store, store.tables.settings, baseline_key(site))
    return number_in(baseline, FOLDED)


def compact(store: Store, site: str) -> int:
    """Fold the shards' numbers into the site's own item, as the recipe reads it.

    The total stays what it is, while visits go on arriving; the shards stay open.

    Returns:
        How many visits were folded.

    Raises:
        SiteNotFoundError: There is no such site.
        NotANumberError: Its `visits` is no number.
        ThrottledError: Some shards may be folded. Compact again after a pause.
        IndeterminateError: No answer came. Compact again.
    """
    ensure_baseline(store, site)
    return sum(
        _fold(store, site, shard) for shard in read_shards(store, site) if shard.visits
    )


def _fold(store: Store, site: str, shard: Shard) -> int:
    amount = {":amount": {"N": str(shard.visits)}}
    into: Request = {
        **total_address(store.tables, site, 0),
        "UpdateExpression": "SET #visits = #visits + :amount",
        "ExpressionAttributeNames": {"#visits": VISITS},
        "ExpressionAttributeValues": amount,
    }
    out_of: Request = {
        **total_address(store.tables, site, shard.number),
        "UpdateExpression": (
            "SET #visits = #visits - :amount, #folded = #folded + :amount"
        ),
        # Somebody else may have folded the same visits since they were read.
        "ConditionExpression": "#folded = :before",
        "ExpressionAttributeNames": {"#visits": VISITS, "#folded": FOLDED},
        "ExpressionAttributeValues": {
            **amount,
            ":before": {"N": str(shard.folded)},
        },
    }
    note: Request = {
        "TableName": store.tables.settings,
        "Key": baseline_key(site),
        "UpdateExpression": "ADD #folded :amount",
        "ConditionExpression": "attribute_exists(#kind)",
        "ExpressionAttributeNames": {"#folded": FOLDED, "#kind": KIND},
        "ExpressionAttributeValues": amount,
    }
    actions: list[Request] = [{"Update": each} for each in (into, out_of, note)]
    write = _transaction(store, actions)
    done = _holds(store, lambda: retry_conflicts(store.client, write))
    return shard.visits if done else 0


def _open(store: Store, site: str) -> None:
    """Make every shard of a site that exists; another writer may be first."""
    exists: Request = {
        **total_address(store.tables, site, 0),
        "ConditionExpression": f"attribute_exists({SITE_URL})",
    }
    actions: list[Request] = [{"ConditionCheck": exists}]
    for number in range(1, SHARDS):
        address = total_address(store.tables, site, number)
        empty = {**address["Key"], VISITS: {"N": "0"}, FOLDED: {"N": "0"}}
        actions.append(
            {
                "Put": {
                    "TableName": address["TableName"],
                    "Item": empty,
                    "ConditionExpression": f"attribute_not_exists({SITE_URL})",
                }
            }
        )
    # One try: the site's item is what writers quarrel over, and the next comes soon.
    _holds(store, _transaction(store, actions))


def _transaction(store: Store, actions: list[Request]) -> Callable[[], object]:
    """The call that writes all of it or nothing, under one token however often."""
    request = {"TransactItems": actions, "ClientRequestToken": str(uuid.uuid4())}
    return lambda: store.client.transact_write_items(**request)


def _holds(store: Store, write: Callable[[], object]) -> bool:
    """Write; False if a condition of it failed."""
    try:
        write()
    except store_errors(store.client) as error:
        if "ConditionalCheckFailed" in reason_codes(error):
            return False
        table = store.tables.visit_rollups
        raise translate(error, "TransactWriteItems", table) from error
    return True
