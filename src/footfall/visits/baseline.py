"""A site's baseline: the number it had before its days were counted.

    visits = baseline + the sum of the days        always (G4)

A site that is added here starts with a baseline of its starting number. A site made
by hand, as in the recipe, has a number and no days: its baseline is stored when it is
first seen, in a transaction that fails if the number moved meanwhile.
"""

from datetime import date

from footfall.counters.names import describe_key
from footfall.counters.port import (
    Item,
    Store,
    cancellation_reasons,
    retry_conflicts,
    store_errors,
    translate,
    translate_read,
)
from footfall.counters.tables import (
    BASELINE,
    IMPORTED,
    KEPT_FROM,
    KIND,
    NAME,
    SITE_URL,
    VISITS,
    Request,
)
from footfall.errors import (
    NotANumberError,
    SiteNotFoundError,
    ThrottledError,
)

BASELINE_KIND = "baseline"

_TRIES_MAX = 20  # the number moved between the read and the write so often


class Baselines:
    """Sees to it that a site has a baseline before its first visit is counted."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._known: set[str] = set()

    def ensure(self, site: str) -> None:
        """Store the site's baseline unless it has one; errors as `ensure_baseline`."""
        if site not in self._known:
            ensure_baseline(self.store, site)
            self._known.add(site)

    def forget(self) -> None:
        """Remember none: a site may be gone, and there again."""
        self._known.clear()


def ensure_baseline(store: Store, site: str) -> None:
    """Store the site's baseline unless it has one.

    Raises:
        SiteNotFoundError: `siteVisits` has no such item.
        NotANumberError: Its number is not one.
        ThrottledError: Nothing was written. Retry after a pause.
        IndeterminateError: No answer came. Retry.
    """
    for _ in range(_TRIES_MAX):
        if read_baseline(store, site) is not None:
            return
        visits = read_visits(store, site)
        if _store_baseline(store, site, visits):
            return
    raise ThrottledError("TransactWriteItems")


def baseline_item(site: str, visits: int, kept_from: str = "") -> Item:
    """The item of `footfallSettings` that holds a site's baseline.

    Args:
        site: The site's address.
        visits: The baseline.
        kept_from: The first day that was kept when older ones were taken away.
    """
    item = {**baseline_key(site), BASELINE: {"N": str(visits)}}
    return {**item, KEPT_FROM: {"S": kept_from}} if kept_from else item


def baseline_key(site: str) -> Item:
    """The key of a site's baseline in `footfallSettings`."""
    return {KIND: {"S": BASELINE_KIND}, NAME: {"S": site}}


def read_baseline(store: Store, site: str) -> int | None:
    """The site's baseline, None if it has none yet."""
    item = read_item(store, store.tables.settings, baseline_key(site))
    return int(item[BASELINE]["N"]) if item else None


def read_kept_from(store: Store, site: str) -> date | None:
    """The first day that was kept when older ones were taken away; None if none were.

    Raises:
        UnavailableError: The store is away.
    """
    item = read_item(store, store.tables.settings, baseline_key(site))
    return date.fromisoformat(item[KEPT_FROM]["S"]) if KEPT_FROM in item else None


def read_imported(store: Store, site: str) -> int:
    """A number that grows whenever days of long ago move.

    It does so in the transaction that moves them: an import's, or one that takes days
    away (`visits.retention`). Whoever reads such days beside others compares it.
    """
    item = read_item(store, store.tables.settings, baseline_key(site))
    return number_in(item, IMPORTED)


def read_visits(store: Store, site: str) -> int:
    """The number in the site's own item of `siteVisits`.

    Raises:
        SiteNotFoundError: There is no such item.
        NotANumberError: Its `visits` is missing or is no number.
        UnavailableError: The store is away.
    """
    item = read_item(store, store.tables.site_visits, {SITE_URL: {"S": site}})
    if not item:
        raise SiteNotFoundError(site)
    return visits_in(store, item)


def visits_in(store: Store, item: Item) -> int:
    """The number in an item of `siteVisits`; NotANumberError if it has none."""
    number = item.get(VISITS, {}).get("N")
    if number is None or not _is_whole(number):
        site = item[SITE_URL]["S"]
        raise NotANumberError(
            describe_key(store.tables.site_visits, {SITE_URL: site}),
            VISITS,
            f"run `footfall sites repair {site}`",
        )
    return int(number)


def _is_whole(number: str) -> bool:
    return number.removeprefix("-").isdigit()


def number_in(item: Item, attribute: str) -> int:
    """An attribute's number; 0 where the item has none."""
    return int(item.get(attribute, {}).get("N", "0"))


def read_item(store: Store, table: str, key: Item) -> Item:
    """The item at `key`, read consistently; {} if there is none.

    Raises:
        TableNotFoundError: The table is missing.
        UnavailableError: The store is away.
    """
    try:
        answer = store.client.get_item(TableName=table, Key=key, ConsistentRead=True)
    except store_errors(store.client) as error:
        raise translate_read(error, "GetItem", table) from error
    item: Item = answer.get("Item", {})
    return item


def _store_baseline(store: Store, site: str, visits: int) -> bool:
    """Whether the baseline is stored now; False if the number moved meanwhile."""
    unmoved: Request = {
        "TableName": store.tables.site_visits,
        "Key": {SITE_URL: {"S": site}},
        "ConditionExpression": "#visits = :visits",
        "ExpressionAttributeNames": {"#visits": VISITS},
        "ExpressionAttributeValues": {":visits": {"N": str(visits)}},
    }
    absent: Request = {
        "TableName": store.tables.settings,
        "Item": baseline_item(site, visits),
        "ConditionExpression": "attribute_not_exists(#kind)",
        "ExpressionAttributeNames": {"#kind": KIND},
    }
    try:
        retry_conflicts(
            store.client,
            lambda: store.client.transact_write_items(
                TransactItems=[{"ConditionCheck": unmoved}, {"Put": absent}]
            ),
        )
    except store_errors(store.client) as error:
        codes = {reason.get("Code") for reason in cancellation_reasons(error)}
        if "ConditionalCheckFailed" in codes:
            return False
        raise translate(error, "TransactWriteItems", store.tables.settings) from error
    return True
