"""The one transaction that counts a group of visits to a site, as a request.

Pure: visits and what they move in, a TransactWriteItems request out.

    Put     visitReceipts    a receipt for each visit, if it is absent
    Put     visitReceipts    a marker for each new reader of the day, if it is absent
    Update  siteVisits       visits + n; it must exist and be a number
                             (or the shard's item, `visits.shards`, alike)
    Update  visitRollups     each bucket, its increments merged; made if absent

At most 100 actions, each of another item (DynamoDB API Reference, TransactWriteItems).
On the embedded engine a transaction has the whole group's: where visits of many pages
meet, they move the same few dozen items, and each is then written once.
"""

from collections import Counter as Tally
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType

from footfall.counters.port import TRANSACTION_ACTIONS_MAX, Item
from footfall.counters.tables import (
    BUCKET,
    COUNTED_AT,
    EXPIRES_AT,
    GROUP,
    KIND,
    PAGE,
    RECEIPT,
    SITE_URL,
    VISITS,
    Request,
    Tables,
)
from footfall.visits.dimensions import SHARD_PREFIX, VISITORS, is_paged
from footfall.visits.visit import Visit

# A receipt lives this much longer than its id's window, so that every receipt of an
# hour inside the window is there when `verify` counts them.
RECEIPT_SLACK_SECONDS = 3_600

Move = tuple[str, tuple[str, ...]]  # a bucket, and what counts up in it
Moves = list[Move]  # of a visit
Increments = dict[str, dict[str, int]]  # bucket -> attribute -> amount

NO_MARKERS: Mapping[str, int] = MappingProxyType({})

_RECEIPT_ABSENT = f"attribute_not_exists({RECEIPT})"
_ADD_VISITS = f"SET {VISITS} = {VISITS} + :visits"


def receipt_key(site: str, id: str) -> str:
    """The key of a visit's receipt: the site first, so that a site's ids are near."""
    return f"{site} {id}"


def increments(
    moves: Sequence[Moves], markers: Sequence[str | None]
) -> tuple[Increments, list[str]]:
    """What visits add to each bucket of `visitRollups`, merged, and their new readers.

    Args:
        moves: What each visit counts up; a view's total comes first. A move that many
            visits have may be one object, which is then merged once.
        markers: The marker of each visit's reader, None where it is known already.

    Returns:
        The increments, and each marker once.
    """
    merged: Increments = {}
    each = {id(move): move for move in chain.from_iterable(moves)}
    for number, visits in Tally(map(id, chain.from_iterable(moves))).items():
        bucket, attributes = each[number]
        amounts = merged.setdefault(bucket, {})
        for attribute in attributes:
            amounts[attribute] = amounts.get(attribute, 0) + visits
    readers: dict[str, None] = {}
    for of_visit, marker in zip(moves, markers, strict=True):
        if marker is not None and marker not in readers:
            readers[marker] = None
            amounts = merged[of_visit[0][0]]
            amounts[VISITORS] = amounts.get(VISITORS, 0) + 1
    return merged, list(readers)


def split(
    moves: Sequence[Moves],
    markers: Sequence[str | None],
    actions_max: int = TRANSACTION_ACTIONS_MAX,
) -> list[slice]:
    """The visits in as few transactions as the bound of actions allows."""
    everywhere = {bucket for of_visit in moves for bucket, _ in of_visit}
    if 1 + 2 * len(moves) + len(everywhere) <= actions_max:
        return [slice(0, len(moves))] if moves else []
    slices = []
    start, items = 0, set[str]()
    for index, (of_visit, marker) in enumerate(zip(moves, markers, strict=True)):
        own = {bucket for bucket, _ in of_visit}
        if marker is not None:
            own.add(marker)
        # The receipts with this one, the site's own item, and the other items.
        if index - start + 2 + len(items | own) > actions_max:
            slices.append(slice(start, index))
            start, items = index, own
        else:
            items |= own
    if start < len(moves):
        slices.append(slice(start, len(moves)))
    return slices


