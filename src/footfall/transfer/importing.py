"""An import of a file: every line is counted, filtered or refused, and said.

Nothing is refused in silence: each line that cannot be read is told with its number and
what is wrong with it. A line that can be read and is no view of a page is filtered, with
the reason. The rest is counted, or had been by an earlier import.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import attrgetter

from footfall.counters.port import Store
from footfall.errors import InvalidInputError
from footfall.transfer import (
    day_totals,
    day_values,
    goatcounter,
    goatcounter_stats,
    plausible,
    umami,
)
from footfall.transfer.access_logs import Parse, parse_json_line, parse_log_line
from footfall.transfer.counting import LineCounter
from footfall.transfer.day_totals import count_day, imported_of
from footfall.transfer.day_values import VISITOR, count_values
from footfall.transfer.entries import Entry, PageViews, Parsed, refuse
from footfall.transfer.goatcounter_stats import Some, day_of_line, views_of
from footfall.transfer.lines import LINE_BYTES_MAX, TOO_LONG
from footfall.visits.baseline import ensure_baseline
from footfall.visits.site import Site

# A line's clock may be ahead of this machine's.
AHEAD_MS_MAX = 3_600_000

_PARSERS: dict[str, Parse] = {
    "combined": parse_log_line,
    "common": parse_log_line,
    "jsonl": parse_json_line,
}

OnRefused = Callable[[int, str], None]  # the line's number, and what is wrong with it


@dataclass(slots=True)
class Summary:
    """What became of a file's lines.

    Attributes:
        views: Visits that were counted.
        robots, events: Counted apart.
        again: Counted by an earlier import.
        values: Rows of a day's breakdowns that were counted.
        filtered: Lines that are no view of a page, by the reason.
        refused: Lines that could not be read.
    """

    views: int = 0
    robots: int = 0
    events: int = 0
    again: int = 0
    values: int = 0
    filtered: Tally[str] = field(default_factory=Tally)
    refused: int = 0


class Import:
    """Counts the lines of a file, or of the files of an archive, for a site.

    Args:
        store: Where the site is.
        views: The site, and what of it is no page.
        now_ms: Milliseconds since the epoch.
        on_refused: Told each line that cannot be read.
    """

    def __init__(
        self,
        store: Store,
        views: PageViews,
        now_ms: Callable[[], int],
        on_refused: OnRefused,
    ) -> None:
        self._store = store
        self._views = views
        self._site: Site = views.site
        self._now_ms = now_ms
        self._on_refused = on_refused
        self._summary = Summary()
        self._counter = LineCounter(store, self._site)
        self._meanings = goatcounter_stats.Meanings()
        self._number = 0

    def summary(self) -> Summary:
        """What became of the lines so far."""
        counter = self._counter
        self._summary.views, self._summary.again = counter.views, counter.again
        self._summary.robots, self._summary.events = counter.robots, counter.events
        return self._summary

    def count(self, lines: Iterable[bytes], format_: str, table: str = "") -> None:
        """Count a file's lines; the last may wait for `flush`.

        Args:
            lines: The lines, as `lines.lines_of` gives them.
            format_: One of `formats.FORMATS` but "auto" and "footfall".
            table: What the file is called in an export of several.

        Raises:
            SiteNotFoundError, NotANumberError: The site is gone, or its number is none.
            ThrottledError, UnavailableError, IndeterminateError: Some may be counted;
                import the file again to go on.
        """
        self._number = 0
        match format_:
            case "goatcounter" if table in goatcounter_stats.FILES:
                self._count_statistics(lines, table)
            case "goatcounter":
                self._count_goatcounter(lines)
            case "umami":
                self._count_umami(lines)
            case "plausible":
                self._count_plausible(lines)
            case "csv":
                self._count_days(lines)
            case _:
                self._count_lines(lines, _PARSERS[format_])

    def flush(self) -> None:
        """Count what waits, durably; errors as `count`."""
        self._counter.flush()

    def _count_lines(self, lines: Iterable[bytes], parse: Parse) -> None:
        views, latest_ms = self._views, self._now_ms() + AHEAD_MS_MAX
        for line in lines:
            self._number += 1
            if line == b" ":
                continue
            try:
                if line is TOO_LONG:
                    raise refuse(f"has more than {LINE_BYTES_MAX} bytes")
                parsed = parse(line.decode("utf-8", "replace"), views)
                if not isinstance(parsed, str) and parsed.at_ms > latest_ms:
                    latest_ms = self._now_ms() + AHEAD_MS_MAX  # a file that is followed
                self._take(parsed, latest_ms)
            except InvalidInputError as error:
                self._refuse(error)

    def _count_goatcounter(self, lines: Iterable[bytes]) -> None:
        rows = self._rows(lines)
        columns = goatcounter.columns_of(next(rows, [""]))
        latest_ms = self._now_ms() + AHEAD_MS_MAX
        for row in rows:
            try:
                self._take(goatcounter.parse_row(row, columns, self._site), latest_ms)
            except InvalidInputError as error:
                self._refuse(error)

    def _count_statistics(self, lines: Iterable[bytes], table: str) -> None:
        if goatcounter_stats.is_meaning(table):
            self._each(lines, partial(self._meanings.note, table))
        elif table == goatcounter_stats.VIEWS:
            self._each(lines, self._count_views)
        else:
            self.flush()  # a day has no more of a breakdown than visits
            self._count_sums(lines, table)

    def _each(self, lines: Iterable[bytes], act: Callable[[bytes], None]) -> None:
        for line in self._lines(lines):
            try:
                act(line)
            except InvalidInputError as error:
                self._refuse(error)

    def _count_views(self, line: bytes) -> None:
        latest_ms = self._now_ms() + AHEAD_MS_MAX
        for entry in views_of(line, self._meanings, self._site):
            self._take(entry, latest_ms)

    def _count_sums(self, lines: Iterable[bytes], table: str) -> None:
        some = self._some(lines, table)
        for (day, dimension), several in groupby(some, attrgetter("day", "dimension")):
            told: Tally[str] = Tally()
            for each in several:
                told[each.value] += each.views
            try:
                self._count_values(day, dimension, told)
            except InvalidInputError as error:
                self._refuse(error)

    def _some(self, lines: Iterable[bytes], table: str) -> Iterator[Some]:
        for line in self._lines(lines):
            try:
                found = day_of_line(line, table, self._meanings)
            except InvalidInputError as error:
                self._refuse(error)
                continue
            if isinstance(found, str):
                self._summary.filtered[found] += 1
            else:
                yield found

    def _lines(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self._number += 1
            if line not in (b" ", TOO_LONG):
                yield line

    def _count_umami(self, lines: Iterable[bytes]) -> None:
        rows = self._rows(lines)
        columns = umami.columns_of(next(rows, [""]))
        if columns is None:
            raise InvalidInputError(
                "line 1", "is no header of Umami's website_event.csv"
            )
        latest_ms = self._now_ms() + AHEAD_MS_MAX
        for row in rows:
            try:
                self._take(umami.parse_row(row, columns, self._views), latest_ms)
            except InvalidInputError as error:
                self._refuse(error)

    def _count_plausible(self, lines: Iterable[bytes]) -> None:
        rows = self._rows(lines)
        table = plausible.table_of(next(rows, [""]))
        if table is None:
            raise InvalidInputError(
                "line 1", "is no header of a table that Plausible exports"
            )
        ensure_baseline(self._store, self._site.url)
        for day, several in groupby(self._parsed(rows, table), lambda row: row.day):
            try:
                self._count_day_rows(day, table, list(several))
            except InvalidInputError as error:
                self._refuse(error)

    def _parsed(
        self, rows: Iterable[list[str]], table: plausible.Table
    ) -> Iterator[plausible.Row]:
        """A table's rows that can be read, each day's together."""
        days: dict[str, None] = {}
        last = ""
        for row in rows:
            try:
                parsed = plausible.parse_row(row, table)
                if isinstance(parsed, str):
                    self._summary.filtered[parsed] += 1
                    continue
                if parsed.day != last and parsed.day in days:
                    raise refuse("comes after another day's; sort the file by date")
            except InvalidInputError as error:
                self._refuse(error)
                continue
            last = parsed.day
            days[last] = None
            yield parsed

    def _count_day_rows(
        self, day: str, table: plausible.Table, rows: list[plausible.Row]
    ) -> None:
        if table.dimension == plausible.TOTALS:
            views = sum(row.views for row in rows)
            more = count_day(self._store, self._site, day, views)
            self._counter.views += more
            self._counter.again += views - more
            visitors = sum(row.visitors for row in rows)
            if VISITOR in self._site.dimensions:
                count_values(self._store, self._site, day, VISITOR, {"": visitors})
            return
        told: dict[str, Tally[str]] = {}
        for row in rows:
            for dimension, value in row.values:
                told.setdefault(dimension, Tally())[value] += row.views
        for dimension, values in told.items():
            self._count_values(day, dimension, values)

    def _count_values(self, day: str, dimension: str, values: Tally[str]) -> None:
        if dimension not in self._site.dimensions:
            self._summary.filtered["dimension"] += len(values)
            return
        before = imported_of(self._store, self._site, day)
        match count_values(self._store, self._site, day, dimension, values):
            case day_values.COUNTED:
                self._summary.values += len(values)
            case day_values.CHANGED:
                self._summary.filtered["breakdown of another export"] += len(values)
            case _:
                self._summary.filtered["breakdown imported before"] += len(values)
        self._counter.views += imported_of(self._store, self._site, day) - before

    def _count_days(self, lines: Iterable[bytes]) -> None:
        rows = self._rows(lines)
        header = next(rows, [""])
        columns = day_totals.columns_of(header)
        if columns is None:
            raise InvalidInputError(
                "line 1", f"has no columns `date` and `visits`: {header[:5]}"
            )
        for row in rows:
            try:
                found = day_totals.parse_day(row, columns)
                if isinstance(found, str):
                    self._summary.filtered[found] += 1
                    continue
                day, visits = found
                more = count_day(self._store, self._site, day, visits)
            except InvalidInputError as error:
                self._refuse(error)
                continue
            self._counter.views += more
            self._counter.again += visits - more

    def _rows(self, lines: Iterable[bytes]) -> Iterator[list[str]]:
        # A line's end matters within quotation marks.
        texts = (
            line.decode("utf-8-sig", "replace").removesuffix(" ") + "\n"
            for line in lines
        )
        for number, row in day_totals.rows_of(texts):
            self._number = number
            yield row

    def _take(self, parsed: Parsed, latest_ms: int) -> None:
        if isinstance(parsed, str):
            self._summary.filtered[parsed] += 1
            return
        self._counter.add(_within_bounds(parsed, latest_ms))

    def _refuse(self, error: InvalidInputError) -> None:
        self._summary.refused += 1
        self._on_refused(self._number, error.problem)


def _within_bounds(entry: Entry, latest_ms: int) -> Entry:
    if entry.at_ms > latest_ms:
        raise refuse("is of the future; set this machine's clock, or the server's")
    if entry.at_ms < 0:
        raise refuse("is of a time before 1970")
    return entry
