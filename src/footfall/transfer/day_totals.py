"""Totals by day, as a service that is gone left them: counted once for each day.

    date,visits            2026-11-24,120

A day's total has no hours and no pages: it counts as `unhoured` and `unpaged`. A note
holds what was imported of each day, so the same file counts nothing, and one that knows
more of a day (an export made later that day) counts what is more.
"""

import csv
import re
from collections.abc import Iterator, Sequence

from footfall.counters.port import (
    Store,
    reason_codes,
    retry_conflicts,
    store_errors,
)
from footfall.counters.tables import KIND, VALUE, Request
from footfall.errors import ThrottledError
from footfall.transfer.document import check_date
from footfall.transfer.entries import refuse
from footfall.transfer.moves import Step, Sum, import_actions
from footfall.transfer.refusals import explained
from footfall.visits.baseline import ensure_baseline, number_in, read_item
from footfall.visits.dimensions import DAY, TOTAL_PREFIX, UNHOURED, UNPAGED
from footfall.visits.imported import note_key
from footfall.visits.site import Site

VISITS_MAX = 10**12  # of a day

_DATES = ("date", "day")
_VISITS = ("visits", "views", "pageviews", "page views", "hits", "count", "total")
_TRIES_MAX = 8

Columns = tuple[int, int, int | None]  # the date's, the visits', the dimension's


def columns_of(header: Sequence[str]) -> Columns | None:
    """Where the date and the visits are; None if it is no header of day totals.

    The flat table of `footfall export --format csv` has the rows of other dimensions
    between: only its days are read.
    """
    names = [name.strip().lower() for name in header]
    date = next((names.index(name) for name in _DATES if name in names), None)
    visits = next((names.index(name) for name in _VISITS if name in names), None)
    if date is None or visits is None:
        return None
    return date, visits, names.index("dimension") if "dimension" in names else None


def parse_day(row: Sequence[str], columns: Columns) -> tuple[str, int] | str:
    """A row's day and its visits, or why it is filtered.

    Raises:
        InvalidInputError: It has none.
    """
    date, visits, dimension = columns
    if len(row) <= max(date, visits, dimension or 0):
        raise refuse(f"has {len(row)} fields, too few")
    if dimension is not None and row[dimension] != "day":
        return "dimension"
    number = row[visits].strip()
    if not re.fullmatch(r"[0-9]{1,13}", number) or int(number) > VISITS_MAX:
        raise refuse(f"has no number of visits: {number[:40]!r}")
    return check_date(row[date].strip()[:10], "date"), int(number)


def count_day(store: Store, site: Site, day: str, visits: int) -> int:
    """Count what of a day's total was not imported yet; how much that was.

    Raises:
        InvalidInputError: More was imported of it before.
        ThrottledError, UnavailableError, IndeterminateError: Import the file again.
    """
    ensure_baseline(store, site.url)
    for _ in range(_TRIES_MAX):
        before = imported_of(store, site, day)
        if visits < before:
            raise refuse(
                f"says {visits} visits on {day}, but {before} were imported before;"
                f" nothing is taken away"
            )
        if visits == before or _write(store, site, day, before, visits):
            return visits - before
    raise ThrottledError("TransactWriteItems")


def imported_of(store: Store, site: Site, day: str) -> int:
    """What was imported of a day's total so far; UnavailableError if nobody can tell."""
    key = note_key(site.url, f"day {day}")
    note = read_item(store, store.tables.settings, key)
    return number_in(note, VALUE)


def _write(store: Store, site: Site, day: str, before: int, visits: int) -> bool:
    """Add the difference; False if somebody else imported some of the day."""
    more = visits - before
    added = Sum()
    amounts = {DAY: more, UNHOURED: more, UNPAGED: more}
    added.add(Step({TOTAL_PREFIX + day: amounts}, more))
    actions = import_actions(
        store.tables, site.url, added, _note(store, site, day, before, visits)
    )
    try:
        retry_conflicts(
            store.client,
            lambda: store.client.transact_write_items(TransactItems=actions),
        )
    except store_errors(store.client) as error:
        if reason_codes(error)[:1] == ["ConditionalCheckFailed"]:
            return False
        raise explained(store, site.url, error) from error
    return True


def _note(store: Store, site: Site, day: str, before: int, visits: int) -> Request:
    key = note_key(site.url, f"day {day}")
    condition: Request = {
        "ConditionExpression": "attribute_not_exists(#kind)",
        "ExpressionAttributeNames": {"#kind": KIND},
    }
    if before:
        condition = {
            "ConditionExpression": "#value = :before",
            "ExpressionAttributeNames": {"#value": VALUE},
            "ExpressionAttributeValues": {":before": {"N": str(before)}},
        }
    item = {**key, VALUE: {"N": str(visits)}}
    return {"Put": {"TableName": store.tables.settings, "Item": item, **condition}}


def rows_of(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, each with the number of its last line.

    Raises:
        InvalidInputError: It is no CSV, such as one field without an end.
    """
    reader = csv.reader(lines)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise refuse(f"{reader.line_num} is no CSV: {error}") from None
        if row and row != [" "]:
            yield reader.line_num, row
