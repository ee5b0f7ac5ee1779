"""The sites that are counted: added, listed, changed, removed, mended.

A site is its item in `siteVisits`, as in the recipe; what else is known of it (time
zone, aliases, who may see it) is an item of `footfallSettings`. A table made by
hand has no settings, and its sites count in UTC.

Every change moves one version number, so that a running server learns of it by a
single cheap read.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from footfall.counters.bulk import delete_items, query, scan
from footfall.counters.counter import receipt_prefix
from footfall.counters.names import check_amount
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
    KIND,
    NAME,
    RECEIPT,
    SITE_URL,
    VERSION,
    VISITS,
    Request,
)
from footfall.errors import (
    AlreadyExistsError,
    FootfallError,
    InvalidInputError,
    SiteNotFoundError,
    StoreError,
)
from footfall.visits.baseline import baseline_item, baseline_key, read_item, read_visits
from footfall.visits.imported import note_keys
from footfall.visits.shards import read_shards
from footfall.visits.site import (
    DIMENSIONS,
    Site,
    SiteIndex,
    check_origins,
    check_rate_limit,
    check_retention_days,
    check_timezone,
    default_aliases,
    normalize_site_url,
)
from footfall.visits.site_settings import (
    SITE_KIND,
    change_request,
    setting_key,
    site_item,
    site_of,
)
from footfall.visits.transaction import receipt_key, total_address
from footfall.visits.visitors import marker_prefix

_VERSION_KEY: Item = {KIND: {"S": "sites"}, NAME: {"S": "version"}}

_DELETED_AT_ONCE = 100
_NO_PUBLIC_PAGE = (
    "a private site has no public page; make it one or the other, as by"
    " `footfall sites change URL --no-private --publish`"
)
_DIGITS_MAX = 38  # of a number in DynamoDB


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of a site's number.

    Attributes:
        site: The site's address.
        before: What `visits` held: its DynamoDB type and text, "S '0'".
        after: The number now.
        changed: Whether it was not a number before.
    """

    site: str
    before: str
    after: int
    changed: bool


def add_site(
    store: Store,
    url: str,
    *,
    visits: int = 0,
    timezone: str = "UTC",
    private: bool = False,
    dimensions: tuple[str, ...] = DIMENSIONS,
    origins: tuple[str, ...] = (),
    rate_limit: int = 0,
    retention_days: int = 0,
) -> Site:
    """Add a site that starts with `visits`.

    Its address is stored in one form (`normalize_site_url`); http and https, with and
    without www, are its aliases.

    Raises:
        InvalidInputError: The address, the number, the zone or a setting is not valid.
        AlreadyExistsError: The site is there. Nothing was written.
        StoreError: An earlier removal of it stopped half-way; remove it again.
        ThrottledError: Nothing was written. Retry after a pause.
        IndeterminateError: No answer came. List the sites.
    """
    check_start(visits)
    address = normalize_site_url(url)
    site = Site(
        address,
        check_timezone(timezone),
        private,
        default_aliases(address),
        dimensions,
        origins=check_origins(origins),
        rate_limit=check_rate_limit(rate_limit),
        retention_days=check_retention_days(retention_days),
    )
    create_site(store, site, visits)
    return site


def check_start(visits: int) -> int:
    """What a site may start with: a whole number, 0 or more.

    Raises:
        InvalidInputError: It is negative, or has more than a number's 38 digits.
    """
    if visits < 0:
        raise InvalidInputError("visits", "must be 0 or more")
    check_amount(visits, "visits")
    return visits


