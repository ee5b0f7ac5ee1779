"""What a day was broken down by, as another counter summed it: counted once for each day.

    footfallSettings    import SITE    values browser 2023-02-09 00    lines: 8 bytes that
                                                                       tell the values

Such sums cannot be told from one another line by line, as those of a log can. So a day's
values of a dimension count the first time that they come; the same again count nothing,
and others (an export made later that day) are left, and said: what the day has more is
in its number (`transfer.day_totals`), and in no breakdown.

A day has no more of any breakdown than visits, as `footfall verify` proves. Elsewhere a
session that lasts past midnight counts whole under its first day: what is too much is
taken from the largest value.
"""

import hashlib
from collections.abc import Mapping

from footfall.counters.port import (
    Item,
    Store,
    reason_codes,
    retry_conflicts,
    store_errors,
)
from footfall.counters.tables import BUCKET, KIND, LINES, NAME, SITE_URL, Request
from footfall.errors import IndeterminateError
from footfall.transfer.day_totals import count_day, imported_of
from footfall.transfer.document import Values
from footfall.transfer.entries import refuse
from footfall.transfer.moves import Step, Sum, import_actions, values_steps
from footfall.transfer.refusals import explained
from footfall.visits.baseline import number_in, read_item
from footfall.visits.comparison import OF_VIEWS
from footfall.visits.dimensions import (
    HOUR_NAMES,
    IMPORTED_PREFIX,
    PAGE,
    TOTAL_PREFIX,
    UNHOURED,
    UNPAGED,
    VISITORS,
)
from footfall.visits.imported import note_key, notes
from footfall.visits.site import Site

VISITOR = "visitor"  # a day's distinct readers: one value, without a name

COUNTED, AGAIN, CHANGED = "counted", "again", "changed"

_TRIES_MAX = 5  # of a transaction whose answer is lost


def count_values(
    store: Store, site: Site, day: str, dimension: str, values: Mapping[str, int]
) -> str:
    """Count a day's values of a dimension, unless some were counted before.

    Args:
        store: Where the site is; it has its baseline.
        site: The site.
        day: The day; its visits are counted before, but for its pages'.
        dimension: A dimension, or `VISITOR`.
        values: The number of each value, all of the day's.

    Returns:
        COUNTED, AGAIN if these very values had been before, CHANGED if others had.

    Raises:
        InvalidInputError: The day has no visits that these could be of.
        ThrottledError, UnavailableError, IndeterminateError: Import the file again.
    """
    told = {value: number for value, number in sorted(values.items()) if number}
    digest = _digest(told)
    prefix = f"values {dimension} {day} "
    before = {
        each[NAME]["S"]: bytes(each[LINES]["B"])
        for each in notes(store, site.url, prefix)
    }
    if any(each != digest for each in before.values()):
        return CHANGED
    if not before:
        _require_visits(store, site, day, dimension, told)
    if dimension in OF_VIEWS:
        told = _fitted(told, _imported_views(store, site, day))
    is_new = False
    for number, step in enumerate(_steps(day, dimension, told)):
        name = f"{prefix}{number:02d}"
        if name not in before and _write(store, site, name, digest, step):
            is_new = True
    return COUNTED if is_new else AGAIN


def _require_visits(
    store: Store, site: Site, day: str, dimension: str, told: Mapping[str, int]
) -> None:
    views = sum(told.values())
    if dimension == PAGE:
        if views > imported_of(store, site, day):
            count_day(store, site, day, views)
        item = _total(store, site, day)
        if views > number_in(item, UNPAGED):
            raise refuse(
                f"is of {day}, whose pages were imported from elsewhere already"
            )
    elif dimension in OF_VIEWS and views and not _imported_views(store, site, day):
        raise refuse(
            f"is of {day}, which has no visits that were imported; import"
            f" imported_visitors and imported_pages first, or the whole archive"
        )


def _imported_views(store: Store, site: Site, day: str) -> int:
    """How much of a day was imported."""
    item = _total(store, site, day)
    return number_in(item, UNHOURED) + sum(
        number_in(item, IMPORTED_PREFIX + hour) for hour in HOUR_NAMES
    )


def _total(store: Store, site: Site, day: str) -> Item:
    key = {SITE_URL: {"S": site.url}, BUCKET: {"S": TOTAL_PREFIX + day}}
    return read_item(store, store.tables.visit_rollups, key)


def _fitted(told: Mapping[str, int], visits: int) -> dict[str, int]:
    """The same values, but no more than visits."""
    fitted, too_many = dict(told), sum(told.values()) - visits
    for value in sorted(told, key=lambda each: -told[each]):
        if too_many <= 0:
            break
        less = min(too_many, fitted[value])
        fitted[value] -= less
        too_many -= less
    return {value: number for value, number in fitted.items() if number}


def _steps(day: str, dimension: str, told: Mapping[str, int]) -> list[Step]:
    if dimension == VISITOR:
        number = sum(told.values())
        amounts = {VISITORS: number, IMPORTED_PREFIX + VISITORS: number}
        return [Step({TOTAL_PREFIX + day: amounts})] if number else []
    return list(values_steps(Values(day, dimension, dict(told))))


def _write(store: Store, site: Site, name: str, digest: bytes, step: Step) -> bool:
    """Add a step; False if another import has."""
    added = Sum()
    added.add(step)
    note: Request = {
        "Put": {
            "TableName": store.tables.settings,
            "Item": {**note_key(site.url, name), LINES: {"B": digest}},
            "ConditionExpression": "attribute_not_exists(#kind)",
            "ExpressionAttributeNames": {"#kind": KIND},
        }
    }
    actions = import_actions(store.tables, site.url, added, note)
    for attempt in range(1, _TRIES_MAX + 1):
        try:
            retry_conflicts(
                store.client,
                lambda: store.client.transact_write_items(TransactItems=actions),
            )
        except store_errors(store.client) as error:
            if reason_codes(error)[:1] == ["ConditionalCheckFailed"]:
                return attempt > 1  # the answer of an earlier try was lost
            failed = explained(store, site.url, error)
            if not isinstance(failed, IndeterminateError) or attempt == _TRIES_MAX:
                raise failed from error
        else:
            break
    return True


def _digest(told: Mapping[str, int]) -> bytes:
    said = "\n".join(f"{number} {value}" for value, number in told.items())
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=8).digest()
