"""The one transaction that counts a group of visits to a site, as a request.

Pure: visits and what they move in, a TransactWriteItems request out.

    Put     visitReceipts    a receipt for each visit, if it is absent
    Update  siteVisits       visits + n; it must exist and be a number
    Update  visitRollups     each bucket, its increments merged; made if absent

At most 100 actions, each of another item (DynamoDB API Reference, TransactWriteItems).
"""

from collections.abc import Iterable, Mapping, Sequence

from footfall.counters.port import TRANSACTION_ACTIONS_MAX
from footfall.counters.tables import (
    BUCKET,
    COUNTED_AT,
    EXPIRES_AT,
    GROUP,
    PAGE,
    RECEIPT,
    SITE_URL,
    VISITS,
    Request,
    Tables,
)
from footfall.visits.dimensions import total_moves
from footfall.visits.visit import Visit

# A receipt lives this much longer than its id's window, so that every receipt of an
# hour inside the window is there when `verify` counts them.
RECEIPT_SLACK_SECONDS = 3_600

Increments = dict[str, dict[str, int]]  # bucket -> attribute -> amount

_RECEIPT_ABSENT = f"attribute_not_exists({RECEIPT})"
_ADD_VISITS = f"SET {VISITS} = {VISITS} + :visits"


def receipt_key(site: str, id: str) -> str:
    """The key of a visit's receipt: the site first, so that a site's ids are near."""
    return f"{site} {id}"


def increments(visits: Sequence[Visit], pages: Iterable[tuple[str, str]]) -> Increments:
    """What the visits add to each bucket of `visitRollups`.

    Args:
        visits: Visits to one site.
        pages: The bucket and the attribute of each visit's page, in order.
    """
    moved: Increments = {}
    for visit, (page_bucket, page) in zip(visits, pages, strict=True):
        bucket, attributes = total_moves(visit)
        totals = moved.setdefault(bucket, {})
        for attribute in attributes:
            totals[attribute] = totals.get(attribute, 0) + 1
        values = moved.setdefault(page_bucket, {})
        values[page] = values.get(page, 0) + 1
    return moved


def split(
    visits: Sequence[Visit], pages: Sequence[tuple[str, str]]
) -> list[tuple[list[Visit], Increments]]:
    """The visits in as few transactions as DynamoDB's bound of actions allows."""
    groups = []
    start, buckets = 0, set[str]()
    for index, (visit, (page_bucket, _)) in enumerate(zip(visits, pages, strict=True)):
        more = buckets | {total_moves(visit)[0], page_bucket}
        # The receipts with this one, the site's own item, and the buckets.
        if index - start + 1 + 1 + len(more) > TRANSACTION_ACTIONS_MAX:
            groups.append((start, index))
            start, more = index, {total_moves(visit)[0], page_bucket}
        buckets = more
    groups.append((start, len(visits)))
    return [
        (list(visits[start:end]), increments(visits[start:end], pages[start:end]))
        for start, end in groups
        if start < end
    ]


def transaction(
    tables: Tables,
    window_seconds: int,
    visits: Sequence[Visit],
    moved: Increments,
    token: str,
) -> Request:
    """The TransactWriteItems request that counts `visits`, all of one site.

    Args:
        tables: The tables' names.
        window_seconds: How long the receipts' ids are remembered.
        visits: Visits with distinct ids; their Puts come first, in this order.
        moved: What they add, of `increments`.
        token: The group's id, in each receipt and as the ClientRequestToken.
    """
    site = visits[0].site.url
    life_seconds = window_seconds + RECEIPT_SLACK_SECONDS
    group = {"S": token}
    actions: list[Request] = [
        {
            "Put": {
                "TableName": tables.visit_receipts,
                "Item": {
                    RECEIPT: {"S": receipt_key(site, visit.id)},
                    COUNTED_AT: {"N": str(visit.at_ms)},
                    PAGE: {"S": visit.page},
                    GROUP: group,
                    EXPIRES_AT: {"N": str(visit.at_ms // 1000 + life_seconds)},
                },
                "ConditionExpression": _RECEIPT_ABSENT,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }
        for visit in visits
    ]
    actions.append(
        {
            "Update": {
                "TableName": tables.site_visits,
                "Key": {SITE_URL: {"S": site}},
                "UpdateExpression": _ADD_VISITS,
                "ExpressionAttributeValues": {":visits": {"N": str(len(visits))}},
            }
        }
    )
    actions += [
        _add(tables.visit_rollups, site, bucket, amounts)
        for bucket, amounts in moved.items()
    ]
    return {"TransactItems": actions, "ClientRequestToken": token}


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