def create_site(
    store: Store,
    site: Site,
    visits: int,
    also: Sequence[Request] = (),
    kept_from: str = "",
) -> None:
    """Create a site exactly as it is given.

    Args:
        store: Where.
        site: Its address and settings, valid and in the form in which it is stored.
        visits: What it starts with.
        also: Further actions, done in the same transaction.
        kept_from: As `baseline_item`.

    Raises:
        As `add_site`; StoreError also when a condition of `also` fails.
    """
    address = site.url
    check_amount(visits, "visits")
    item = {SITE_URL: {"S": address}, VISITS: {"N": str(visits)}}
    absent = f"attribute_not_exists({SITE_URL})"
    new_setting = {
        "ConditionExpression": "attribute_not_exists(#kind)",
        "ExpressionAttributeNames": {"#kind": KIND},
    }
    actions: list[Request] = [
        _put(store.tables.site_visits, item, ConditionExpression=absent),
        _put(store.tables.settings, site_item(site), **new_setting),
        _put(
            store.tables.settings,
            baseline_item(address, visits, kept_from),
            **new_setting,
        ),
        _move_version(store),
        *also,
    ]
    codes = _write(store, actions)
    if codes and codes[0] == "ConditionalCheckFailed":
        raise AlreadyExistsError(f"the site {address!r}")
    if codes:
        raise StoreError(
            f"settings of {address!r} are left of a removal that stopped half-way;"
            f" run `footfall sites remove {address}` again, then add it"
        )


def load_sites(store: Store) -> SiteIndex:
    """All sites, with their settings.

    Raises:
        TableNotFoundError: A table is missing.
        UnavailableError: The store is away.
    """
    settings = {
        item[NAME]["S"]: item
        for item in query(
            store.client,
            {
                "TableName": store.tables.settings,
                "KeyConditionExpression": "#kind = :kind",
                "ExpressionAttributeNames": {"#kind": KIND},
                "ExpressionAttributeValues": {":kind": {"S": SITE_KIND}},
                "ConsistentRead": True,
            },
        )
    }
    items = scan(
        store.client,
        {
            "TableName": store.tables.site_visits,
            "ProjectionExpression": SITE_URL,
            "ConsistentRead": True,
        },
    )
    urls = [item[SITE_URL]["S"] for item in items]
    return SiteIndex(tuple(site_of(url, settings.get(url)) for url in urls))


def sites_version(store: Store) -> int:
    """A number that is another after every change of the sites by any process.

    Raises:
        TableNotFoundError: The table is missing.
        UnavailableError: The store is away.
    """
    item = read_item(store, store.tables.settings, _VERSION_KEY)
    return int(item[VERSION]["N"]) if item else 0


def change_site(
    store: Store,
    site: Site,
    *,
    private: bool | None = None,
    published: bool | None = None,
    dimensions: tuple[str, ...] | None = None,
    origins: tuple[str, ...] | None = None,
    rate_limit: int | None = None,
    retention_days: int | None = None,
) -> Site:
    """Change what an owner may change of a site; what is None stays as it is.

    One conditional write. It sets what is asked for alone, so two owners who change
    different things at once both have their way.

    Args:
        store: Where the site is.
        site: The site as it was read.
        private: Whether its total is hidden from the public.
        published: Whether its page is open to the public.
        dimensions: All that its visits are broken down by, in the order of
            `DIMENSIONS`. What was counted by others stays.
        origins: All whose pages may send visits; none is any.
        rate_limit: Visits a second that it is sent at most; 0 is no limit.
        retention_days: For how many days past days are kept; 0 is for ever.

    Returns:
        The site as it is now.

    Raises:
        InvalidInputError: It would be private and published at once, or a value is
            not valid.
        SiteNotFoundError: The site is gone.
        StoreError: Somebody changed the same list meanwhile; nothing was written.
        ThrottledError: Nothing was written. Retry after a pause.
        IndeterminateError: No answer came. Change it again.
    """
    if private and published:
        raise InvalidInputError("published", _NO_PUBLIC_PAGE)
    changes = _checked(
        private=private,
        published=published,
        dimensions=dimensions,
        origins=origins,
        rate_limit=rate_limit,
        retention_days=retention_days,
    )
    present = {
        "TableName": store.tables.site_visits,
        "Key": {SITE_URL: {"S": site.url}},
        "ConditionExpression": f"attribute_exists({SITE_URL})",
    }
    codes = _write(
        store,
        [
            {"ConditionCheck": present},
            change_request(store.tables.settings, site, changes),
            _move_version(store),
        ],
    )
    if codes and codes[0] == "ConditionalCheckFailed":
        raise SiteNotFoundError(site.url)
    setting = read_item(store, store.tables.settings, setting_key(site.url))
    now = site_of(site.url, setting or None)
    if not codes:
        return now
    raise _not_both(site, now, private, published)


