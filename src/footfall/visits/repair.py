"""Mending what can be derived, while visits go on arriving.

What a hand or a fault has moved is derived from what is surer, in this order:

    an hour within the window    from its receipts
    a day's visitors             from its readers' markers, as long as they are kept
    a day's events and robots    what they lack of their receipts goes under `other`
    a day                        from its hours
    a day's pages                what they lack goes under `other`
    what is noted as folded      from the shards
    a shard                      from its days; what it had too much is the site's own
    the baseline                 from the number and the days

A site's total is never changed: it is what its readers have seen. What a breakdown has
too much stays, since nobody can tell which value it is. Each write has the condition
that its number is still the one that was compared; where a visit, or another repair,
moved it meanwhile nothing is written, and the next repair mends it.
"""

import uuid

from footfall.counters.port import (
    Store,
    reason_codes,
    retry_conflicts,
    store_errors,
    translate,
)
from footfall.counters.tables import (
    BASELINE,
    BUCKET,
    FOLDED,
    SITE_URL,
    VISITS,
    Request,
)
from footfall.errors import FootfallError
from footfall.visits.baseline import baseline_key, number_in, read_item
from footfall.visits.comparison import (
    Comparison,
    Place,
    ShardSum,
    compare_sites,
)
from footfall.visits.dimensions import (
    DAY,
    OTHER,
    PAGE,
    TOTAL_PREFIX,
    VISITORS,
    bucket_prefix,
    day_of,
)
from footfall.visits.receipts import APART
from footfall.visits.site import Site
from footfall.visits.transaction import total_address

_PART = "#00"  # of a dimension; what has no page of its own may be in any


def repair(store: Store, site: Site, now_ms: int) -> tuple[str, ...]:
    """Mend what can be derived of a site's numbers.

    Returns:
        What was done, a sentence each; nothing when nothing could be.

    Raises:
        SiteNotFoundError: The site is gone.
        NotANumberError: Its number is not one.
        ThrottledError: Some may be mended. Repair again after a pause.
        IndeterminateError: No answer came. Repair again.
    """
    done: list[str] = []
    for mend in (
        _mend_by_receipts,
        _mend_days,
        _mend_pages,
        _mend_shards,
        _mend_baseline,
    ):
        # Compared anew: each step changes what the next compares.
        done += mend(store, _compared(store, site, now_ms))
    return tuple(done)


def _compared(store: Store, site: Site, now_ms: int) -> Comparison:
    (compared,) = compare_sites(store, [site], now_ms)
    if isinstance(compared, FootfallError):
        raise compared
    return compared


def _mend_by_receipts(store: Store, compared: Comparison) -> list[str]:
    return [
        *_mend_hours(store, compared),
        *_mend_visitors(store, compared),
        *(done for kind in APART for done in _mend_apart(store, compared, kind)),
    ]


def _mend_hours(store: Store, compared: Comparison) -> list[str]:
    done = []
    for day, hour in compared.wrong_hours():
        if compared.moved_hour((day, hour)):
            continue
        before = compared.after.hours[day, hour]
        receipts = compared.receipts.views[day, hour]
        place = (TOTAL_PREFIX + day, hour)
        if _add(store, compared, place, compared.after.own[place], receipts - before):
            done.append(f"{day} hour {hour} was {before} and is {receipts} now")
    return done


def _mend_visitors(store: Store, compared: Comparison) -> list[str]:
    done = []
    for day in compared.wrong_visitors():
        before = compared.after.visitors[day]
        if compared.before.visitors[day] != before:
            continue
        markers = compared.receipts.markers[day]
        place = (TOTAL_PREFIX + day, VISITORS)
        if _add(store, compared, place, compared.after.own[place], markers - before):
            done.append(f"{day} had {before} visitors and has {markers} now")
    return done


def _mend_apart(store: Store, compared: Comparison, kind: str) -> list[str]:
    done = []
    for day in compared.wrong_apart(kind):
        counted = compared.after.apart[kind][day]
        lacking = compared.receipts.apart[kind][day] - counted
        if compared.before.apart[kind][day] != counted or lacking < 0:
            continue  # which of them is too many, nobody can tell
        place = (f"{bucket_prefix(kind)}{day}{_PART}", OTHER)
        if _add(store, compared, place, compared.after.own[place], lacking):
            done.append(f"{lacking} of {day} that {kind} lacked are under {OTHER}")
    return done


