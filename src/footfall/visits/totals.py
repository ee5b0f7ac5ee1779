"""The total that is told with an outcome: a site's number at or after its visits.

It is read when the group is written. A site without shards has its number in its own
item; one with shards is summed (`visits.shards`). Whether a site has shards is looked
up once a second, so a number never leaves out what is more than a second old.
"""

from collections.abc import Callable, Iterable, Sequence

from footfall.counters.bulk import get_items
from footfall.counters.port import BATCH_GET_KEYS_MAX, Item, Response, Store
from footfall.counters.tables import SITE_URL, VISITS, Request
from footfall.errors import FootfallError
from footfall.visits.shards import shards_in, shards_request, sum_shards

LOOK_SECONDS = 1.0

Totals = dict[str, int]  # site -> its number; a site that cannot be read has none
Call = tuple[str, Request]


class TotalsReader:
    """Reads totals, and remembers which sites have shards.

    Args:
        store: Where the sites are.
        clock: Seconds that only grow.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._folded: dict[str, int] = {}  # of the sites that have shards
        self._looked_at: dict[str, float] = {}

    def read(self, sites: Iterable[str]) -> Totals:
        """The sites' numbers now; none where they cannot be read."""
        plain, totals = [], {}
        for site in sites:
            if not self._is_summed(site):
                plain.append(site)
                continue
            looked_at = self._clock()
            try:
                totals[site], folded = sum_shards(
                    self._store, site, self._folded.get(site, 0)
                )
            except FootfallError:
                continue  # what is counted stays counted: only its number is not told
            self._looked_at[site] = looked_at
            if folded is not None:
                self._folded[site] = folded
        try:
            items = get_items(
                self._store.client,
                self._store.tables.site_visits,
                [{SITE_URL: {"S": site}} for site in plain],
            )
        except FootfallError:
            return totals
        return totals | _numbers_in(items)

    def calls(self, sites: Sequence[str]) -> list[Call]:
        """What reads the totals within a batch, which sees one moment."""
        table = self._store.tables.site_visits
        keys = [{SITE_URL: {"S": site}} for site in sites]
        calls: list[Call] = []
        for start in range(0, len(keys), BATCH_GET_KEYS_MAX):
            some = {"Keys": keys[start : start + BATCH_GET_KEYS_MAX]}
            calls.append(("BatchGetItem", {"RequestItems": {table: some}}))
        calls += [
            ("Query", shards_request(self._store, site))
            for site in sites
            if self._is_summed(site)
        ]
        return calls

    def answered(
        self, calls: Iterable[Call], answers: Iterable[Response | Exception]
    ) -> Totals:
        """The totals in the answers to `calls`."""
        totals: Totals = {}
        for (operation, request), answer in zip(calls, answers, strict=True):
            if isinstance(answer, Exception):
                continue
            if operation == "BatchGetItem":
                table = self._store.tables.site_visits
                totals |= _numbers_in(answer["Responses"][table])
                continue
            site = request["ExpressionAttributeValues"][":site"]["S"]
            self._looked_at[site] = self._clock()
            shards = shards_in(answer["Items"])
            if shards:
                self._folded.setdefault(site, 0)
            if site in totals:
                totals[site] += sum(shard.visits for shard in shards)
        return totals

    def look_again(self, site: str) -> None:
        """Look for the site's shards at the next read: it is counted in one now."""
        self._looked_at.pop(site, None)

    def _is_summed(self, site: str) -> bool:
        """Whether the site has shards, or it is time to look again."""
        if site in self._folded:
            return True
        looked_at = self._looked_at.get(site)
        return looked_at is None or self._clock() - looked_at >= LOOK_SECONDS


def _numbers_in(items: Iterable[Item]) -> Totals:
    return {
        item[SITE_URL]["S"]: int(item[VISITS]["N"])
        for item in items
        if "N" in item.get(VISITS, {})
    }