def _not_both(
    site: Site, now: Site, private: bool | None, published: bool | None
) -> FootfallError:
    """Why a change could not be: of the site as it is now, read after it failed."""
    if (private and now.published) or (published and now.private):
        return InvalidInputError("published", _NO_PUBLIC_PAGE)
    return StoreError(
        f"somebody else changed the same settings of {site.url!r} at the same moment;"
        f" nothing was written: change it again"
    )


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "origins": check_origins,
    "rate_limit": check_rate_limit,
    "retention_days": check_retention_days,
}


def _checked(**asked: Any) -> dict[str, Any]:
    """What is asked for, as it is stored; what is None is not asked for."""
    return {
        field: _CHECKS[field](new) if field in _CHECKS else new
        for field, new in asked.items()
        if new is not None
    }


def remove_site(store: Store, site: Site) -> None:
    """Remove a site and all that was counted for it.

    Counting stops first; the settings go last. So a removal that was interrupted can
    be run again, and until then the site cannot be added.

    Raises:
        ThrottledError: Some of it may be left. Remove it again after a pause.
        IndeterminateError: No answer came. Remove it again.
        UnavailableError: The store is away. Remove it again.
    """
    keep = _put(store.tables.settings, site_item(site))
    # Without its item and its shards' nobody can count for it.
    shards = [0, *(shard.number for shard in read_shards(store, site.url))]
    deletes = [
        {"Delete": total_address(store.tables, site.url, shard)} for shard in shards
    ]
    _write(store, [keep, _move_version(store), *deletes])
    _delete_all(store, store.tables.visit_rollups, _rollup_keys(store, site))
    _delete_all(store, store.tables.visit_receipts, _receipt_keys(store, site))
    _delete_all(store, store.tables.settings, note_keys(store, site.url))
    settings = [setting_key(site.url), baseline_key(site.url)]
    delete_items(store.client, store.tables.settings, settings)


def interrupted_removal(store: Store, url: str) -> Site | None:
    """The site whose removal stopped half-way, None if none did.

    Raises:
        UnavailableError: The store is away.
    """
    setting = read_item(store, store.tables.settings, setting_key(url))
    gone = not read_item(store, store.tables.site_visits, {SITE_URL: {"S": url}})
    return site_of(url, setting) if setting and gone else None


def site_to_remove(store: Store, name: str) -> Site:
    """The site that somebody names to remove; also one whose removal stopped half-way.

    Raises:
        SiteNotFoundError: There is neither.
        UnavailableError: The store is away.
    """
    try:
        return load_sites(store).named(name)
    except SiteNotFoundError:
        # A table made by hand has its key as somebody wrote it.
        site = interrupted_removal(store, name) or interrupted_removal(
            store, normalize_site_url(name)
        )
        if site is None:
            raise
        return site


def repair_site(store: Store, site: Site) -> Repair:
    """Turn a `visits` that is a string of digits, or missing, into a number.

    The write is conditional on what was read, so a number that somebody sets
    meanwhile is never overwritten, and a repair that is repeated changes nothing.

    Raises:
        SiteNotFoundError: There is no such item.
        StoreError: `visits` holds no whole number in any form; it is left as it is.
        ThrottledError: Nothing was written. Retry after a pause.
        IndeterminateError: No answer came. Repair again.
    """
    key = {SITE_URL: {"S": site.url}}
    item = read_item(store, store.tables.site_visits, key)
    if not item:
        raise SiteNotFoundError(site.url)
    stored: dict[str, Any] | None = item.get(VISITS)
    after = _whole_number(stored, site.url)
    if stored is not None and "N" in stored and stored["N"] == str(after):
        return Repair(site.url, f"N {stored['N']}", after, changed=False)
    request: Request = {
        "TableName": store.tables.site_visits,
        "Key": key,
        "UpdateExpression": "SET #visits = :after",
        "ConditionExpression": "#visits = :before",
        "ExpressionAttributeNames": {"#visits": VISITS},
        "ExpressionAttributeValues": {":after": {"N": str(after)}, ":before": stored},
    }
    if stored is None:
        request["ConditionExpression"] = (
            f"attribute_exists({SITE_URL}) AND attribute_not_exists(#visits)"
        )
        del request["ExpressionAttributeValues"][":before"]
    try:
        retry_conflicts(store.client, lambda: store.client.update_item(**request))
    except store.client.exceptions.ConditionalCheckFailedException:
        # Somebody repaired it in between: what stands now is what counts.
        after = read_visits(store, site.url)
    except store_errors(store.client) as error:
        raise translate(error, "UpdateItem", store.tables.site_visits) from error
    before = "missing" if stored is None else _described(stored)
    return Repair(site.url, before, after, changed=True)


