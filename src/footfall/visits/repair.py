"""Mending what can be derived, while visits go on arriving.

What a hand or a fault has moved is derived from what is surer, in this order:

    an hour within the window    from its receipts
    a day                        from its hours
    a day's pages                what they lack goes under `other`
    the baseline                 from the number and the days

A site's own number is never touched: it is what its readers have seen. Each write has
the condition that its number is still the one that was compared; where a visit moved
it meanwhile nothing is written, and the next repair mends it.
"""

from footfall.counters.port import (
    Store,
    retry_conflicts,
    store_errors,
    translate,
)
from footfall.counters.tables import BASELINE, BUCKET, SITE_URL, Request
from footfall.errors import FootfallError
from footfall.visits.baseline import baseline_key, read_item
from footfall.visits.dimensions import (
    DAY,
    OTHER,
    PAGE,
    TOTAL_PREFIX,
    bucket_prefix,
    day_of,
)
from footfall.visits.site import Site
from footfall.visits.verify import Comparison, compare_sites, number_in

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
    for mend in (_mend_hours, _mend_days, _mend_pages, _mend_baseline):
        # Compared anew: each step changes what the next compares.
        done += mend(store, _compared(store, site, now_ms))
    return tuple(done)


def _compared(store: Store, site: Site, now_ms: int) -> Comparison:
    (compared,) = compare_sites(store, [site], now_ms)
    if isinstance(compared, FootfallError):
        raise compared
    return compared


def _mend_hours(store: Store, compared: Comparison) -> list[str]:
    done = []
    for day, hour in compared.wrong_hours():
        if compared.moved_hour((day, hour)):
            continue
        before = compared.after.hours[day, hour]
        receipts = compared.receipts[day, hour]
        bucket = _bucket(store, compared.site, TOTAL_PREFIX + day)
        stored = number_in(read_item(store, bucket["TableName"], bucket["Key"]), hour)
        if _set(store, bucket, hour, stored, stored + receipts - before):
            done.append(f"{day} hour {hour} was {before} and is {receipts} now")
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
        lacking = compared.after.paged[day] - compared.pages[day]
        if compared.moved_day(day) or lacking < 0:
            continue  # which page has too many, nobody can tell
        bucket = _bucket(store, compared.site, f"{bucket_prefix(PAGE)}{day}{_PART}")
        stored = number_in(read_item(store, bucket["TableName"], bucket["Key"]), OTHER)
        if _set(store, bucket, OTHER, stored, stored + lacking):
            done.append(f"{lacking} visits of {day} without a page are under {OTHER}")
    return done


def _mend_baseline(store: Store, compared: Comparison) -> list[str]:
    site = compared.site.url
    difference = sum(shard.difference for shard in compared.shards)
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
