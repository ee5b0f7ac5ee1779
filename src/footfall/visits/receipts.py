"""What a site's receipts say: of views by hour and page, of events, robots and readers.

They stream by, once for all sites. Memory holds for each site some thirty numbers of the
window, and at most `FOLDS` a day of its pages: a page is counted under a hash of its
path, since strangers can make up any number of paths.
"""

import zlib
from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass, field

from footfall.counters.bulk import scan
from footfall.counters.port import Item, Store
from footfall.counters.tables import (
    COUNTED_AT,
    KIND,
    MOVED,
    PAGE,
    RECEIPT,
    Request,
)
from footfall.visits.dimensions import EVENT, ROBOT, local_hour, quarter_of
from footfall.visits.site import Site
from footfall.visits.transaction import receipt_key
from footfall.visits.visitors import marker_day, marker_prefix
from footfall.visits.window import (
    Hour,
    days_with_markers,
    hours_in_window,
    recent_days,
    whole_days,
)

# What is counted beside the views, each with a receipt of its kind.
APART = (EVENT, ROBOT)

FOLDS = 1_024


@dataclass(slots=True)
class Receipts:
    """What the receipts of a site say, where they must all be there still.

    Attributes:
        views: Receipts of views, by hour.
        apart: Of "event" and "robot", by day.
        markers: Readers' markers, by day.
        pages: Receipts of the views of a day's pages, by the pages' folds.
    """

    views: Tally[Hour] = field(default_factory=Tally)
    apart: dict[str, Tally[str]] = field(
        default_factory=lambda: {kind: Tally() for kind in APART}
    )
    markers: Tally[str] = field(default_factory=Tally)
    pages: dict[str, Tally[int]] = field(default_factory=dict)


def count_receipts(
    store: Store, sites: Sequence[Site], now_ms: int
) -> dict[str, Receipts]:
    """What the receipts of each site say, by its address.

    Raises:
        UnavailableError: The store is away.
    """
    counts = {site.url: _ReceiptCount(store, site, now_ms) for site in sites}
    request: Request = {
        "TableName": store.tables.visit_receipts,
        "FilterExpression": "attribute_not_exists(#moved)",  # by an addition
        "ProjectionExpression": "#receipt, #at, #kind, #page",
        "ExpressionAttributeNames": {
            "#receipt": RECEIPT,
            "#at": COUNTED_AT,
            "#kind": KIND,
            "#page": PAGE,
            "#moved": MOVED,
        },
        "ConsistentRead": True,
    }
    if len(sites) == 1:
        request["FilterExpression"] += (
            " AND (begins_with(#receipt, :site) OR begins_with(#receipt, :marker))"
        )
        request["ExpressionAttributeValues"] = {
            ":site": {"S": receipt_key(sites[0].url, "")},
            ":marker": {"S": marker_prefix(sites[0].url)},
        }
    for item in scan(store.client, request):
        key = item[RECEIPT]["S"]
        marked = marker_day(key)
        # No site that counts has a space in it, nor the separator of a marker.
        site = key.partition(" ")[0] if marked is None else marked[0]
        if (count := counts.get(site)) is None:
            continue
        if marked is not None:
            count.add_marker(marked[1])
        elif COUNTED_AT in item:
            count.add(item)
    return {site: count.receipts for site, count in counts.items()}


def fold_of(page: str) -> int:
    """The number under which a page's receipts are counted."""
    return zlib.crc32(page.encode()) % FOLDS


class _ReceiptCount:
    """Counts the receipts of one site, where they must all be there."""

    def __init__(self, store: Store, site: Site, now_ms: int) -> None:
        self.receipts = Receipts()
        self._timezone = site.timezone
        self._hours = hours_in_window(store, site, now_ms)
        self._days = whole_days(self._hours)
        self._marked = days_with_markers(store, site, now_ms)
        self._recent = {day.isoformat() for day in recent_days(store, site, now_ms)}

    def add(self, item: Item) -> None:
        kind = item.get(KIND, {}).get("S")
        at_ms = int(item[COUNTED_AT]["N"])
        hour = local_hour(self._timezone, quarter_of(at_ms))
        if kind is not None and hour[0] in self._days:
            self.receipts.apart[kind][hour[0]] += 1
        elif kind is None and hour in self._hours:
            self.receipts.views[hour] += 1
        if PAGE in item and hour[0] in self._recent:
            pages = self.receipts.pages.setdefault(hour[0], Tally())
            pages[fold_of(item[PAGE]["S"])] += 1

    def add_marker(self, day: str) -> None:
        if day in self._marked:
            self.receipts.markers[day] += 1