def _whole_number(stored: dict[str, Any] | None, site: str) -> int:
    if stored is None:
        return 0
    ((type_, value),) = stored.items()
    try:
        number = Decimal(value) if type_ in {"N", "S"} else None
    except InvalidOperation:
        number = None
    if (
        number is None
        or not number.is_finite()
        or number.adjusted() >= _DIGITS_MAX
        or number != int(number)
    ):
        raise StoreError(
            f"{VISITS!r} of {site!r} is {_described(stored)}, which is no whole number;"
            f" it was left as it is: set it to the number it should be"
        )
    return int(number)


def _described(stored: dict[str, Any]) -> str:
    ((type_, value),) = stored.items()
    return f"{type_} {value!r}"


def _put(table: str, item: Item, **condition: object) -> Request:
    return {"Put": {"TableName": table, "Item": item, **condition}}


def _move_version(store: Store) -> Request:
    return {
        "Update": {
            "TableName": store.tables.settings,
            "Key": _VERSION_KEY,
            "UpdateExpression": "ADD #version :one",
            "ExpressionAttributeNames": {"#version": VERSION},
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }


def _write(store: Store, actions: list[Request]) -> list[str]:
    """Run the transaction; the reasons' codes if a condition of it failed."""
    try:
        retry_conflicts(
            store.client,
            lambda: store.client.transact_write_items(TransactItems=actions),
        )
    except store_errors(store.client) as error:
        codes = reason_codes(error)
        if "ConditionalCheckFailed" in codes:
            return codes
        raise translate(error, "TransactWriteItems", store.tables.settings) from error
    return []


def _rollup_keys(store: Store, site: Site) -> Iterator[Item]:
    return query(
        store.client,
        {
            "TableName": store.tables.visit_rollups,
            "KeyConditionExpression": "#site = :site",
            "ProjectionExpression": "#site, #bucket",
            "ExpressionAttributeNames": {"#site": SITE_URL, "#bucket": BUCKET},
            "ExpressionAttributeValues": {":site": {"S": site.url}},
            "ConsistentRead": True,  # what was written a moment ago goes too
        },
    )


def _receipt_keys(store: Store, site: Site) -> Iterator[Item]:
    """The keys of its visits' receipts, its visitors' markers, and its additions'."""
    table = store.tables.site_visits
    return scan(
        store.client,
        {
            "TableName": store.tables.visit_receipts,
            "FilterExpression": (
                "begins_with(#receipt, :visits) OR begins_with(#receipt, :readers)"
                " OR begins_with(#receipt, :additions)"
            ),
            "ProjectionExpression": "#receipt",
            "ExpressionAttributeNames": {"#receipt": RECEIPT},
            "ExpressionAttributeValues": {
                ":visits": {"S": receipt_key(site.url, "")},
                ":readers": {"S": marker_prefix(site.url)},
                ":additions": {"S": receipt_prefix(table, {SITE_URL: {"S": site.url}})},
            },
            "ConsistentRead": True,
        },
    )


def _delete_all(store: Store, table: str, keys: Iterator[Item]) -> None:
    chunk: list[Item] = []
    for key in keys:
        chunk.append(key)
        if len(chunk) == _DELETED_AT_ONCE:
            delete_items(store.client, table, chunk)
            chunk = []
    delete_items(store.client, table, chunk)