def transaction(
    tables: Tables,
    window_seconds: int,
    visits: Sequence[Visit],
    moved: Increments,
    token: str,
    *,
    shard: int = 0,
    markers: Mapping[str, int] = NO_MARKERS,
) -> Request:
    """The TransactWriteItems request that counts `visits`, all of one site.

    Args:
        tables: The tables' names.
        window_seconds: How long the receipts' ids are remembered.
        visits: Visits with distinct ids; their Puts come first, in this order.
        moved: What they add, of `increments`.
        token: The group's id, in each receipt and as the ClientRequestToken.
        shard: The shard that `moved` is of.
        markers: New readers' markers, and when each expires, in seconds since the
            epoch; their Puts come after the visits'.
    """
    site = visits[0].site.url
    life_seconds = window_seconds + RECEIPT_SLACK_SECONDS
    actions = [
        _put_absent(tables.visit_receipts, receipt)
        for receipt in _receipts(site, visits, life_seconds, token)
    ]
    actions += [
        _put_absent(
            tables.visit_receipts,
            # Without the group's id: nothing tells which of its visits are this reader's.
            {RECEIPT: {"S": key}, EXPIRES_AT: {"N": str(expires_at)}},
        )
        for key, expires_at in markers.items()
    ]
    views = sum(visit.kind == "view" for visit in visits)
    actions.append(
        {
            "Update": {
                **total_address(tables, site, shard),
                "UpdateExpression": _ADD_VISITS,
                "ExpressionAttributeValues": {":visits": {"N": str(views)}},
            }
        }
    )
    actions += [
        _add(tables.visit_rollups, site, bucket, amounts)
        for bucket, amounts in moved.items()
    ]
    return {"TransactItems": actions, "ClientRequestToken": token}


def total_address(tables: Tables, site: str, shard: int) -> Request:
    """The table and the key of the item that holds a shard's part of the total."""
    if not shard:
        return {"TableName": tables.site_visits, "Key": {SITE_URL: {"S": site}}}
    bucket = f"{SHARD_PREFIX}{shard:02d}"
    return {
        "TableName": tables.visit_rollups,
        "Key": {SITE_URL: {"S": site}, BUCKET: {"S": bucket}},
    }


def _receipts(
    site: str, visits: Sequence[Visit], life_seconds: int, token: str
) -> Iterator[Item]:
    """Each visit's receipt.

    Values that are alike are one object: a group's visits have few moments and pages,
    and what writes them knows an object that it has seen.
    """
    group = {"S": token}
    numbers: dict[int, dict[str, str]] = {}
    pages: dict[str, dict[str, str]] = {}
    for visit in visits:
        at_ms = visit.at_ms
        expires_at = at_ms // 1000 + life_seconds
        receipt: Item = {
            RECEIPT: {"S": receipt_key(site, visit.id)},
            COUNTED_AT: numbers.get(at_ms)
            or numbers.setdefault(at_ms, {"N": str(at_ms)}),
        }
        if visit.kind != "view":
            receipt[KIND] = {"S": visit.kind}
        if is_paged(visit):
            page = visit.page
            receipt[PAGE] = pages.get(page) or pages.setdefault(page, {"S": page})
        receipt[GROUP] = group
        receipt[EXPIRES_AT] = numbers.get(expires_at) or numbers.setdefault(
            expires_at, {"N": str(expires_at)}
        )
        yield receipt


def _put_absent(table: str, item: Item) -> Request:
    return {
        "Put": {
            "TableName": table,
            "Item": item,
            "ConditionExpression": _RECEIPT_ABSENT,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _add(table: str, site: str, bucket: str, amounts: Mapping[str, int]) -> Request:
    indexes = range(len(amounts))
    return {
        "Update": {
            "TableName": table,
            "Key": {SITE_URL: {"S": site}, BUCKET: {"S": bucket}},
            "UpdateExpression": "ADD " + ", ".join(f"#{i} :{i}" for i in indexes),
            "ExpressionAttributeNames": {
                f"#{i}": attribute for i, attribute in enumerate(amounts)
            },
            "ExpressionAttributeValues": {
                f":{i}": {"N": str(amount)} for i, amount in enumerate(amounts.values())
            },
        }
    }