def _mend_days(store: Store, compared: Comparison) -> list[str]:
    done = []
    for name, (before, hours) in sorted(compared.after.unequal.items()):
        if compared.moved_day(day_of(name)):
            continue
        bucket = _bucket(store, compared.site, name)
        if _set(store, bucket, DAY, before, hours):
            day = name.removeprefix(TOTAL_PREFIX)
            done.append(f"{day} was {before} and is {hours} now")
    return done


def _mend_pages(store: Store, compared: Comparison) -> list[str]:
    done = []
    for day in compared.wrong_pages():
        lacking = compared.after.paged[day] - compared.values[PAGE][day]
        if compared.moved_day(day) or lacking < 0:
            continue  # which page has too many, nobody can tell
        place = (f"{bucket_prefix(PAGE)}{day}{_PART}", OTHER)
        if _add(store, compared, place, compared.pages.own[place], lacking):
            done.append(f"{lacking} visits of {day} without a page are under {OTHER}")
    return done


def _mend_shards(store: Store, compared: Comparison) -> list[str]:
    site = compared.site.url
    done = []
    noted, folded, after = compared.folded
    address = {"TableName": store.tables.settings, "Key": baseline_key(site)}
    if noted == after != folded and _set(store, address, FOLDED, noted, folded):
        done.append(f"{noted} visits were noted as folded and {folded} are now")
    done += [
        f"shard {shard.shard} counted {shard.difference} too much, which are the site's"
        f" own now"
        for shard in compared.shards[1:]
        if shard.difference and _give_to_site(store, site, shard)
    ]
    return done


def _give_to_site(store: Store, site: str, shard: ShardSum) -> bool:
    """Move what a shard counts too much into the site's item; the total stays."""
    own = total_address(store.tables, site, shard.shard)
    item = read_item(store, own["TableName"], own["Key"])
    if not item or number_in(item, VISITS) + number_in(item, FOLDED) != shard.counts:
        return False
    amount = {":amount": {"N": str(shard.difference)}}
    names = {"#visits": VISITS}
    out_of: Request = {
        **own,
        "UpdateExpression": "SET #visits = #visits - :amount",
        "ConditionExpression": "#visits = :visits AND #folded = :folded",
        "ExpressionAttributeNames": {**names, "#folded": FOLDED},
        "ExpressionAttributeValues": {
            **amount,
            ":visits": item[VISITS],
            ":folded": item[FOLDED],
        },
    }
    into: Request = {
        **total_address(store.tables, site, 0),
        "UpdateExpression": "SET #visits = #visits + :amount",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": amount,
    }
    request = {
        "TransactItems": [{"Update": out_of}, {"Update": into}],
        "ClientRequestToken": str(uuid.uuid4()),
    }
    try:
        retry_conflicts(
            store.client, lambda: store.client.transact_write_items(**request)
        )
    except store_errors(store.client) as error:
        if "ConditionalCheckFailed" in reason_codes(error):
            return False
        raise translate(error, "TransactWriteItems", own["TableName"]) from error
    return True


def _mend_baseline(store: Store, compared: Comparison) -> list[str]:
    site = compared.site.url
    difference = compared.shards[0].difference
    baseline = compared.shards[0].baseline
    address = {"TableName": store.tables.settings, "Key": baseline_key(site)}
    if difference and _set(store, address, BASELINE, baseline, baseline + difference):
        return [f"the baseline was {baseline} and is {baseline + difference} now"]
    return []


def _bucket(store: Store, site: Site, name: str) -> Request:
    return {
        "TableName": store.tables.visit_rollups,
        "Key": {SITE_URL: {"S": site.url}, BUCKET: {"S": name}},
    }


def _add(
    store: Store, compared: Comparison, place: Place, stored: int, amount: int
) -> bool:
    """Add to a number; False if it is no longer what it was when it was compared."""
    bucket, attribute = place
    address = _bucket(store, compared.site, bucket)
    return _set(store, address, attribute, stored, stored + amount)


def _set(
    store: Store, address: Request, attribute: str, before: int, after: int
) -> bool:
    """Set a number of an item from what it was; False if it has moved since."""
    unmoved = "#number = :before"
    if before == 0:
        unmoved += " OR attribute_not_exists(#number)"
    try:
        retry_conflicts(
            store.client,
            lambda: store.client.update_item(
                **address,
                UpdateExpression="SET #number = :after",
                ConditionExpression=unmoved,
                ExpressionAttributeNames={"#number": attribute},
                ExpressionAttributeValues={
                    ":before": {"N": str(before)},
                    ":after": {"N": str(after)},
                },
            ),
        )
    except store.client.exceptions.ConditionalCheckFailedException:
        return False
    except store_errors(store.client) as error:
        raise translate(error, "UpdateItem", address["TableName"]) from error
    return True
