"""A site's export: all that is kept of it but its receipts, exact at one moment.

The lines stream: memory holds the days that visits can still reach, and one day of one
dimension (`transfer.moment` says how they are read, `transfer.document` how they are
written). The notes of what was imported go along, so that no log counts twice in the site
that is made of the export. Receipts, and the markers of a day's readers, stay: they are
for the window alone, and expire.

What was read is compared as it goes by. An export of numbers that somebody moved by
hand is written all the same, and says what does not agree.
"""

from collections import Counter as Tally
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby

from footfall.counters.port import Item, Store
from footfall.counters.tables import BUCKET, LINES, NAME, VALUE
from footfall.transfer.document import (
    Day,
    End,
    Header,
    Line,
    Note,
    Values,
    header_of,
)
from footfall.transfer.moment import (
    Moment,
    read_buckets,
    read_moment,
    require_unmoved,
)
from footfall.visits.baseline import number_in
from footfall.visits.dimensions import (
    BROKEN_DOWN,
    DAY,
    HOUR_NAMES,
    OTHER,
    PAGE,
    TOTAL_PREFIX,
    UNHOURED,
    UNPAGED,
    VALUE_PREFIX,
    VISITORS,
    bucket_prefix,
    day_of,
)
from footfall.visits.imported import EXPORT_NOTE, notes
from footfall.visits.report import values_in
from footfall.visits.site import Site


class Export:
    """A site's export; iterated once.

    Args:
        store: Where the site is.
        site: The site.
        id: What tells this export from any other.
        now_ms: When it begins, milliseconds since the epoch.

    Attributes:
        differences: After the last line: what does not agree, a sentence each.

    Raises:
        SiteNotFoundError: The site is gone.
        NotANumberError: Its number is not one.
        UnavailableError: The store is away.
    """

    def __init__(self, store: Store, site: Site, *, id: str, now_ms: int) -> None:
        self._store = store
        self._moment = read_moment(store, site, now_ms)
        self._id = id
        self._at = datetime.fromtimestamp(now_ms / 1000, UTC)
        self.differences: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Line]:
        """The lines, the header first, the end last.

        Raises:
            UnavailableError: The store is away, or an import counted meanwhile. What
                was told is not an export.
        """
        moment, paged, pages = self._moment, Tally[str](), Tally[str]()
        yield _header(moment, self._id, self._at)
        lines = days = visits = 0
        for note in _notes(self._store, moment.site):
            lines += 1
            yield note
        for day in _days(self._store, moment):
            lines, days, visits = lines + 1, days + 1, visits + day.visits
            paged[day.day] += day.visits - day.unpaged
            yield day
        for dimension in BROKEN_DOWN:
            for values in _values(self._store, moment, dimension):
                lines += 1
                if dimension == PAGE:
                    pages[values.day] += sum(values.values.values()) + values.other
                yield values
        require_unmoved(self._store, moment)
        self.differences = tuple(_differences(moment, visits, paged, pages))
        yield End(True, lines + 1, days, visits)


def _header(moment: Moment, id: str, at: datetime) -> Header:
    return header_of(
        moment.site,
        id,
        at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        baseline=moment.baseline,
        kept_from=moment.kept_from,
        visits=moment.visits,
    )


def _notes(store: Store, site: Site) -> Iterator[Note]:
    for item in notes(store, site.url):
        name = item[NAME]["S"]
        if name != EXPORT_NOTE:
            lines = bytes(item.get(LINES, {}).get("B", b""))
            yield Note(name, lines, number_in(item, VALUE))


def _days(store: Store, moment: Moment) -> Iterator[Day]:
    for day, items in _by_day(read_buckets(store, moment, TOTAL_PREFIX)):
        counted: Tally[str] = Tally()
        for item in items:
            for name in (DAY, VISITORS, UNPAGED, UNHOURED, *HOUR_NAMES):
                counted[name] += number_in(item, name)
        yield Day(
            day,
            counted[DAY],
            {hour: counted[hour] for hour in HOUR_NAMES if counted[hour]},
            counted[VISITORS],
            counted[UNPAGED],
            counted[UNHOURED],
        )


def _values(store: Store, moment: Moment, dimension: str) -> Iterator[Values]:
    for day, items in _by_day(read_buckets(store, moment, bucket_prefix(dimension))):
        counted: Tally[str] = Tally()
        for item in items:
            for attribute, visits in values_in(item):
                counted[attribute] += visits
        other = counted.pop(OTHER, 0)
        named = {
            attribute.removeprefix(VALUE_PREFIX): visits
            for attribute, visits in sorted(counted.items())
        }
        yield Values(day, dimension, named, other)


def _by_day(items: Iterator[Item]) -> Iterator[tuple[str, Iterator[Item]]]:
    return groupby(items, key=lambda item: day_of(item[BUCKET]["S"]))


def _differences(
    moment: Moment, visits: int, paged: Tally[str], pages: Tally[str]
) -> Iterator[str]:
    if moment.visits != moment.baseline + visits:
        yield (
            f"visits is {moment.visits}, but the baseline {moment.baseline} and the"
            f" days {visits} make {moment.baseline + visits}"
        )
    for day in sorted({*paged, *pages}):
        if paged[day] != pages[day]:
            yield f"{day} counts {paged[day]}, but its pages {pages[day]}"
